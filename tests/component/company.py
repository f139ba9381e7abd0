"""Test data for departures. There are two identity providers, the signed-in people of each provider, and the signals
that the providers send."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tests.component.world import SUBJECTS_TABLE, THROTTLE_TABLE, World
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.doubles.queue import URL
from tests.doubles.signing import public_jwk, rsa_key, sign_jwt

SECRETS = {"Okta": "canary-okta-hook-secret", "Other": "canary-other-hook-secret"}
ORGS = {"Okta": "https://acme.okta.com", "Other": "https://other.okta.com"}
TYPE = "global-token-revocation+jwt"
APP_ID = "0oaGatehouse"
#: If a test sets a member of an event to this value, the event omits the member.
DROPPED = object()


def secret_arn(provider: str) -> str:
    return f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/leaving/{provider}"


class Company:
    """Two providers with one person each: Ada belongs to Okta, Bob to the other provider. Each person has a signed-in
    browser."""

    def __init__(self, world: World, **rules: str) -> None:
        self.world = world
        for provider, org in ORGS.items():
            self.put_row(provider, **rules)
            world.secrets.put(secret_arn(provider), {"current": SECRETS[provider]})
            jwk = public_jwk(rsa_key(provider), f"kid-{provider}")
            world.cognito.other_jwks[f"{org}/oauth2/v1/keys"] = [jwk]
        world.cognito.providers |= {"Other"}
        world.restart(
            throttle_table=THROTTLE_TABLE, subjects_table=SUBJECTS_TABLE, leaving_queue_url=URL
        )
        self.ada = self._join("Okta", "00u1Ada", "ada@example.org")
        self.bob = self._join("Other", "00u2Bob", "bob@example.org")
        self.sign_everybody_in()

    def put_row(self, provider: str, **rules: str) -> None:
        org = ORGS[provider]
        leaving = {
            "app_id": APP_ID,
            "secret_arn": secret_arn(provider),
            "issuer": org,
            "keys_url": f"{org}/oauth2/v1/keys",
            **rules,
        }
        row = {
            "name": {"S": provider},
            "issuer": {"S": f"{org}/oauth2/default"},
            "groups_claim": {"S": "groups"},
            "leaving": {"M": {name: {"S": text} for name, text in leaving.items()}},
        }
        self.world.dynamodb.put(self.world.settings.providers_table, row)

    def _join(self, provider: str, subject: str, email: str) -> PoolUser:
        name = f"{provider}_{subject}"
        user = PoolUser(
            email,
            "",
            status="EXTERNAL_PROVIDER",
            username=name,
            provider=provider,
            idp_subject=subject,
            identities=[(provider, subject)],
            told_groups="=staff,admins",
        )
        return self.world.pool.add(user)

    def person(self, user: PoolUser) -> Person:
        ((provider, subject), *_) = user.identities
        return Person(user.sub, user.username, user.email, provider=provider, subject=subject)

    def sign_in(self, user: PoolUser) -> Browser:
        """Return a browser in which the person has a new session."""
        browser = self.world.browser()
        ((provider, _), *_) = user.identities
        answer = self.world.sign_in(browser, self.person(user), f"provider={provider}")
        assert answer.status == 303
        return browser

    def sign_everybody_in(self) -> None:
        """Start a new session for each person. The clock advances by one second before and after the sign-ins."""
        self.world.clock.advance(1)
        self.browsers = {user.email: self.sign_in(user) for user in (self.ada, self.bob)}
        self.world.clock.advance(1)

    def signed_in(self) -> set[str]:
        """Return the first names of the people who still have a session."""
        return {
            email.partition("@")[0]
            for email, browser in self.browsers.items()
            if browser.cookies and browser.post("/auth/refresh").status == 200
        }

    def event(self, kind: str, subject: str = "00u1Ada", **changes: Any) -> dict[str, Any]:
        """Return one event in Okta's format. `published` is the time of the event, in seconds relative to the current
        time. `target` adds further targets."""
        more = changes.pop("target", [])
        published = changes.pop("published", 0)
        if isinstance(published, int | float):
            published = iso(self.world.clock() + published)
        event = {
            "uuid": f"uuid-{kind}-{published}",
            "published": published,
            "eventType": kind,
            "version": "0",
            "outcome": {"result": "SUCCESS"},
            "actor": {"id": "00uAdmin", "type": "User"},
            "target": [{"id": subject, "type": "User", "alternateId": "x@example.org"}, *more],
            **changes,
        }
        return {name: value for name, value in event.items() if value is not DROPPED}

    def tell(
        self,
        *events: Mapping[str, Any],
        provider: str = "Okta",
        secret: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post events to a provider's event hook. By default, the request contains the provider's secret."""
        sent = {"Authorization": SECRETS.get(provider, "") if secret is None else secret}
        return self._post(
            f"/auth/events/{provider}",
            {"data": {"events": list(events)}} if body is None else body,
            {**sent, **(headers or {})},
        )

    def token(
        self,
        provider: str = "Okta",
        *,
        key: str = "",
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token for Universal Logout that Okta has signed. `claims` replaces claims of the token. A claim with
        the value None is removed."""
        now = int(self.world.clock())
        endpoint = f"{self.world.browser().root}auth/revoke/{provider}"
        signed = {"kid": f"kid-{provider}", "alg": "RS256", "typ": TYPE, **(header or {})}
        said = {
            "jti": f"jti-{len(self.world.queue.bodies)}-{now}",
            "iss": ORGS[provider],
            "sub": APP_ID,
            "aud": endpoint,
            "iat": now,
            "nbf": now - 300,
            "exp": now + 300,
            **(claims or {}),
        }
        return sign_jwt(_without_none(signed), _without_none(said), rsa_key(key or provider))

    def revoke(
        self,
        token: str,
        sub_id: Any = None,
        *,
        provider: str = "Okta",
        body: Any = None,
        scheme: str = "Bearer",
    ) -> Answer:
        """Post to the revocation endpoint of a provider. By default, the request names Ada."""
        subject = {"format": "iss_sub", "iss": ORGS["Okta"], "sub": "00u1Ada"}
        return self._post(
            f"/auth/revoke/{provider}",
            {"sub_id": subject if sub_id is None else sub_id} if body is None else body,
            {"Authorization": f"{scheme} {token}"},
        )

    def _post(self, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Post as a server does, without cookies. The request also lacks the header that only our page sends."""
        return self.world.browser().post(
            path,
            body,
            drop=("X-Gatehouse", "Origin", "Sec-Fetch-Site"),
            headers=headers.items(),
        )


def iso(seconds: float) -> str:
    """Return the time in the format that Okta uses."""
    return (
        datetime.fromtimestamp(seconds, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
