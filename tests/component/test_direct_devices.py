"""Known devices: a stranger's guesses at an account do not keep its owner's own browser out (S-44)."""

import pytest

from chalicelib.session.devices import LIFETIME_SECONDS
from chalicelib.store.throttle import FREE_ATTEMPTS_ACCOUNT
from tests.component.direct import DEVICE_COOKIE, EMAIL, PASSWORD, WRONG, Direct
from tests.doubles.browser import Browser
from tests.doubles.pool_users import PoolUser


@pytest.fixture
def owner(direct: Direct) -> Browser:
    """Grace's own browser: it has signed in before, and is signed out."""
    assert direct.sign_in().status == 200
    assert direct.browser.post("/auth/logout").status == 200
    return direct.browser


def browser_at(direct: Direct, address: str) -> Browser:
    """Somebody else's browser."""
    browser = direct.world.browser()
    browser.source_ip = address
    return browser


def pause(direct: Direct) -> None:
    """A stranger uses up the account's attempts from another address."""
    stranger = browser_at(direct, "203.0.113.66")
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        assert direct.sign_in(EMAIL, WRONG, stranger).status == 401
    assert direct.sign_in(EMAIL, PASSWORD, stranger).status == 429
    direct.world.clock.advance(2)  # Cognito's own lockout begins with a second


@pytest.mark.security("S-44")
def test_a_known_browser_signs_in_while_strangers_keep_the_account_paused(
    direct: Direct, owner: Browser
) -> None:
    """However long they go on: the owner's browser has attempts of its own."""
    pause(direct)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 200
    unknown = browser_at(direct, "198.51.100.20")
    assert direct.sign_in(EMAIL, PASSWORD, unknown).status == 429


@pytest.mark.security("S-41")
def test_a_known_browser_has_no_more_attempts_than_anybody(direct: Direct, owner: Browser) -> None:
    """The cookie is a budget, not a pass: a stolen one buys five guesses."""
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        assert direct.sign_in(EMAIL, WRONG, owner).status == 401
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 429


@pytest.mark.security("S-44")
def test_another_accounts_device_is_a_stranger(direct: Direct, owner: Browser) -> None:
    """Signing in with an account of one's own buys no guesses at somebody else's."""
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
    """It is ignored, not refused: the person only shares the account's budget again."""
    if change == "tampered":
        cookie = owner.cookies[DEVICE_COOKIE]
        flipped = "A" if cookie.value[-2] != "A" else "B"
        cookie.value = cookie.value[:-2] + flipped + cookie.value[-1]
    else:
        direct.world.clock.advance(LIFETIME_SECONDS)
    pause(direct)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 429


def test_the_cookie_lasts_half_a_year_and_keeps_its_identifier(
    direct: Direct, owner: Browser
) -> None:
    """Each sign-in renews it; guesses made before are not forgotten with a new identifier."""
    for _ in range(FREE_ATTEMPTS_ACCOUNT - 1):
        direct.sign_in(EMAIL, WRONG, owner)
    assert direct.sign_in(EMAIL, PASSWORD, owner).status == 200
    expires_at = owner.cookies[DEVICE_COOKIE].expires_at
    assert expires_at is not None
    assert expires_at - direct.world.clock() == LIFETIME_SECONDS
