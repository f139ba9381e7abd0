"""Tests of POST /auth/refresh, which returns a new access token for a session."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.component.world import World
from tests.doubles.browser import Browser
from tests.doubles.cognito import GRACE_SECONDS, Person, answers, times_out

SESSION = "__Host-gatehouse"


CLEARED = f"{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


def test_refresh_answers_with_exactly_what_the_page_needs(world: World, signed_in: Browser) -> None:
    """The body has the documented members. The server calculates the deadlines in the body with its own clock."""
    body = signed_in.post("/auth/refresh").json()
    now = int(world.clock())
    assert body.pop("access_token") == world.cognito.access_tokens[-1]
    assert body == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "openid email profile api/read api/write",
        "user": {
            "sub": Person().sub,
            "username": "Okta_00u1ada",
            "email": "ada@example.org",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "groups": [],
            "provider": "Okta",
        },
        "session": {"now": now, "idle_expires_at": now + 1800, "expires_at": now + 43_200},
    }


@pytest.mark.security("S-32")
def test_refresh_and_id_token_never_leave_in_clear(world: World, browser: Browser) -> None:
    """No body, header or cookie of the whole flow contains the refresh token or the ID token. Only the body of a refresh
    contains the access token."""
    world.sign_in(browser)
    browser.post("/auth/refresh")
    browser.post("/auth/logout")
    everything = repr([(a.headers, a.set_cookies, a.body) for a in browser.answers])
    for token in (*world.cognito.refresh_tokens(), *world.cognito.id_tokens):
        assert token not in everything
    assert everything.count(world.cognito.access_tokens[-1]) == 1
    assert world.cognito.access_tokens[0] not in everything


@pytest.mark.security("S-33")
def test_token_answers_are_never_cached(signed_in: Browser) -> None:
    """The responses to successful and to refused requests have `no-store`."""
    assert signed_in.post("/auth/refresh").headers["cache-control"] == "no-store"
    assert (
        signed_in.post("/auth/refresh", drop=["X-Gatehouse"]).headers["cache-control"] == "no-store"
    )


@pytest.mark.security("S-34")
def test_each_refresh_moves_the_refresh_token_on(world: World, signed_in: Browser) -> None:
    """Each refresh puts a new refresh token into the cookie, in place of the old token. Six refreshes over two hours
    use seven tokens."""
    for _ in range(6):
        world.clock.advance(1200)
        assert signed_in.post("/auth/refresh").status == 200
    sent = [
        form["refresh_token"] for _, _, form in world.cognito.requests if "refresh_token" in form
    ]
    assert sent == world.cognito.refresh_tokens()[:6]


@pytest.mark.security("S-34")
def test_without_rotation_the_session_keeps_its_token(world: World, signed_in: Browser) -> None:
    """A pool without rotation returns no new refresh token. The cookie then keeps the old refresh token."""
    world.cognito.rotation = False
    for _ in range(3):
        assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_two_tabs_may_refresh_at_once(world: World, signed_in: Browser) -> None:
    """The second tab sends the old token again within the rotation's grace period."""
    stale = signed_in.cookies[SESSION]
    assert signed_in.post("/auth/refresh").status == 200
    world.clock.advance(GRACE_SECONDS - 1)
    signed_in.cookies[SESSION] = stale
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_a_rotated_out_token_after_the_grace_is_refused_and_the_successor_lives(
    world: World, signed_in: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The server responds with 401, clears the cookie, and logs the refusal. The browser with the newer cookie stays
    signed in."""
    thief = world.browser()
    thief.cookies = dict(signed_in.cookies)
    signed_in.post("/auth/refresh")
    world.clock.advance(61)
    answer = thief.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert answer.set_cookies == [CLEARED]
    assert "refresh_refused" in [line["event"] for line in log_lines()]
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_the_absolute_lifetime_is_never_extended(world: World, signed_in: Browser) -> None:
    """The session ends after twelve hours of continuous use."""
    deadline = signed_in.post("/auth/refresh").json()["session"]["expires_at"]
    while world.clock() + 1500 < deadline:
        world.clock.advance(1500)
        session = signed_in.post("/auth/refresh").json()["session"]
        assert session["expires_at"] == deadline
        assert session["idle_expires_at"] <= deadline
    world.clock.now = deadline
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert signed_in.cookies == {}


def test_an_idle_session_ends(world: World, signed_in: Browser) -> None:
    """The session ends after half an hour without a refresh. The server does not call Cognito."""
    calls = world.cognito.calls("/oauth2/token")
    world.clock.advance(1801)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.calls("/oauth2/token") == calls


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    "fault",
    [
        times_out,
        answers(500),
        answers(429),
        answers(503, {"error": "invalid_grant"}),
        answers(200),
        answers(200, {"error": "x"}),
        answers(400),
        answers(400, {"error": "invalid_request"}),
        answers(400, {"error": "unauthorized_client"}),
        answers(301),
    ],
)
def test_an_outage_keeps_the_session(world: World, signed_in: Browser, fault: Any) -> None:
    """The response is 503, the cookie is unchanged, and the next refresh works."""
    world.cognito.fail("token", fault)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert answer.set_cookies == []
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-35")
def test_invalid_grant_ends_the_session(world: World, signed_in: Browser) -> None:
    """An administrator has disabled the person at Cognito. The next refresh therefore signs the person out."""
    world.cognito.delete_person()
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert signed_in.cookies == {}


@pytest.mark.security("S-25")
def test_refresh_answers_503_when_the_keys_cannot_be_had(world: World, signed_in: Browser) -> None:
    """Without the keys, the server cannot verify tokens. The server therefore returns no token, and keeps the
    session."""
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    world.cognito.fail("jwks", times_out)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert SESSION in signed_in.cookies


@pytest.mark.security("S-35")
def test_an_outage_of_the_keys_does_not_cost_the_session_its_refresh_token(
    world: World, signed_in: Browser
) -> None:
    """The refresh fails before the server uses the refresh token. Minutes later, the same cookie works."""
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1700)
    signed_in.post("/auth/refresh")
    world.clock.advance(1000)
    world.cognito.fail("jwks", times_out)
    assert signed_in.post("/auth/refresh").status == 503
    world.clock.advance(300)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-25")
def test_a_key_that_is_never_published_lets_nobody_in(world: World, signed_in: Browser) -> None:
    """If Cognito signs with a key that is never published, the server reports an outage. test_refresh_ways.py counts
    the requests to the JWKS endpoint that follow."""
    world.cognito.id_header["kid"] = "unheard-of"
    for _ in range(5):
        world.clock.advance(1)
        browser = world.browser()
        assert world.sign_in(browser).location == "/api/?error=temporarily_unavailable"
        assert browser.cookies == {}


@pytest.mark.security("S-37")
@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "x"},
        {"sub": "x"},
        {"token_use": "id"},
        {"scope": "aws.cognito.signin.user.admin"},
    ],
)
def test_refreshed_tokens_are_verified_again(
    world: World, signed_in: Browser, claims: dict[str, str]
) -> None:
    """If the token endpoint returns a wrong token, the server ends the session. The page receives no token."""
    world.cognito.access_claims.update(claims)
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert "access_token" not in answer.body


@pytest.mark.security("S-37")
def test_expires_in_is_the_tokens_own_deadline(world: World, signed_in: Browser) -> None:
    """The page plans its next refresh by `exp`, and ignores the value of the token endpoint."""
    world.cognito.access_claims["exp"] = int(world.clock()) + 77
    assert signed_in.post("/auth/refresh").json()["expires_in"] == 77
