"""Runs cases against the local AWS, together with our fixes, the mailbox, the triggers, and the Okta stand-in."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.cognitos.case import Case
from tests.cognitos.on_aws import TIMEOUT, AwsCognito
from tests.cognitos.pool import create_pool
from tests.cognitos.world import CALLBACK
from tests.local_aws.cloud import ACCOUNT, Cloud

LACKS = frozenset({"clock", "factors"})
_TRIGGERS = ("PreSignUp", "PostConfirmation", "PostAuthentication")
_FUNCTION = "case-triggers"


class LocalCognito(AwsCognito):
    """One pool of the local AWS."""

    cloud: Cloud

    @classmethod
    def create(cls, cloud: Cloud, with_triggers: bool) -> LocalCognito:
        """Create a pool of the local AWS with the settings of a stage's pool. If `with_triggers` is true, the pool has
        triggers. Triggers are slow, and few cases need them."""
        cognito = cloud.client("cognito-idp")
        provider = {
            "client_id": "okta-client",
            "client_secret": "okta-secret",
            "attributes_request_method": "GET",
            "oidc_issuer": cloud.okta_url,
            "authorize_scopes": "openid profile email",
        }
        triggers: dict[str, Any] = {}
        if with_triggers:
            arn = cloud.create_function(_FUNCTION, "trigger")
            triggers = {
                **dict.fromkeys(_TRIGGERS, arn),
                "InboundFederation": {"LambdaArn": arn, "LambdaVersion": "V1_0"},
            }
        pool = create_pool(cognito, "cases", triggers, provider)
        if with_triggers:
            cloud.client("lambda").add_permission(
                FunctionName=_FUNCTION,
                StatementId="cognito",
                Action="lambda:InvokeFunction",
                Principal="cognito-idp.amazonaws.com",
                SourceAccount=ACCOUNT,
            )
        made = cls(cognito, pool, cloud.url, LACKS)
        made.cloud = cloud
        made.read_mail = made._last_code
        return made

    def script(self, steps: dict[str, Any]) -> None:
        self.cloud.script(steps)
        self.cloud.forget_events()

    def events(self) -> list[dict[str, Any]]:
        return self.cloud.events()

    def visit(self, query: Mapping[str, str], person: Mapping[str, Any] | None) -> dict[str, Any]:
        page = requests.get(
            self.url + "/oauth2/authorize",
            params=dict(query),
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        there = page.headers.get("Location", "")
        if page.status_code not in (302, 303):
            return {"shown": page.status_code}
        if not there.startswith(CALLBACK):
            assert person is not None, "the provider's page needs a person"
            form = {"sub": person["sub"]}
            chosen = requests.post(there, data=form, allow_redirects=False, timeout=TIMEOUT)
            back = requests.get(
                chosen.headers["Location"], allow_redirects=False, timeout=2 * TIMEOUT
            )
            there = back.headers["Location"]
        return dict(parse_qsl(urlsplit(there).query))

    def _last_code(self, address: str) -> str:
        with urllib.request.urlopen(f"{self.url}/_ministack/ses/messages", timeout=10) as answer:
            outbox = json.load(answer)["messages"]
        bodies = [
            mail["BodyText"]
            for mails in outbox.values()
            for mail in mails
            if any(address.casefold() in str(to).casefold() for to in mail["To"])
        ]
        found = re.findall(r"\b\d{6}\b", bodies[-1]) if bodies else []
        assert found, f"no code was mailed to {address}"
        return str(found[-1])


class LocalCognitos:
    """The pools of one local AWS. A pool is created when the first case needs it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._made: dict[bool, LocalCognito] = {}

    def for_case(self, case: Case) -> LocalCognito:
        """Return the pool for a case. If the case signs in a provider's person, first delete all people of the pool."""
        with_triggers = "events" in case.needs
        if with_triggers not in self._made:
            self._made[with_triggers] = LocalCognito.create(self.cloud, with_triggers)
        found = self._made[with_triggers]
        if with_triggers:
            found.script({})
        if "federation" in case.needs:
            found.clear()
        return found
