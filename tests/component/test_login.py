"""Tests of GET /auth/login: the request that the browser sends to Cognito, and the cookies that the browser keeps."""

import re

import pytest

from chalicelib.gatehouse.sealed.transactions import COOKIE_PREFIX
from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser, LambdaContext, build_event
from tests.doubles.cognito import Person


@pytest.mark.security("S-01")
def test_login_asks_for_a_code_and_nothing_else(world: World, browser: Browser) -> None:
    """The request never uses the implicit flow or the hybrid flow."""
    query = world.cognito.read_authorize_url(browser.get("/auth/login").location)
    assert query["response_type"] == "code"


@pytest.mark.security("S-02")
def test_every_login_has_its_own_s256_challenge(world: World, browser: Browser) -> None:
    """Each sign-in has a different verifier. The challenge is the SHA-256 of the verifier in base64url."""
    queries = [
        world.cognito.read_authorize_url(browser.get("/auth/login").location) for _ in range(2)
    ]
    assert queries[0]["code_challenge"] != queries[1]["code_challenge"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", query["code_challenge"]) for query in queries)
    assert {query["code_challenge_method"] for query in queries} == {"S256"}


@pytest.mark.security("S-03")
def test_state_and_nonce_are_long_independent_and_new_each_time(
    world: World, browser: Browser
) -> None:
    """Each value has 256 random bits, and no value occurs twice."""
    seen = set()
    for _ in range(4):
        query = world.cognito.read_authorize_url(browser.get("/auth/login").location)
        seen |= {query["state"], query["nonce"], query["code_challenge"]}
    assert len(seen) == 12
    assert all(len(value) >= 43 for value in seen)


@pytest.mark.security("S-04")
@pytest.mark.parametrize(
    "header",
    [
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "X-Original-URL",
        "X-Forwarded-Prefix",
    ],
)
def test_redirect_uri_ignores_what_the_caller_says_of_the_host(
    world: World, browser: Browser, header: str
) -> None:
    """The registered address comes from `requestContext`. The headers have no effect on it."""
    location = browser.get("/auth/login", headers=[(header, "evil.example")]).location
    query = world.cognito.read_authorize_url(location)
    assert query["redirect_uri"] == f"{browser.root}auth/callback"
    assert "evil" not in location


@pytest.mark.security("S-04")
def test_redirect_uri_on_a_custom_domain_has_no_stage(world: World) -> None:
    """The base path mapping determines the path. The same package works on the custom domain and on execute-api."""
    browser = world.browser(domain="app.example.org", stage="")
    query = world.cognito.read_authorize_url(browser.get("/auth/login").location)
    assert query["redirect_uri"] == "https://app.example.org/auth/callback"


@pytest.mark.security("S-05")
def test_scopes_are_sent_and_do_not_hold_the_user_api(world: World, browser: Browser) -> None:
    """Without the parameter `scope`, Cognito would grant every scope that the client allows."""
    query = world.cognito.read_authorize_url(browser.get("/auth/login").location)
    assert query["scope"].split() == ["openid", "email", "profile", "api/read", "api/write"]


@pytest.mark.security("S-06")
@pytest.mark.parametrize(
    "query",
    [
        "provider=Evil",
        "provider=okta",
        "provider=",
        "provider=Okta%26scope%3Daws.cognito.signin.user.admin",
        "provider=Okta%0d%0aSet-Cookie:x=1",
        "provider=Okta&provider=Okta",
        "provider=Okta&provider=Evil",
        "email=a@x.example&email=b@x.example",
        "return_to=/api/&return_to=/api/x",
    ],
)
def test_login_refuses_providers_and_doubles_that_it_does_not_know(
    world: World, browser: Browser, query: str
) -> None:
    """The server sends only registered provider names to Cognito. If a parameter is repeated, the request is an
    error."""
    answer = browser.get(f"/auth/login?{query}")
    assert answer.status == 400
    assert answer.json()["error"] in ("unknown_provider", "invalid_request")
    assert answer.set_cookies == []


@pytest.mark.security("S-06")
def test_callers_cannot_add_authorize_parameters(world: World, browser: Browser) -> None:
    """The caller adds parameters to the request. The authorize URL contains none of them."""
    extra = "scope=openid&response_type=token&redirect_uri=https://evil.example&prompt=none&state=s&nonce=n&client_id=x"
    location = browser.get(f"/auth/login?provider=Okta&{extra}").location
    query = world.cognito.read_authorize_url(location)
    assert set(query) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "identity_provider",
    }
    assert query["state"] != "s"
    assert query["nonce"] != "n"
    assert "evil" not in location


@pytest.mark.security("S-08")
@pytest.mark.security("S-27")
def test_the_transaction_is_http_only_lax_and_ten_minutes(world: World, browser: Browser) -> None:
    """Scripts cannot read the cookie. The person at the browser cannot read the verifier and the nonce, because the
    cookie's value is encrypted."""
    answer = browser.get("/auth/login")
    (cookie,) = answer.set_cookies
    assert cookie.startswith(COOKIE_PREFIX)
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600")
    query = world.cognito.read_authorize_url(answer.location)
    assert query["nonce"] not in cookie
    assert query["state"] not in cookie
    assert answer.body == ""


@pytest.mark.security("S-08")
def test_the_verifier_goes_only_to_the_token_endpoint(world: World, browser: Browser) -> None:
    """The browser receives the verifier in no response. Only the token request contains it."""
    world.sign_in(browser)
    (form,) = [form for _, path, form in world.cognito.requests if path == "/oauth2/token"]
    seen = repr([(a.headers, a.set_cookies, a.body) for a in browser.answers])
    assert form["code_verifier"] not in seen
    assert form["code"] not in seen
    assert 43 <= len(form["code_verifier"]) <= 128


@pytest.mark.security("S-27")
def test_the_login_cookie_reaches_the_callback_and_the_session_cookie_does_not(
    world: World, browser: Browser
) -> None:
    """When Cognito redirects from another site, browsers send a Lax cookie, but do not send a Strict cookie."""
    world.sign_in(browser)
    browser.get("/auth/login")
    sent = browser.cookie_header("GET", "cross-site")
    assert COOKIE_PREFIX in sent
    assert "__Host-gatehouse=" not in sent


def test_an_address_picks_its_provider_by_domain(world: World, browser: Browser) -> None:
    """If the domain in `email=` has a provider, the sign-in starts there. For any other address, it starts on Cognito's
    sign-in page."""
    world.dynamodb.put(
        world.settings.providers_table,
        {"name": {"S": "Contoso"}, "domains": {"SS": ["contoso.example"]}},
    )
    world.cognito.providers |= {"Contoso"}
    chosen = [
        world.cognito.read_authorize_url(browser.get(f"/auth/login?email={email}").location)
        for email in ("Bo@CONTOSO.example", "bo@elsewhere.example")
    ]
    assert [query["identity_provider"] for query in chosen] == ["Contoso", "COGNITO"]


def test_email_of_a_foreign_domain_is_refused_where_direct_sign_in_is_off(
    world: World, browser: Browser
) -> None:
    """Without direct sign-in, the app has no form for the address. COGNITO is not a provider in this mode."""
    world.restart(direct_sign_in="off")
    for query in ("email=bo@elsewhere.example", "provider=COGNITO"):
        assert browser.get(f"/auth/login?{query}").json()["error"] == "unknown_provider"


def test_login_clears_the_oldest_transactions_beyond_four(world: World, browser: Browser) -> None:
    """A browser has at most four sign-ins in progress."""
    for _ in range(7):
        world.clock.advance(1)
        browser.get("/auth/login")
    assert len(browser.cookies) == 4


def login_cookies(answer: Answer) -> list[str]:
    """Return the names of the login cookies that a response clears."""
    cleared = [text.partition("=")[0] for text in answer.set_cookies if "Max-Age=0" in text]
    return [name for name in cleared if name.startswith("__Host-gatehouse-login-")]


@pytest.mark.security("S-31")
@pytest.mark.parametrize("kind", ["dead", "broken", "alive"])
def test_one_answer_clears_four_login_cookies_at_most(
    world: World, browser: Browser, kind: str
) -> None:
    """API Gateway passes on at most 10,240 bytes of headers. The remaining cookies are cleared at later sign-ins."""
    for number in range(30):
        other = world.browser()
        other.get("/auth/login")
        for name, cookie in other.cookies.items():
            browser.cookies[name] = cookie
            if kind == "broken":
                cookie.value = f"junk{number}"
            # Simulate a browser whose clock is wrong: the cookie does not expire.
            cookie.expires_at = None
    if kind == "dead":
        world.clock.advance(700)
    before = len(browser.cookies)
    for turn in range(1, 4):
        assert len(login_cookies(browser.get("/auth/login"))) == 4
        assert len(browser.cookies) == before - 3 * turn
    states = "&".join(f"state=s{n}" for n in range(30))
    back = browser.get(f"/auth/callback?{states}&code=x", site="cross-site")
    assert len(login_cookies(back)) == 4


@pytest.mark.security("S-29")
@pytest.mark.parametrize(
    ("site", "kept"),
    [
        ("same-origin", True),
        ("same-site", False),
        ("cross-site", False),
        ("none", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("allowed", [False, True])
def test_only_our_own_page_decides_that_a_session_is_remembered(
    world: World, site: str | None, kept: bool, allowed: bool
) -> None:
    """If the request comes from another page, a mail or a typed address, the server ignores the ticked box "remember
    me". The server also ignores the box if the browser does not send the headers about the request's source."""
    origin = "https://notes.example.org"
    world.restart(allowed_origins=frozenset({origin} if allowed else ()))
    browser = world.browser()
    headers = [("Sec-Fetch-Site", site)] if site else []
    headers += [("Referer", origin), ("Sec-Fetch-Mode", "navigate")]
    start = browser.send("GET", "/auth/login?provider=Okta&remember=1", headers)
    back = world.cognito.authorize(start.location, Person())
    answer = browser.get(back, site="cross-site")
    (cookie,) = [text for text in answer.set_cookies if text.startswith("__Host-gatehouse=")]
    assert ("Max-Age" in cookie) is kept


@pytest.mark.security("S-31")
def test_all_cookies_together_stay_below_the_gateways_header_limit(
    world: World, browser: Browser
) -> None:
    """The test uses four sign-ins with the longest `return_to`, and a session with the longest refresh token. These cookies
    leave 2 kB for other headers."""
    from urllib.parse import quote

    world.cognito.refresh_token_length = 2048
    world.sign_in(browser, query="provider=Okta&remember=1")
    longest = max(n for n in range(4096) if _kept("/api/" + "x" * n))
    for _ in range(4):
        browser.get("/auth/login?return_to=" + quote("/api/" + "x" * longest))
    assert len(browser.cookies) == 2  # the session, and the transaction of the newest sign-in
    assert len(browser.cookie_header("GET", "same-origin")) < 10_240 - 2_048
    for _ in range(6):
        browser.get("/auth/login?return_to=" + quote("/api/" + "x" * 600))
    assert len(browser.cookie_header("GET", "same-origin")) < 10_240 - 2_048


def _kept(path: str) -> bool:
    from chalicelib.gatehouse.edge.redirects import parse_return_to

    return parse_return_to(path, "/api/") == path


def test_login_starts_without_query_or_headers(world: World) -> None:
    """If a request has no query or headers, API Gateway sends null. Managed login then shows all ways to sign in."""
    from app import app

    event = build_event(app.routes, "GET", "/auth/login", domain="x.example", stage="")
    raw = app(event, LambdaContext())
    assert raw["statusCode"] == 302
    assert "identity_provider" not in raw["headers"]["Location"]


def test_a_native_person_signs_in_at_managed_login(world: World, browser: Browser) -> None:
    """The flow is the same for Cognito's native users. The record has COGNITO as provider."""
    native = Person(username="0b7c-native", provider="COGNITO")
    world.sign_in(browser, native, query="provider=COGNITO")
    assert world.users()["0b7c-native"]["provider"] == "COGNITO"


def test_an_outage_at_the_start_is_told_on_the_page(world: World, browser: Browser) -> None:
    """If a person followed a link, the browser shows the page with the error. Other clients receive the error status.
    In both cases, no sign-in starts."""
    world.secrets.fault = client_error("InternalServiceError")
    answer = browser.get("/auth/login?provider=Okta")
    assert (answer.status, answer.location) == (303, "/api/?error=temporarily_unavailable")
    plain = browser.send("GET", "/auth/login?provider=Okta")
    assert (plain.status, plain.json()["error"]) == (503, "temporarily_unavailable")
    assert not browser.cookies
