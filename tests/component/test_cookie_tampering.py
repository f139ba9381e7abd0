"""Tests that tamper with each sealed cookie, as the cases of tests/data/cookie_tampering.json describe. The tests send
the tampered cookie to the routes that read this cookie."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.component.direct import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    WRONG,
    Direct,
)
from tests.component.tampering import is_foreign, tamper
from tests.doubles.browser import Answer, Browser, Cookie
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

DATA = Path(__file__).parents[1] / "data"
CASES: list[dict[str, Any]] = json.loads((DATA / "cookie_tampering.json").read_text())["cases"]
HEADERS: list[dict[str, Any]] = json.loads((DATA / "cookie_headers.json").read_text())["cases"]
BOB = Person(sub="b0b", username="Okta_00u1bob", email="bob@example.org")
LOGIN_PREFIX = "__Host-gatehouse-login-"


@dataclass
class Held:
    """Cookie values of two people for each purpose, and the redirect from Cognito."""

    direct: Direct
    session: tuple[str, str]
    login: tuple[str, str]
    login_name: str
    callback: str
    challenge: tuple[str, str]


@pytest.fixture
def held(direct: Direct) -> Held:
    """Ada and Bob have cookies for sessions and for sign-ins in progress. Grace and Mallory have cookies for
    challenges."""
    world = direct.world
    direct.with_totp()
    mallory = PoolUser("mallory@example.org", PASSWORD)
    mallory.totp_secret = direct.grace.totp_secret
    mallory.factors.add("SOFTWARE_TOKEN_MFA")
    direct.pool.add(mallory)
    sessions, logins, challenges = [], [], []
    for person, email in ((Person(), EMAIL), (BOB, "mallory@example.org")):
        browser = world.browser()
        world.sign_in(browser, person)
        sessions.append(browser.cookies[SESSION_COOKIE].value)
        start = browser.get("/auth/login?provider=Okta")
        back = world.cognito.authorize(start.location, person)
        name = next(name for name in browser.cookies if name.startswith(LOGIN_PREFIX))
        logins.append((name, browser.cookies[name].value, back))
        assert "challenge" in direct.sign_in(email, PASSWORD, browser).json()
        challenges.append(browser.cookies[CHALLENGE_COOKIE].value)
    return Held(
        direct,
        (sessions[0], sessions[1]),
        (logins[0][1], logins[1][1]),
        logins[0][0],
        logins[0][2],
        (challenges[0], challenges[1]),
    )


def browser_with(direct: Direct, name: str, value: str) -> Browser:
    browser = direct.world.browser()
    browser.cookies[name] = Cookie(value, "Lax", None)
    return browser


def quiet(answer: Answer, value: str) -> None:
    """Check that the response contains no part of the cookie."""
    if len(value) > 12:
        assert value not in answer.body + repr(answer.headers) + repr(answer.set_cookies)


def test_the_corpora_are_whole() -> None:
    """Every case has a unique name."""
    for cases in (CASES, HEADERS):
        assert len({case["id"] for case in cases}) == len(cases)
    assert (len(CASES) >= 200, len(HEADERS) >= 60) == (True, True)


def test_untouched_they_all_work(held: Held) -> None:
    """The cookies work before they are tampered with. So if a following test fails to use a cookie, the tampering is
    the cause."""
    direct = held.direct
    assert browser_with(direct, SESSION_COOKIE, held.session[0]).post("/auth/refresh").status == 200
    back = browser_with(direct, held.login_name, held.login[0]).get(
        held.callback, site="cross-site"
    )
    assert back.location == "/api/"
    guest = browser_with(direct, CHALLENGE_COOKIE, held.challenge[0])
    assert direct.challenge("SOFTWARE_TOKEN_MFA", guest, code=direct.totp()).status == 200


@pytest.mark.security("S-26")
@pytest.mark.security("S-10")
@pytest.mark.security("S-45")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_tampered_cookie_is_none(held: Held, case: dict[str, Any]) -> None:
    """A tampered cookie is refused as the documentation says, and the server calls no other service. The test covers
    cookies of sessions, sign-ins in progress and challenges."""
    direct = held.direct
    before = (len(direct.world.cognito.requests), len(direct.pool.calls))
    writes = direct.world.dynamodb.writes
    if is_foreign(case, "session"):
        value = tamper(case, *held.session, "session")
        for path in ("/auth/refresh", "/auth/logout"):
            browser = browser_with(direct, SESSION_COOKIE, value)
            answer = browser.post(path)
            assert (answer.status, answer.json()["error"]) == (401, "no_session")
            assert SESSION_COOKIE not in browser.cookies
            quiet(answer, value)
    if is_foreign(case, "login"):
        value = tamper(case, *held.login, "login")
        browser = browser_with(direct, held.login_name, value)
        answer = browser.get(held.callback, site="cross-site")
        assert (answer.status, answer.location) == (303, "/api/?error=login_unknown")
        assert browser.cookies == {}
        quiet(answer, value)
    if is_foreign(case, "challenge"):
        value = tamper(case, *held.challenge, "challenge")
        browser = browser_with(direct, CHALLENGE_COOKIE, value)
        answer = direct.challenge("SOFTWARE_TOKEN_MFA", browser, code=direct.totp())
        assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
        assert browser.cookies == {}
        quiet(answer, value)
    assert (len(direct.world.cognito.requests), len(direct.pool.calls)) == before
    assert direct.world.dynamodb.writes == writes


@pytest.mark.security("S-44")
def test_a_tampered_device_cookie_is_a_strangers(direct: Direct) -> None:
    """Wrong guesses by strangers keep the account paused. A browser can still try a password, but only with a valid
    device cookie."""
    assert direct.sign_in().status == 200
    device = direct.browser.cookies[DEVICE_COOKIE].value
    direct.pool.add(PoolUser("mallory@example.org", PASSWORD))
    mallory = direct.world.browser()
    assert direct.sign_in("mallory@example.org", PASSWORD, mallory).status == 200
    other = mallory.cookies[DEVICE_COOKIE].value
    stranger = direct.world.browser()
    stranger.source_ip = "203.0.113.66"
    while direct.sign_in(EMAIL, WRONG, stranger).status != 429:
        pass
    taken = []
    for number, case in enumerate(CASES):
        if is_foreign(case, "device"):
            browser = browser_with(direct, DEVICE_COOKIE, tamper(case, device, other, "device"))
            browser.source_ip = f"198.51.100.{number % 200}"
            if direct.sign_in(EMAIL, PASSWORD, browser).status != 429:
                taken.append(case["id"])
    assert taken == []
    known = browser_with(direct, DEVICE_COOKIE, device)
    known.source_ip = "198.51.100.250"
    direct.world.clock.advance(2)
    assert direct.sign_in(EMAIL, PASSWORD, known).status == 200


@pytest.mark.security("S-26")
@pytest.mark.parametrize("case", HEADERS, ids=lambda case: case["id"])
def test_a_cookie_header_says_which_cookie_is_ours_or_none(
    held: Held, case: dict[str, Any]
) -> None:
    """The header contains duplicate, renamed, quoted, encoded or folded cookies. If the server cannot tell which cookie
    is ours, it uses none of them."""
    browser = held.direct.world.browser()
    headers = [("X-Gatehouse", "1"), ("Origin", browser.origin)]
    headers += [("Cookie", text.replace("{value}", held.session[0])) for text in case["headers"]]
    answer = browser.send("POST", "/auth/refresh", headers)
    assert (answer.status, answer.json().get("error")) == (case["status"], case["error"])
