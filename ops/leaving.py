"""This module sets up how a provider reports that a person has left: by an event hook, by Universal Logout, or by both.

Each provider's event hook has its own secret in Secrets Manager. The command `provider leaving` shows the secret,
because a person must enter the secret in Okta's console. After a rotation, the previous secret stays valid until the
next rotation, so the app accepts Okta's signals at all times.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
from botocore.exceptions import ClientError

from chalicelib.gatehouse.okta.events import KIND_OF_EVENT
from chalicelib.gatehouse.store.providers import LeavingRules, Provider

from . import aws
from .connect import load_deployed, root_url
from .discovery import Fetch, discovery_url, fetch_discovery
from .errors import OpsError
from .mount import load_mount
from .provider_rows import table_of, variable_of
from .report import Reporter
from .stages import Stage

_SECRET_BYTES = 32
_ABSENT = "ResourceNotFoundException"


@dataclass(frozen=True)
class Choices:
    """The options of the command `provider leaving`. An option that is None keeps its earlier value."""

    gone: str | None = None
    linked: str | None = None
    app_id: str | None = None

    def applied(self, rules: LeavingRules) -> LeavingRules:
        """Return `rules` with these options applied."""
        said = {"gone": self.gone, "linked": self.linked, "app_id": self.app_id}
        return replace(rules, **{name: text for name, text in said.items() if text is not None})


def set_up_event_hook(
    session: boto3.Session,
    stage: Stage,
    name: str,
    choices: Choices,
    report: Reporter,
    *,
    rotate: bool = False,
) -> dict[str, Any]:
    """Make the provider's secret, or replace the secret if `rotate` is set. Return the values that a person enters in
    Okta's console. Raises OpsError.
    """
    report.step(f"Event hook of {name}")
    with aws.explained(f"setting up the event hook of {name}"):
        rules = choices.applied(_rules(session, stage, name))
        if not rules.app_id:
            rules = replace(rules, app_id=_client_id(session, stage, name))
        arn, secret = _secret(session, stage, name, rotate)
        _put_rules(session, stage, name, replace(rules, secret_arn=arn))
    report.done(
        "after you enter the secret in Okta's console, people who leave the provider are signed "
        "out of this app"
    )
    return {
        "url": _address(stage, "events", name),
        "authentication_field": "Authorization",
        "authentication_secret": secret,
        "event_types": sorted(KIND_OF_EVENT),
        "app_id": rules.app_id,
    }


def set_up_universal_logout(
    session: boto3.Session,
    stage: Stage,
    name: str,
    choices: Choices,
    report: Reporter,
    fetch: Fetch | None = None,
) -> dict[str, Any]:
    """Let the Okta tenant end sessions. With each request, the tenant sends a token that it has signed, to prove that
    the request is genuine. Return the values that a person enters in Okta's console. Raises OpsError.
    """
    report.step(f"Universal Logout of {name}")
    with aws.explained(f"setting up Universal Logout of {name}"):
        found = _provider(session, stage, name)
        # The tenant's org authorization server always signs the tokens of Universal Logout, even if people sign in
        # through another authorization server of the tenant.
        parts = urlsplit(found.issuer)
        org = f"{parts.scheme}://{parts.netloc}"
        document = (fetch or fetch_discovery)(discovery_url(org))
        issuer, keys_url = document.get("issuer"), document.get("jwks_uri")
        if issuer != org or not isinstance(keys_url, str) or not keys_url.startswith(org):
            raise OpsError(
                f"The discovery document of {org} contains another issuer, or the address of its "
                "keys is on another host. Check the provider's issuer."
            )
        rules = choices.applied(found.leaving)
        _put_rules(session, stage, name, replace(rules, issuer=org, keys_url=keys_url))
    report.done("after you enter the address in Okta's console, the tenant can end sessions")
    return {
        "url": _address(stage, "revoke", name),
        "authentication": "SIGNED_JWT",
        "subject_format": "Issuer and Subject identifier",
        "issuer": org,
    }


def switch_off(session: boto3.Session, stage: Stage, name: str, report: Reporter) -> None:
    """Stop accepting a provider's signals. Raises OpsError."""
    report.step(f"Signals of {name}")
    with aws.explained(f"switching off the signals of {name}"):
        rules = _rules(session, stage, name)
        _put_rules(session, stage, name, replace(rules, secret_arn="", issuer="", keys_url=""))
        try:
            aws.client(session, "secretsmanager").delete_secret(
                SecretId=secret_name(stage, name), ForceDeleteWithoutRecovery=True
            )
        except ClientError as error:
            if aws.error_code(error) != _ABSENT:
                raise
    report.done("signals from this provider are refused from now on")


def secret_name(stage: Stage, name: str) -> str:
    """Build the name of a provider's secret. The API's role may read all secrets whose names have the same prefix."""
    return f"{stage.app_name}/{stage.name}/leaving/{name}"


def _secret(session: boto3.Session, stage: Stage, name: str, rotate: bool) -> tuple[str, str]:
    manager = aws.client(session, "secretsmanager")
    try:
        found = manager.get_secret_value(SecretId=secret_name(stage, name))
    except ClientError as error:
        if aws.error_code(error) != _ABSENT:
            raise
        made = secrets.token_urlsafe(_SECRET_BYTES)
        answer = manager.create_secret(
            Name=secret_name(stage, name),
            Description=f"Secret with which {name}'s event hook authenticates",
            SecretString=json.dumps({"current": made}),
        )
        return str(answer["ARN"]), made
    kept = json.loads(found["SecretString"])
    if not rotate:
        return str(found["ARN"]), str(kept["current"])
    made = secrets.token_urlsafe(_SECRET_BYTES)
    manager.put_secret_value(
        SecretId=found["ARN"],
        SecretString=json.dumps({"current": made, "previous": kept["current"]}),
    )
    return str(found["ARN"]), made


def _provider(session: boto3.Session, stage: Stage, name: str) -> Provider:
    pages = (
        aws.client(session, "dynamodb").get_paginator("scan").paginate(TableName=table_of(stage))
    )
    for page in pages:
        for item in page["Items"]:
            if item["name"]["S"] == name:
                return Provider.from_item(item)
    raise OpsError(
        f"Stage {stage.name!r} has no provider {name!r}: first add the provider with "
        "`provider add`."
    )


def _rules(session: boto3.Session, stage: Stage, name: str) -> LeavingRules:
    return _provider(session, stage, name).leaving


def _put_rules(session: boto3.Session, stage: Stage, name: str, rules: LeavingRules) -> None:
    aws.client(session, "dynamodb").update_item(
        TableName=table_of(stage),
        Key={"name": {"S": name}},
        UpdateExpression="SET #leaving = :leaving",
        ExpressionAttributeNames={"#leaving": "leaving"},
        ExpressionAttributeValues={":leaving": {"M": rules.to_item()}},
    )


def _client_id(session: boto3.Session, stage: Stage, name: str) -> str:
    """Return the provider's client id. At Okta, the app's id equals the client id, unless a person chose a different
    client id.
    """
    found: Mapping[str, Any] = aws.client(session, "cognito-idp").describe_identity_provider(
        UserPoolId=variable_of(stage, "USER_POOL_ID"), ProviderName=name
    )["IdentityProvider"]
    return str(found["ProviderDetails"]["client_id"])


def _address(stage: Stage, route: str, name: str) -> str:
    url = load_mount(stage.project_dir, stage.environment).url(
        root_url(stage, load_deployed(stage))
    )
    return f"{url.origin}{url.base_path}auth/{route}/{quote(name, safe='')}"
