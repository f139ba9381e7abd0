"""Tests of errors that occur after Cognito has issued a refresh token. If the token cannot be stored in a cookie, the
server revokes it (S-31, S-34)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.component.direct import Direct
from tests.component.world import World
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import answers

SESSION = "__Host-gatehouse"
TOO_LONG = 3600


def error_of(answer: Answer) -> str:
    assert answer.status == 303
    return answer.location.partition("?error=")[2]


def newest_is_revoked(world: World) -> bool:
    return world.cognito.is_revoked(world.cognito.refresh_tokens()[-1])


@pytest.mark.security("S-16")
@pytest.mark.parametrize(
    ("claims", "of"),
    [({"nonce": "another"}, "id_claims"), ({"client_id": "x"}, "access_claims"), ({"sub": "x"}, "access_claims")],
)  # fmt: skip
def test_a_callback_whose_tokens_are_refused_revokes_them(
    world: World, browser: Browser, claims: dict[str, str], of: str
) -> None:
    """In some cases, the nonce belongs to another sign-in. In other cases, the access token belongs to another client or
    person."""
    getattr(world.cognito, of).update(claims)
    assert error_of(world.sign_in(browser)) == "login_failed"
    assert newest_is_revoked(world)
    assert SESSION not in browser.cookies
    assert world.users() == {}


@pytest.mark.security("S-31")
def test_a_callback_whose_session_fits_no_cookie_revokes_it(world: World, browser: Browser) -> None:
    """The server revokes the token. It writes no record, and does not log a sign-in."""
    world.cognito.refresh_token_length = TOO_LONG
    assert error_of(world.sign_in(browser)) == "login_failed"
    assert newest_is_revoked(world)
    assert SESSION not in browser.cookies
    assert world.users() == {}


@pytest.mark.security("S-31")
def test_the_longest_session_that_may_be_sealed_fits_its_cookie(
    world: World, browser: Browser
) -> None:
    """The test tries every length around the limit. Either browsers keep the cookie, or the response is an error in our
    format."""
    kept = []
    for length in range(2760, 2880, 3):
        world.cognito.refresh_token_length = length
        answer = world.sign_in(browser, query="provider=Okta&remember=1")
        kept.append("error=" not in answer.location)
    assert browser.rejected == []
    assert kept == sorted(kept, reverse=True)
    assert 0 < sum(kept) < len(kept)


def test_a_revocation_that_fails_changes_nothing_for_the_person(
    world: World, browser: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The response is the same as after a successful revocation. The log reports the failure."""
    world.cognito.id_claims["nonce"] = "another"
    world.cognito.fail("revoke", answers(500))
    assert error_of(world.sign_in(browser)) == "login_failed"
    assert "revoke_failed" in [line["event"] for line in log_lines()]


@pytest.mark.security("S-25")
def test_a_callback_without_keys_redeems_no_code(world: World, browser: Browser) -> None:
    """The server fetches the keys before it redeems the code, so no token can be lost."""
    world.cognito.fail("jwks", answers(503))
    assert error_of(world.sign_in(browser)) == "temporarily_unavailable"
    assert world.cognito.calls("/oauth2/token") == 0


@pytest.mark.security("S-34")
@pytest.mark.parametrize("change", ["too long", "of another person", "unverifiable"])
def test_a_refresh_whose_new_token_cannot_be_kept_ends_the_session(
    world: World, signed_in: Browser, change: str
) -> None:
    """The rotation has invalidated the token in the cookie. The server clears the cookie and revokes all tokens."""
    if change == "too long":
        world.cognito.refresh_token_length = TOO_LONG
    elif change == "of another person":
        world.cognito.access_claims["sub"] = world.cognito.id_claims["sub"] = "somebody-else"
    else:
        world.cognito.access_claims["token_use"] = "id"
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
    assert SESSION not in signed_in.cookies
    assert newest_is_revoked(world)


@pytest.mark.security("S-35")
def test_a_refresh_that_cannot_be_verified_for_an_outage_keeps_the_session(
    world: World, signed_in: Browser
) -> None:
    """Cognito has signed with a new key, but the list of its keys cannot be fetched. The response is 503, and the
    cookie receives the new refresh token."""
    world.clock.advance(120)
    world.cognito.id_header["kid"] = "new"
    world.cognito.fail("jwks", answers(503))
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, len(answer.set_cookies)) == (503, 1)
    world.cognito.id_header.clear()
    world.clock.advance(900)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-31")
def test_a_direct_sign_in_whose_session_fits_no_cookie_revokes_it(direct: Direct) -> None:
    """The server does the same as at the callback."""
    direct.world.cognito.refresh_token_length = TOO_LONG
    answer = direct.sign_in()
    assert (answer.status, answer.json()["error"]) == (500, "login_failed")
    assert newest_is_revoked(direct.world)
    assert SESSION not in direct.browser.cookies
