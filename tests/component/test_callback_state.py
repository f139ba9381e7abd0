"""Tests of GET /auth/callback. The state and the transaction bind a sign-in to one browser. A transaction works once."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.component.world import World
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import Person, answers, times_out

TOKEN = "/oauth2/token"


def begin(world: World, browser: Browser, query: str = "provider=Okta") -> dict[str, str]:
    """Start a sign-in and sign in at Cognito. Return the parameters of the callback URL."""
    back = world.cognito.authorize(browser.get(f"/auth/login?{query}").location, Person())
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def come_back(browser: Browser, query: dict[str, str] | str) -> Answer:
    """Navigate to the callback from Cognito's site."""
    text = query if isinstance(query, str) else urlencode(query)
    return browser.get(f"/auth/callback?{text}", site="cross-site")


def assert_refused(world: World, browser: Browser, answer: Answer, code: str) -> None:
    """Check that the redirect to the page has a fixed error code, and that no session and no record exist."""
    assert (answer.status, answer.location) == (303, f"/api/?error={code}")
    assert "__Host-gatehouse" not in browser.cookies
    assert world.users() == {}


@pytest.mark.security("S-09")
@pytest.mark.parametrize("change", ["missing", "empty", "wrong", "doubled", "doubled-same"])
def test_callback_refuses_a_bad_state_without_a_token_request(
    world: World, browser: Browser, change: str
) -> None:
    """The callback makes no token request if `state` is missing, wrong or duplicated."""
    query = begin(world, browser)
    code, state = urlencode({"code": query["code"]}), query["state"]
    text = {
        "missing": code,
        "empty": f"{code}&state=",
        "wrong": f"{code}&state={state[:-1]}",
        "doubled": f"{code}&state=other&state={state}",
        "doubled-same": f"{code}&state={state}&state={state}",
    }[change]
    assert_refused(world, browser, come_back(browser, text), "login_unknown")
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-10")
def test_callback_refuses_a_state_of_another_browser(world: World, browser: Browser) -> None:
    """An attacker sends the victim to the callback with the attacker's code and state. The victim is not signed in
    (login CSRF)."""
    query = begin(world, world.browser())
    begin(world, browser)
    assert_refused(world, browser, come_back(browser, query), "login_unknown")
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-10")
def test_callback_refuses_a_transaction_under_another_states_name(
    world: World, browser: Browser
) -> None:
    """The callback compares the state inside the cookie's sealed value. It ignores the state in the cookie's name."""
    from chalicelib.gatehouse.sealed.transactions import cookie_name

    query = begin(world, browser)
    (cookie,) = browser.cookies.values()
    browser.cookies = {cookie_name("chosen"): cookie}
    answer = come_back(browser, {**query, "state": "chosen"})
    assert_refused(world, browser, answer, "login_unknown")
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-11")
def test_a_transaction_is_gone_after_success(world: World, browser: Browser) -> None:
    query = begin(world, browser)
    assert come_back(browser, query).location == "/api/"
    assert come_back(browser, query).location == "/api/?error=login_used"
    assert world.cognito.calls(TOKEN) == 1


@pytest.mark.security("S-11")
@pytest.mark.parametrize(
    "fault",
    [
        answers(400, {"error": "invalid_grant"}),
        answers(500),
        answers(200, {"access_token": "a", "id_token": "b", "refresh_token": "c"}),
        times_out,
    ],
    ids=["invalid_grant", "500", "garbage tokens", "timeout"],
)
def test_a_transaction_is_gone_after_a_failure(world: World, browser: Browser, fault: Any) -> None:
    """Every error clears the login cookie."""
    query = begin(world, browser)
    world.cognito.fail("token", fault)
    assert come_back(browser, query).status == 303
    assert browser.cookies == {}


@pytest.mark.security("S-11")
def test_an_unforeseen_error_still_ends_at_the_page_with_the_transaction_cleared(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an unexpected exception occurs, the response is a 303 redirect with a fixed error code. The response clears
    the login cookie."""
    query = begin(world, browser)
    monkeypatch.setattr(world.cognito, "post_form", _broken)
    assert_refused(world, browser, come_back(browser, query), "login_failed")
    assert browser.cookies == {}


def _broken(*_: object) -> None:
    raise RuntimeError("canary-of-a-bug")


@pytest.mark.security("S-08")
def test_a_transaction_older_than_ten_minutes_is_refused(world: World, browser: Browser) -> None:
    """The deadline is inside the sealed value, so a browser cannot extend it."""
    query = begin(world, browser)
    kept = dict(browser.cookies)
    world.clock.advance(601)
    for cookie in kept.values():
        cookie.expires_at = None
    browser.cookies = kept
    assert_refused(world, browser, come_back(browser, query), "login_expired")
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-12")
def test_a_code_of_one_transaction_does_not_fit_another(world: World, browser: Browser) -> None:
    """An attacker injects the code of the first sign-in into the callback of the second sign-in. The verifier of the
    second sign-in cannot redeem this code."""
    first, second = begin(world, browser), begin(world, browser)
    answer = come_back(browser, {"code": first["code"], "state": second["state"]})
    assert_refused(world, browser, answer, "login_failed")


@pytest.mark.security("S-12")
def test_a_transaction_under_anothers_name_is_refused(world: World, browser: Browser) -> None:
    """The cookie's name contains only 32 bits of the state. The transaction contains the whole state."""
    from chalicelib.gatehouse.sealed.transactions import cookie_name

    first, second = begin(world, browser), begin(world, browser)
    one, other = (cookie_name(query["state"]) for query in (first, second))
    cookies = browser.cookies
    cookies[one], cookies[other] = cookies[other], cookies[one]
    for query in (first, second):
        assert_refused(world, browser, come_back(browser, query), "login_unknown")
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-12")
def test_an_id_token_of_another_login_is_refused_even_without_pkce(
    world: World, browser: Browser
) -> None:
    """The token endpoint returns an ID token with another sign-in's nonce. PKCE does not detect this error, but the
    check of the nonce does."""
    query = begin(world, browser)
    world.cognito.id_claims["nonce"] = "nonce-of-another-login"
    assert_refused(world, browser, come_back(browser, query), "login_failed")


@pytest.mark.security("S-09")
def test_an_error_without_our_state_ends_nothing(world: World, browser: Browser) -> None:
    """A stranger redirects the browser to the callback with an error. The person's own sign-in continues."""
    query = begin(world, browser)
    come_back(browser, "error=access_denied&state=guessed")
    assert come_back(browser, query).location == "/api/"


def test_two_tabs_sign_in_side_by_side(world: World, browser: Browser) -> None:
    """Each sign-in has its own cookie, so the two sign-ins can finish in any order."""
    first = begin(world, browser, "provider=Okta&return_to=/api/one")
    second = begin(world, browser, "provider=Okta&return_to=/api/two")
    assert come_back(browser, second).location == "/api/two"
    assert come_back(browser, first).location == "/api/one"
    assert set(browser.cookies) == {"__Host-gatehouse"}
