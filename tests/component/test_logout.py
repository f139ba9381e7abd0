"""Tests of POST /auth/logout: Cognito revokes the session's token, and the browser deletes the cookie."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Browser, Cookie
from tests.doubles.cognito import answers, times_out

SESSION = "__Host-gatehouse"


CLEARED = f"{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


@pytest.mark.security("S-36")
def test_logout_revokes_and_a_replayed_cookie_is_dead(world: World, signed_in: Browser) -> None:
    """After the sign-out, a stolen copy of the cookie opens no session."""
    copy = dict(signed_in.cookies)
    answer = signed_in.post("/auth/logout")
    assert answer.status == 200
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])
    signed_in.cookies = copy
    assert signed_in.post("/auth/refresh").json()["error"] == "session_expired"


@pytest.mark.security("S-36")
@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(400, {"error": "invalid_request"})]
)
def test_logout_clears_the_cookie_even_if_revoking_failed(
    world: World, signed_in: Browser, fault: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The person is signed out in this browser, even if the token could not be revoked. The log reports this
    failure."""
    world.cognito.fail("revoke", fault)
    answer = signed_in.post("/auth/logout")
    assert answer.status == 200
    assert signed_in.cookies == {}
    assert "revoke_failed" in [line["event"] for line in log_lines()]


@pytest.mark.security("S-36")
@pytest.mark.parametrize("cause", ["secrets down", "client secret broken"])
def test_logout_clears_the_cookie_even_if_our_secrets_cannot_be_read(
    world: World, signed_in: Browser, cause: str
) -> None:
    """Without the secrets, the server cannot revoke the token. It still clears the cookie in the browser."""
    from tests.component.world import SECRET_ARN

    if cause == "secrets down":
        world.secrets.fault = client_error("InternalServiceError")
    else:
        world.secrets.put(SECRET_ARN, {"client_id": "x"})
    world.restart()
    answer = signed_in.post("/auth/logout")
    assert (answer.status, signed_in.cookies) == (200, {})


@pytest.mark.security("S-36")
def test_an_expired_session_is_still_revoked_at_logout(world: World, signed_in: Browser) -> None:
    """On our server, the session has expired. But its refresh token is still valid in Cognito, so the server must
    revoke it."""
    world.clock.advance(1900)
    assert signed_in.post("/auth/logout").status == 200
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])


@pytest.mark.security("S-38")
def test_the_logout_address_is_fixed(world: World, signed_in: Browser) -> None:
    """The caller cannot change the address. The browser goes to Cognito and returns to our page."""
    answer = signed_in.post(
        "/auth/logout?logout_uri=https://evil.example&return_to=//evil.example",
        {"logout_uri": "https://evil.example"},
        headers=[("X-Forwarded-Host", "evil.example")],
    )
    assert answer.json() == {
        "logout_url": f"{world.cognito.url}/logout?client_id=1example23456789"
        "&logout_uri=https%3A%2F%2Fa1b2c3.execute-api.eu-west-1.amazonaws.com%2Fapi%2F%3Fsigned_out%3D1"
    }


def test_logout_without_a_session_says_so_and_clears(world: World, browser: Browser) -> None:
    """The response is `401 no_session` and clears the invalid cookie."""
    browser.cookies[SESSION] = Cookie("junk", "Strict", None)
    answer = browser.post("/auth/logout")
    assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert browser.cookies == {}
