"""A test app with a route that requires a recent sign-in. Two people sign in to the app and call the route."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from chalice.app import Chalice

from app import gate as main_gate
from chalicelib.gatehouse import Gatehouse
from tests.component.direct import EMAIL, PASSWORD, Direct
from tests.component.world import DOMAIN, World
from tests.doubles.browser import Answer, Browser, LambdaContext, build_event
from tests.doubles.cognito import Person
from tests.events import load_event

MAX_AGE = 300
ROUTE = "/refunds"


class Shop:
    """The test app, and the calls that Cognito makes to the app's triggers. Ada signs in through Okta. Grace signs in
    with a password."""

    def __init__(self, world: World, openapi: str | None = None, **wanted: Any) -> None:
        self.world = world
        self.direct = Direct(world)
        team = Chalice("shop")
        self.gate = Gatehouse(team, openapi=openapi)
        authorizer = self.gate.authorized("api/write", **{"max_age": MAX_AGE, **wanted})
        team.route(ROUTE, methods=["POST"], authorizer=authorizer)(
            lambda: {"refunded_by": self.gate.caller().sub}
        )
        self.app = team
        self.restart()
        world.cognito.added_claims = self._added_claims

    def restart(self) -> None:
        """Start a new container, which all functions then use."""
        self.gate.services = main_gate.services

    def browser(self) -> Browser:
        return Browser(self.app, self.world.clock)

    def from_okta(
        self,
        browser: Browser,
        auth_time: object,
        person: Person | None = None,
        query: str = "",
        **claims: Any,
    ) -> None:
        """Sign in through Okta. `auth_time` is the value of this claim in Okta's ID token. If it is None, the token has
        no such claim."""
        start = browser.get(f"/auth/login?provider=Okta{query}").location
        self.hear(auth_time, **claims)
        back = self.world.cognito.authorize(start, person or Person())
        assert browser.get(back, site="cross-site").status == 303

    def hear(self, auth_time: object, *, part: str = "idToken", subject: str = "00u1ada") -> None:
        """Call the trigger with Okta's claims, as Cognito does at a sign-in through Okta."""
        event = load_event("InboundFederation_ExternalProvider")
        attributes = event["request"]["attributes"]
        for told in (attributes["idToken"], attributes["userInfo"]):
            told["sub"] = subject
        if auth_time is not None:
            attributes[part]["auth_time"] = auth_time
        self.gate.user_records(event, LambdaContext())

    def by_password(self, browser: Browser, remember: bool = False) -> str:
        """Sign Grace in with her password. Return the access token."""
        body = {"email": EMAIL, "password": PASSWORD, "remember": remember}
        answer = browser.post("/auth/direct/sign-in", body)
        token: str = answer.json()["access_token"]
        return token

    def refresh(self, browser: Browser) -> str:
        """Return the access token that the page receives from a refresh."""
        token: str = browser.post("/auth/refresh").json()["access_token"]
        return token

    def call(self, token: str, *, origin: str | None = None, **changed: Any) -> Answer:
        """Call the route with an event like API Gateway's. The authorizer converts the claims to text. `changed`
        replaces claims, and None removes a claim."""
        claims = {**claims_of(token), **changed}
        event = build_event(
            self.app.routes,
            "POST",
            ROUTE,
            domain=DOMAIN,
            stage="api",
            headers=[("origin", origin)] if origin else [],
            claims={name: value for name, value in claims.items() if value is not None},
        )
        answer = self.app(event, LambdaContext())
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        cookies = answer["multiValueHeaders"].get("Set-Cookie", [])
        return Answer(answer["statusCode"], headers, cookies, answer["body"])

    def _added_claims(self, person: Person, source: str) -> Mapping[str, Any]:
        event = self.token_event(person, source)
        answer = self.gate.token_claims(event, LambdaContext())
        details = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
        added: Mapping[str, Any] = details.get("claimsToAddOrOverride", {})
        return added

    def token_event(self, person: Person, source: str) -> dict[str, Any]:
        """Return the event that Cognito sends before it issues tokens."""
        event = load_event("TokenGeneration_HostedAuth_federated")
        event["triggerSource"], event["userName"] = source, person.username
        attributes = {"sub": person.sub, "email": person.email}
        if person.provider != "COGNITO":
            identity = {"providerName": person.provider, "userId": person.subject}
            attributes["identities"] = json.dumps([identity])
        event["request"]["userAttributes"] = attributes
        return event


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token. Numbers are converted to text."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {name: str(value) if isinstance(value, int) else value for name, value in claims.items()}
