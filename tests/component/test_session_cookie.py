"""Tests of the session cookie: its attributes, its seal, and refused values."""

import pytest

from tests.component.world import CLIENT_SECRET, KEYS_ARN, SEALING_KEY, World
from tests.doubles.browser import Browser, Cookie

SESSION = "__Host-gatehouse"


CLEARED = f"{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


@pytest.mark.security("S-26")
@pytest.mark.parametrize("remember", [False, True])
def test_the_session_cookie_has_every_attribute(
    world: World, browser: Browser, remember: bool
) -> None:
    """The attributes are `__Host-`, Secure, HttpOnly, SameSite=Strict and Path=/, without Domain. The cookie has Max-Age
    only after a sign-in with "remember me"."""
    answer = world.sign_in(browser, query=f"provider=Okta&remember={int(remember)}")
    (cookie,) = [text for text in answer.set_cookies if text.startswith(f"{SESSION}=")]
    value, _, attributes = cookie.partition("; ")
    expected = "Path=/; Secure; HttpOnly; SameSite=Strict"
    assert attributes == (f"{expected}; Max-Age={14 * 86_400}" if remember else expected)
    refreshed = browser.post("/auth/refresh").set_cookies
    assert [text.partition("; ")[2] for text in refreshed] == [attributes]
    assert refreshed[0].partition("; ")[0] != value


def test_an_ordinary_session_ends_with_the_browser_and_a_remembered_one_does_not(
    world: World,
) -> None:
    """After the test closes the browser, the browser keeps the cookies with Max-Age and no others."""
    for remember, expected in ((0, 401), (1, 200)):
        browser = world.browser()
        world.sign_in(browser, query=f"provider=Okta&remember={remember}")
        browser.close()
        assert browser.post("/auth/refresh").status == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "k1.",
        "k1.AAAA",
        "k9." + "A" * 80,
        "a.b.c",
        "k1." + "%" * 80,
        "." * 50,
        "k1." + "A" * 5000,
    ],
)
def test_a_malformed_or_foreign_cookie_is_no_session(
    world: World, browser: Browser, value: str
) -> None:
    """The response is 401 and clears the cookie. The server does not call Cognito."""
    browser.cookies[SESSION] = Cookie(value, "Strict", None)
    answer = browser.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert answer.set_cookies == [CLEARED]
    assert world.cognito.requests == []


@pytest.mark.security("S-59")
def test_sessions_outlive_a_rotation_of_the_sealing_keys(world: World, signed_in: Browser) -> None:
    """The old key opens the cookie, and the new key seals the next cookie. The refresh also works in a container that
    has not read the new key ring yet."""
    other = world.browser()
    world.clock.advance(31)
    world.secrets.put(KEYS_ARN, {"current": "k2", "k2": "n" * 64, "k1": SEALING_KEY})
    from app import gate

    warm = gate.services
    world.restart()
    assert signed_in.post("/auth/refresh").status == 200
    assert signed_in.cookies[SESSION].value.startswith("k2.")
    gate.services = warm
    assert signed_in.post("/auth/refresh").status == 200
    assert other.post("/auth/refresh").json()["error"] == "no_session"


def test_a_retired_sealing_key_ends_its_sessions(world: World, signed_in: Browser) -> None:
    """After a leak, an operator removes the key from the ring. The removal ends every session with a cookie that the
    key sealed."""
    world.secrets.put(KEYS_ARN, {"current": "k2", "k2": "n" * 64})
    world.restart()
    assert signed_in.post("/auth/refresh").json()["error"] == "no_session"


@pytest.mark.security("S-31")
def test_a_refresh_whose_cookie_would_not_fit_fails_cleanly(
    world: World, signed_in: Browser
) -> None:
    """The browser would drop a cookie that is too long. Instead of such a cookie, the server sends an error in our
    format and creates no session."""
    world.cognito.refresh_token_length = 3500
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert SESSION not in signed_in.cookies
    assert CLIENT_SECRET not in answer.body
