"""Tests of known devices: browsers in which a person has signed in before. The guesses of a stranger do not lock the
owner's browser out (S-44). All known browsers of a person together may make as many guesses as one browser (S-71)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.sealed.devices import LIFETIME_SECONDS, PURPOSE
from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_ACCOUNT
from tests.component.direct import DEVICE_COOKIE, EMAIL, PASSWORD, WRONG, Direct
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Browser
from tests.doubles.pool_users import PoolUser

NEW_PASSWORD = "another horse 34"


@pytest.fixture
def owner(direct: Direct) -> Browser:
    """Grace's browser. She has signed in and out in it, so it is known."""
    assert direct.sign_in().status == 200
    assert direct.browser.post("/auth/logout").status == 200
    return direct.browser


def browser_at(direct: Direct, address: str) -> Browser:
    """The browser of another person, with the given source address."""
    browser = direct.world.browser()
    browser.source_ip = address
    return browser


def guesses(direct: Direct, browsers: list[Browser]) -> int:
    """Let the browsers guess in turn. Return the number of guesses that reached Cognito."""
    statuses = [direct.sign_in(EMAIL, WRONG, browser).status for browser in browsers]
    assert set(statuses) <= {401, 429}
    return statuses.count(401)


def pause(direct: Direct) -> None:
    """Guess from another source address until the account is paused."""
    stranger = browser_at(direct, "203.0.113.66")
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        assert direct.sign_in(EMAIL, WRONG, stranger).status == 401
    assert direct.sign_in(EMAIL, PASSWORD, stranger).status == 429
    direct.world.clock.advance(2)  # Cognito's own lockout begins with a pause of one second.


@pytest.mark.security("S-44")
def test_a_known_browser_signs_in_while_strangers_keep_the_account_paused(
    direct: Direct, owner: Browser
) -> None:
    """The owner's browser can still sign in while the attack continues."""
    pause(direct)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 200
    unknown = browser_at(direct, "198.51.100.20")
    assert direct.sign_in(EMAIL, PASSWORD, unknown).status == 429


@pytest.mark.security("S-41")
def test_a_known_browser_has_no_more_attempts_than_anybody(direct: Direct, owner: Browser) -> None:
    """A device cookie does not allow unlimited guesses. A thief who has copied the cookie gets five guesses."""
    assert guesses(direct, [owner] * 20) == FREE_ATTEMPTS_ACCOUNT
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 429


@pytest.mark.security("S-71")
def test_ten_known_browsers_have_five_guesses_in_all(direct: Direct) -> None:
    """A person who once knew the password may have signed in on many browsers. After the password was changed, these
    browsers together get five attempts to guess the new password."""
    known = [browser_at(direct, f"203.0.113.{number}") for number in range(10)]
    for browser in known:
        assert direct.sign_in(browser=browser).status == 200
    assert guesses(direct, known * 5) == FREE_ATTEMPTS_ACCOUNT
    assert [direct.sign_in(browser=browser).status for browser in known] == [429] * 10
    strangers = [browser_at(direct, f"198.51.100.{number}") for number in range(10)]
    assert guesses(direct, strangers * 2) == FREE_ATTEMPTS_ACCOUNT


@pytest.mark.security("S-71")
@pytest.mark.parametrize("path", ["setup", "disable"])
def test_a_password_that_is_asked_again_is_guessed_on_the_same_budget(
    direct: Direct, owner: Browser, path: str
) -> None:
    """The routes for two-step verification also ask for the account's password. Guesses on these routes count towards
    the same limit as guesses at the sign-in. The device cookie makes no difference."""
    assert direct.sign_in(browser=owner).status == 200
    session = {name: cookie for name, cookie in owner.cookies.items() if name != DEVICE_COOKIE}
    assert guesses(direct, [owner] * 6) == FREE_ATTEMPTS_ACCOUNT
    again = direct.post(f"mfa/{path}", owner, password=PASSWORD, code="123456")
    assert again.status == 429
    bare = browser_at(direct, "203.0.113.9")
    bare.cookies.update(session)
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        answer = direct.post(f"mfa/{path}", bare, password=WRONG, code="123456")
        assert answer.status == 401
    assert direct.sign_in(browser=browser_at(direct, "203.0.113.10")).status == 429


@pytest.mark.security("S-71")
def test_a_new_password_makes_every_browser_a_stranger(direct: Direct, owner: Browser) -> None:
    """A browser becomes unknown if it signed in with the old password. A browser becomes known if it signs in with the
    new password, even within the same second."""
    thief = browser_at(direct, "203.0.113.67")
    assert direct.sign_in(browser=thief).status == 200
    direct.world.clock.advance(0.001)
    gate.services.users.record_proved(direct.grace.username)
    pause(direct)
    for browser in (owner, thief):
        assert direct.sign_in(EMAIL, PASSWORD, browser).status == 429
    gate.services._attempts.forget("sign-in", EMAIL)
    gate.services.users.record_proved(direct.grace.username)
    assert direct.sign_in(browser=owner).status == 200
    pause(direct)
    assert direct.sign_in(browser=owner).status == 200
    assert direct.sign_in(browser=thief).status == 429


@pytest.mark.security("S-71")
def test_a_reset_forgets_the_guesses_of_strangers_and_of_known_browsers(
    direct: Direct, owner: Browser
) -> None:
    """The account belongs to the owner of the mailbox. If the owner resets the password in any browser, the pause for
    strangers and the pause for known browsers both end."""
    pause(direct)
    assert guesses(direct, [owner] * 6) == FREE_ATTEMPTS_ACCOUNT
    direct.grace.locked_until = 0
    elsewhere = browser_at(direct, "198.51.100.20")
    assert direct.post("direct/forgot-password", elsewhere, email=EMAIL).status == 200
    code = direct.pool.last_code("reset")
    body = {"email": EMAIL, "code": code, "password": NEW_PASSWORD}
    assert direct.post("direct/reset-password", elsewhere, **body).status == 200
    # At its second sign-in, each browser is a known browser.
    for browser in (elsewhere, owner, elsewhere, owner):
        assert direct.sign_in(EMAIL, NEW_PASSWORD, browser).status == 200


@pytest.mark.security("S-71")
@pytest.mark.parametrize("change", ["earlier release", "no record", "malformed", "table down"])
def test_what_cannot_be_told_to_be_known_is_a_stranger(
    direct: Direct,
    owner: Browser,
    change: str,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """If the server cannot find out that a browser is known, the server treats the browser as unknown."""
    table, name = direct.world.settings.users_table, direct.grace.username
    if change == "earlier release":
        expires_at = int(direct.world.clock()) + LIFETIME_SECONDS
        old = {"identifier": "00" * 16, "account": EMAIL, "expires_at": expires_at}
        sealer = gate.services._sealer
        owner.cookies[DEVICE_COOKIE].value = sealer.seal(PURPOSE, json.dumps(old).encode())
    elif change == "no record":
        direct.world.dynamodb.delete(table, name)
    elif change == "malformed":
        row = direct.world.dynamodb.items(table)[name]
        direct.world.dynamodb.put(table, {**row, "provedAt": {"S": "yesterday"}})
    else:
        read = direct.world.dynamodb.get_item

        def without_users(**arguments: Any) -> dict[str, Any]:
            if arguments["TableName"] == table:
                raise connect_timeout()
            return read(**arguments)

        monkeypatch.setattr(direct.world.dynamodb, "get_item", without_users)
    pause(direct)
    log_lines()
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 429
    events = {line["event"] for line in log_lines()}
    assert ("device_not_checked" in events) is (change == "table down")
    direct.world.clock.advance(15)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 200


@pytest.mark.security("S-44")
def test_another_accounts_device_is_a_stranger(direct: Direct, owner: Browser) -> None:
    """A browser that is known for one account gets no additional guesses at another account."""
    direct.pool.add(PoolUser("mallory@example.org", PASSWORD))
    mallory = browser_at(direct, "203.0.113.67")
    assert direct.sign_in("mallory@example.org", PASSWORD, mallory).status == 200
    pause(direct)
    assert direct.sign_in(EMAIL, PASSWORD, mallory).status == 429


@pytest.mark.security("S-44")
@pytest.mark.parametrize("change", ["tampered", "expired"])
def test_a_device_cookie_that_is_not_good_counts_as_none(
    direct: Direct, owner: Browser, change: str
) -> None:
    """If the device cookie is invalid, the server ignores the cookie. The throttle then treats the browser like any
    unknown browser."""
    if change == "tampered":
        cookie = owner.cookies[DEVICE_COOKIE]
        flipped = "A" if cookie.value[-2] != "A" else "B"
        cookie.value = cookie.value[:-2] + flipped + cookie.value[-1]
    else:
        direct.world.clock.advance(LIFETIME_SECONDS)
    pause(direct)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 429


def test_the_cookie_lasts_half_a_year(direct: Direct, owner: Browser) -> None:
    """Each sign-in renews the cookie."""
    for _ in range(FREE_ATTEMPTS_ACCOUNT - 1):
        direct.sign_in(EMAIL, WRONG, owner)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 200
    expires_at = owner.cookies[DEVICE_COOKIE].expires_at
    assert expires_at is not None
    assert expires_at - direct.world.clock() == LIFETIME_SECONDS
