"""A test stage with direct sign-in, and the actions of a person on the stage."""

from typing import Any

import pyotp

from tests.component.world import MFA_CLIENT_ID, MFA_SECRET_ARN, THROTTLE_TABLE, World
from tests.doubles.browser import Answer, Browser
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble

EMAIL = "grace@example.org"
PASSWORD = "correct horse 12"
WRONG = "not the password"
STRANGER = "nobody@example.org"
CHALLENGE_COOKIE = "__Host-gatehouse-challenge"
SECOND_COOKIE = "__Host-gatehouse-challenge-2"
SESSION_COOKIE = "__Host-gatehouse"
DEVICE_COOKIE = "__Host-gatehouse-device"


class Direct:
    """A stage with direct sign-in. Its user pool contains Grace's account. `post` sends a request to /auth/… from a
    browser."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restart()
        self.grace = world.pool.add(PoolUser(EMAIL, PASSWORD))
        self.browser = world.browser()

    @property
    def pool(self) -> UserPoolDouble:
        return self.world.pool

    def restart(self, **settings: Any) -> None:
        """Start a new container with direct sign-in on."""
        embedded = {
            "direct_sign_in": "embedded",
            "throttle_table": THROTTLE_TABLE,
            "mfa_client_id": MFA_CLIENT_ID,
            "mfa_client_secret_arn": MFA_SECRET_ARN,
        }
        self.world.restart(**{**embedded, **settings})

    def post(self, path: str, browser: Browser | None = None, **body: Any) -> Answer:
        return (browser or self.browser).post(f"/auth/{path}", body)

    def sign_in(
        self,
        email: str = EMAIL,
        password: str = PASSWORD,
        browser: Browser | None = None,
        **more: Any,
    ) -> Answer:
        return self.post("direct/sign-in", browser, email=email, password=password, **more)

    def challenge(self, name: str, browser: Browser | None = None, **body: Any) -> Answer:
        return self.post("direct/challenge", browser, name=name, **body)

    def totp(self, secret: str | None = None) -> str:
        """Return the current code of the authenticator app. A library computes the code, so that the tests do not
        depend on our code."""
        return pyotp.TOTP(secret or self.grace.totp_secret or "").at(int(self.world.clock()))

    def with_totp(self) -> None:
        """Set up an authenticator app for Grace."""
        self.grace.totp_secret = pyotp.random_base32()
        self.grace.factors.add("SOFTWARE_TOKEN_MFA")


def outline(answer: Answer) -> tuple[int, Any, tuple[str, ...], bool]:
    """Return the parts of a response that a caller could compare: status, body, headers, cookies."""
    headers = tuple(sorted(f"{name}: {value}" for name, value in answer.headers.items()))
    return answer.status, answer.json(), headers, bool(answer.set_cookies)
