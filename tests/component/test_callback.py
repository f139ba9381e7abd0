"""Tests of GET /auth/callback. If the redirect from Cognito is invalid, the browser shows the page. No session starts,
and the server writes no record."""

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


@pytest.mark.security("S-11")
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"nested": "object"}},
        {"error": ["list"]},
        {"access_token": "né.é.é", "id_token": "é.é.é", "refresh_token": "c"},
        {"access_token": "", "id_token": "", "refresh_token": ""},
        {"access_token": 1, "id_token": [], "refresh_token": {}},
        {},
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_nonsense_from_the_token_endpoint_is_a_failed_sign_in_not_a_crash(
    world: World, browser: Browser, status: int, body: dict[str, Any]
) -> None:
    """After every failure, the response is a 303 redirect to the page, and clears the login cookie."""
    query = begin(world, browser)
    world.cognito.fail("token", answers(status, body))
    answer = come_back(browser, query)
    assert answer.status == 303
    assert answer.location in ("/api/?error=temporarily_unavailable", "/api/?error=login_failed")
    assert browser.cookies == {}


@pytest.mark.security("S-13")
@pytest.mark.parametrize(
    ("error", "description", "code"),
    [
        ("access_denied", "user said no", "access_denied"),
        ("invalid_request", "User is not enabled", "account_disabled"),
        (
            "invalid_request",
            "PreSignUp failed with error GATEHOUSE_REFUSED domain. ",
            "sign_up_refused",
        ),
        (
            "invalid_request",
            "PreSignUp failed with error GATEHOUSE_UNAVAILABLE: try again. ",
            "temporarily_unavailable",
        ),
        ("server_error", "boom", "temporarily_unavailable"),
        ("temporarily_unavailable", "boom", "temporarily_unavailable"),
        ("<script>alert(1)</script>", "x", "login_failed"),
        ("login_expired", "x", "login_failed"),
        ("", "x", "login_failed"),
        ("access_denied\r\nSet-Cookie: a=b", "x\r\ny", "login_failed"),
    ],
)
def test_errors_from_cognito_become_our_own_codes(
    world: World, browser: Browser, error: str, description: str, code: str
) -> None:
    """The redirect does not contain `error` or `error_description`. If the request also has a code, the server does not
    redeem it."""
    query = begin(world, browser)
    answer = come_back(browser, {**query, "error": error, "error_description": description})
    assert_refused(world, browser, answer, code)
    assert browser.cookies == {}
    assert world.cognito.calls(TOKEN) == 0


@pytest.mark.security("S-14")
def test_the_token_request_has_the_secret_in_the_header_only(
    world: World, browser: Browser
) -> None:
    """The request contains the client secret in the Authorization header (client_secret_basic), the `redirect_uri` from
    the start of the sign-in, and the verifier. Form and URL contain no secret."""
    world.sign_in(browser)
    (form,) = [form for _, path, form in world.cognito.requests if path == TOKEN]
    assert set(form) == {"client_id", "grant_type", "code", "code_verifier", "redirect_uri"}
    assert form["redirect_uri"] == f"{browser.root}auth/callback"


@pytest.mark.security("S-15")
@pytest.mark.parametrize(
    ("issuer", "location"),
    [
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1", "/api/"),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool2",
            "/api/?error=login_failed",
        ),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1/",
            "/api/?error=login_failed",
        ),
        ("", "/api/?error=login_failed"),
    ],
)
def test_an_issuer_in_the_callback_must_be_ours(
    world: World, browser: Browser, issuer: str, location: str
) -> None:
    """A wrong issuer may be a mix-up attack. The callback refuses it before it redeems the code."""
    query = begin(world, browser)
    assert come_back(browser, {**query, "iss": issuer}).location == location
    assert world.cognito.calls(TOKEN) == (1 if location == "/api/" else 0)


ID_FORGERIES: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"},
    "audience": {"aud": "another-client"},
    "audience list": {"aud": ["1example23456789", "another-client"]},
    "azp": {"azp": "another-client"},
    "expired": {"exp": 1},
    "no expiry": {"exp": None},
    "no sub": {"sub": None},
    "no nonce": {"nonce": None},
    "use": {"token_use": "access"},
    "at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "no username": {"cognito:username": None},
    "another sub": {"sub": "somebody-else"},
}


@pytest.mark.security("S-16")
@pytest.mark.parametrize("forgery", ID_FORGERIES, ids=str)
def test_no_cookie_and_no_record_before_every_check_has_passed(
    world: World, browser: Browser, forgery: str
) -> None:
    """In each case, one claim is wrong. The callback then sets no cookie and writes no record."""
    query = begin(world, browser)
    world.cognito.id_claims.update(ID_FORGERIES[forgery])
    assert_refused(world, browser, come_back(browser, query), "login_failed")
    assert world.dynamodb.writes == 0


@pytest.mark.security("S-16")
@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid aws.cognito.signin.user.admin"},
        {"client_id": "another"},
        {"sub": "somebody-else"},
        {"token_use": "id"},
        {"exp": 5},
    ],
)
def test_a_wrong_access_token_keeps_the_sign_in_from_ending_well(
    world: World, browser: Browser, claims: dict[str, Any]
) -> None:
    """The callback verifies both tokens before it starts a session."""
    query = begin(world, browser)
    world.cognito.access_claims.update(claims)
    assert_refused(world, browser, come_back(browser, query), "login_failed")


@pytest.mark.security("S-17")
def test_a_good_callback_is_a_303_to_a_clean_address(world: World, browser: Browser) -> None:
    """No code and no state remain in the address bar, in caches, or in the Referer header."""
    answer = come_back(
        browser, begin(world, browser, "provider=Okta&return_to=/api/reports%3Fa=1%23part")
    )
    assert (answer.status, answer.location) == (303, "/api/reports?a=1#part")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.body == ""


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/api/../../x",
        "javascript:alert(1)",
        "/elsewhere",
        "/api/%2e%2e/x",
    ],
)
def test_login_forgets_a_return_to_outside_the_app(
    world: World, browser: Browser, target: str
) -> None:
    """A sign-in link may contain a target outside the app. The server ignores this target."""
    from urllib.parse import quote

    answer = come_back(browser, begin(world, browser, f"provider=Okta&return_to={quote(target)}"))
    assert answer.location == "/api/"


@pytest.mark.security("S-07")
def test_the_callback_checks_return_to_again(world: World, browser: Browser) -> None:
    """An older release, or a bug, sealed a transaction with a foreign address. The callback does not redirect to that
    address."""
    from app import gate

    transactions = gate.services.transactions
    transaction = transactions.begin(
        return_to="https://evil.example/", provider=None, remember=False
    )
    browser.keep(
        f"{transaction.cookie_name}={transactions.seal(transaction)}; Path=/; Secure; SameSite=Lax"
    )
    url = gate.services.oauth.build_authorize_url(
        redirect_uri=f"{browser.root}auth/callback",
        state=transaction.state,
        nonce=transaction.nonce,
        code_challenge=transaction.code_challenge,
        provider=None,
    )
    back = world.cognito.authorize(url, Person())
    assert browser.get(back, site="cross-site").location == "/api/"
    assert "__Host-gatehouse" in browser.cookies


@pytest.mark.security("S-25")
@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(200), answers(200, {"keys": []})]
)
def test_callback_fails_closed_when_the_keys_cannot_be_had(
    world: World, browser: Browser, fault: Any
) -> None:
    """Without Cognito's keys, the callback cannot verify the tokens. For this reason, the sign-in fails."""
    world.cognito.fail("jwks", fault, fault)
    answer = come_back(browser, begin(world, browser))
    assert_refused(world, browser, answer, "temporarily_unavailable")


@pytest.mark.parametrize(
    "fault", [times_out, answers(500), answers(429), answers(302), answers(200)]
)
def test_an_outage_of_the_token_endpoint_is_told_as_such(
    world: World, browser: Browser, fault: Any
) -> None:
    """The page says "try again". It does not say "refused"."""
    query = begin(world, browser)
    world.cognito.fail("token", fault)
    assert_refused(world, browser, come_back(browser, query), "temporarily_unavailable")


def test_a_code_answer_without_refresh_token_is_refused(world: World, browser: Browser) -> None:
    """Without a refresh token, the server could not refresh the session later."""
    query = begin(world, browser)
    real = world.cognito._new_refresh
    world.cognito._new_refresh = lambda family: real(family) and None  # type: ignore[method-assign,assignment,return-value]  # scripted fault
    assert_refused(world, browser, come_back(browser, query), "login_failed")


@pytest.mark.security("S-31")
def test_a_session_that_fits_no_cookie_is_a_clean_failure(world: World, browser: Browser) -> None:
    """Browsers silently drop a cookie that is too long. The callback reports the failure and revokes the token."""
    world.cognito.refresh_token_length = 3500
    answer = come_back(browser, begin(world, browser))
    assert answer.location == "/api/?error=login_failed"
    assert browser.cookies == {}
    assert browser.rejected == []
