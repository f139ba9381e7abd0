"""Runs cases against the strict test double of Cognito."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.cognitos.pool import PASSKEYS
from tests.cognitos.world import CALLBACK, AppClient
from tests.doubles.clock import Clock
from tests.doubles.cognito import AuthorizeRefused, CognitoDouble
from tests.doubles.federation import FederationDouble
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble
from tests.doubles.user_pool_triggers import build_event

REGION = "eu-west-1"
POOL_ID = f"{REGION}_TestPool1"
APP = AppClient("1example23456789", "client-secret-0123456789abcdef")
SERVER = AppClient("2example3456789a", "server-secret-0123456789abcdef")
URL = "https://acme-dev.auth.eu-west-1.amazoncognito.com"


@dataclass
class DoubleCognito:
    """The test double of Cognito. Each case gets a separate pool."""

    lacks: frozenset[str] = frozenset({"settings"})
    pool_id: str = POOL_ID
    client: AppClient = APP
    server_client: AppClient = SERVER
    clock: Clock = field(default_factory=Clock)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _steps: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cognito = CognitoDouble(
            clock=self.clock,
            client_id=self.client.id,
            client_secret=self.client.secret,
            url=URL,
            issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{POOL_ID}",
            redirect_uris=frozenset({CALLBACK}),
        )
        secrets = {each.id: each.secret for each in (self.client, self.server_client)}
        self.pool = UserPoolDouble(self.clock, cognito, POOL_ID, secrets)
        self.pool.trigger = self._trigger
        self.pool.relying_party = PASSKEYS["RelyingPartyId"]
        self.federation = FederationDouble(self.pool, inbound=self._inbound)

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.pool, operation)(**arguments)
        return answer

    def post(
        self, path: str, form: Mapping[str, str], client: AppClient
    ) -> tuple[int, dict[str, Any]]:
        answer = self.pool.cognito.post_form(URL + path, form, (client.id, client.secret))
        return answer.status, dict(answer.body or {})

    def address(self) -> str:
        return f"case-{next(self._count)}@example.com"

    def mailed(self, address: str) -> str:
        return next(
            code
            for where, _, code in reversed(self.pool.sent)
            if where.casefold() == address.casefold()
        )

    def now(self) -> float:
        return self.clock()

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def script(self, steps: dict[str, Any]) -> None:
        self._steps = steps
        self._events.clear()

    def events(self) -> list[dict[str, Any]]:
        return list(self._events)

    def visit(self, query: Mapping[str, str], person: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            return dict(self.federation.visit(f"{URL}/oauth2/authorize?{urlencode(query)}", person))
        except AuthorizeRefused:
            return {"shown": 400}

    def require_factor(self, required: bool) -> None:
        self.pool.mfa_required = required

    def add_factor(self, username: str, factor: str) -> None:
        user = self.pool.find(username)
        assert user is not None
        user.factors.add(factor)
        user.preferred = None

    def _trigger(self, source: str, user: PoolUser, metadata: Mapping[str, str]) -> None:
        event = build_event(REGION, POOL_ID, self.client.id, source, user, metadata)
        self._record(event)

    def _inbound(self, user: PoolUser, claims: Mapping[str, str]) -> None:
        event = build_event(
            REGION, POOL_ID, self.client.id, "InboundFederation_ExternalProvider", user, {}
        )
        event["request"] = {
            "providerName": self.federation.provider,
            "providerType": "OIDC",
            "attributes": {"idToken": dict(claims)},
        }
        self._record(event)

    def _record(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        step = self._steps.get(event["triggerSource"], {})
        if "raise" in step:
            raise TriggerFailed(step["raise"])
