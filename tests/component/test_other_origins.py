"""Tests of front ends on other origins of the same site. The setting `ALLOWED_ORIGINS` lists these origins."""

import pytest

from app import app, gate
from chalicelib.gatehouse.guard.cors import CREDENTIALED
from chalicelib.gatehouse.routes.table import FOR_SERVERS, FORMS_OF_OTHERS
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.browser import Answer, Browser

OTHER = "https://notes.example.com"
ALLOWED = frozenset({OTHER, "https://app.example.com:8443"})
COOKIE_ROUTES = sorted(path for _, path in CREDENTIALED)
STRANGERS = [
    "https://evil.example",
    "null",
    "",
    "*",
    "http://notes.example.com",
    "https://notes.example.com:444",
    "https://notes.example.com/",
    "https://NOTES.example.com",
    "https://notes.example.com.evil.example",
    "https://evil-notes.example.com",
    "https://app.example.com",
    "https://notes.example.com, https://evil.example",
]


@pytest.fixture
def opened(world: World, signed_in: Browser) -> Browser:
    """A signed-in browser on a stage that allows two other origins."""
    world.restart(allowed_origins=ALLOWED)
    return signed_in


def cors(answer: Answer) -> dict[str, str]:
    return {n: v for n, v in answer.headers.items() if n.startswith("access-control")}


def from_origin(browser: Browser, route: str, origin: str, fetch_site: str | None) -> Answer:
    """Call a cookie route as session.js does on a page of `origin`."""
    if fetch_site is None:
        return browser.post(route, {}, headers=[("Origin", origin)], drop=["Sec-Fetch-Site"])
    return browser.post(route, {}, headers=[("Origin", origin), ("Sec-Fetch-Site", fetch_site)])


@pytest.mark.security("S-30")
@pytest.mark.parametrize("fetch_site", ["same-site", None])
@pytest.mark.parametrize("origin", sorted(ALLOWED))
def test_an_allowed_origin_renews_and_ends_the_session(
    opened: Browser, origin: str, fetch_site: str | None
) -> None:
    """The call sends credentials. The response names the origin of the page, and scripts can read `Retry-After`."""
    expected = {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After",
    }
    for route in ("/auth/refresh", "/auth/logout"):
        answer = from_origin(opened, route, origin, fetch_site)
        assert answer.status == 200
        assert cors(answer) == expected
        assert answer.headers["vary"] == "Origin"
    assert opened.cookies == {}


@pytest.mark.security("S-28")
@pytest.mark.security("S-30")
@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("route", COOKIE_ROUTES)
def test_everybody_else_is_refused_as_before(
    world: World, opened: Browser, route: str, origin: str
) -> None:
    """The response is 403 without a CORS header. The session continues."""
    before, calls = dict(opened.cookies), len(world.cognito.requests)
    for fetch_site in ("same-site", "cross-site", "same-origin", None):
        answer = from_origin(opened, route, origin, fetch_site)
        assert (answer.status, answer.json()["error"]) == (403, "csrf")
        assert cors(answer) == {}
        assert answer.headers["vary"] == "Origin"
    assert (opened.cookies, len(world.cognito.requests)) == (before, calls)


@pytest.mark.security("S-28")
@pytest.mark.parametrize("fetch_site", ["cross-site", "none", "same-origin"])
def test_an_allowed_origin_of_another_site_is_refused(opened: Browser, fetch_site: str) -> None:
    """An operator has listed an origin of another site by mistake. Browsers say from which site a request comes, and
    the server refuses this request."""
    answer = from_origin(opened, "/auth/refresh", OTHER, fetch_site)
    assert (answer.status, answer.json()["error"]) == (403, "csrf")


@pytest.mark.security("S-28")
def test_an_allowed_origin_needs_the_header_too(opened: Browser) -> None:
    """Browsers send a preflight only if the request has a special header. So the server requires such a header."""
    answer = opened.post("/auth/refresh", headers=[("Origin", OTHER)], drop=["X-Gatehouse"])
    assert (answer.status, answer.json()["error"]) == (403, "csrf")


@pytest.mark.security("S-28")
@pytest.mark.parametrize(
    "route",
    sorted(
        path
        for path, methods in app.routes.items()
        if "POST" in methods
        and methods["POST"].authorizer is None
        and path not in COOKIE_ROUTES
        and ("POST", path) not in FORMS_OF_OTHERS | FOR_SERVERS
    ),
)
def test_no_other_public_post_is_open_to_allowed_origins(opened: Browser, route: str) -> None:
    """People type passwords and codes only on our page."""
    answer = from_origin(opened, route, OTHER, "same-site")
    assert (answer.status, answer.json()["error"]) == (403, "csrf")
    assert cors(answer) == {}
    assert "OPTIONS" not in app.routes[route]


@pytest.mark.security("S-30")
def test_authorized_routes_are_open_without_credentials(opened: Browser) -> None:
    """The request has the token in a header. The response does not allow the browser to send cookies."""
    answer = opened.get("/me", claims=CLAIMS, headers=[("Origin", OTHER)])
    assert answer.status == 200
    assert cors(answer) == {
        "access-control-allow-origin": OTHER,
        "access-control-expose-headers": "Retry-After",
    }
    refused = opened.get("/me", headers=[("Origin", OTHER)])
    assert (refused.status, cors(refused)) == (401, cors(answer))
    for stranger in STRANGERS:
        assert cors(opened.get("/me", claims=CLAIMS, headers=[("Origin", stranger)])) == {}


@pytest.mark.security("S-30")
def test_preflights_are_answered_for_what_is_open_and_for_nothing_else(opened: Browser) -> None:
    """The response names the path's methods and headers, and browsers cache it for ten minutes. Cookies are allowed
    only on the routes for the session."""
    for path, methods in app.routes.items():
        is_open = path in (*COOKIE_ROUTES, "/auth/config", "/auth/session") or any(
            entry.authorizer is not None for entry in methods.values()
        )
        assert ("OPTIONS" in methods) == is_open, path
    preflight = opened.send("OPTIONS", "/auth/refresh", [("Origin", OTHER)])
    assert (preflight.status, preflight.body) == (204, "")
    assert cors(preflight) == {
        "access-control-allow-origin": OTHER,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type, x-gatehouse",
        "access-control-expose-headers": "Retry-After",
        "access-control-max-age": "600",
    }
    preflight = opened.send("OPTIONS", "/whoami", [("Origin", OTHER)])
    assert preflight.headers["access-control-allow-methods"] == "GET"
    assert preflight.headers["access-control-allow-headers"] == "authorization, content-type"
    assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.security("S-30")
@pytest.mark.parametrize("origin", STRANGERS)
def test_preflights_of_strangers_are_refused(opened: Browser, origin: str) -> None:
    """The response is 403 and has no CORS header. For this reason, the browser does not send the actual request."""
    for route in (*COOKIE_ROUTES, "/me", "/whoami"):
        answer = opened.send("OPTIONS", route, [("Origin", origin)])
        assert (answer.status, answer.json()["error"], cors(answer)) == (403, "forbidden", {})
    assert opened.send("OPTIONS", "/me").status == 403


def test_the_configuration_is_readable_and_tells_of_a_session(opened: Browser) -> None:
    """On an allowed origin, a script can send the cookie and read the configuration. On any other origin, a script
    cannot read it."""
    answer = opened.get("/auth/config", headers=[("Origin", OTHER)])
    assert answer.json()["session"] is True
    assert cors(answer) == {
        "access-control-allow-origin": OTHER,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After",
    }
    for stranger in STRANGERS:
        assert cors(opened.get("/auth/config", headers=[("Origin", stranger)])) == {}


@pytest.mark.security("S-30")
def test_a_stage_adds_request_and_response_headers_for_its_origins(
    world: World, opened: Browser
) -> None:
    """For example, a tracing library adds a header to each request, or a page reads the length of a list from a
    response header."""
    world.restart(allowed_headers=("traceparent", "if-match"), exposed_headers=("etag", "x-total"))
    for route, own in (
        ("/auth/refresh", "content-type, x-gatehouse"),
        ("/me", "authorization, content-type"),
        ("/auth/config", "content-type"),
    ):
        preflight = opened.send("OPTIONS", route, [("Origin", OTHER)])
        allowed = preflight.headers["access-control-allow-headers"]
        assert allowed == f"{own}, traceparent, if-match"
        exposed = preflight.headers["access-control-expose-headers"]
        assert exposed == "Retry-After, etag, x-total"
    assert opened.send("OPTIONS", "/me", [("Origin", "https://evil.example")]).status == 403


def test_a_preflight_calls_nobody(world: World, opened: Browser) -> None:
    """Preflights have no authentication, so they must not cause any calls that cost money."""
    world.restart()
    before = len(world.cognito.requests), len(world.secrets.reads), len(world.dynamodb.calls)
    opened.send("OPTIONS", "/me", [("Origin", OTHER)])
    assert before == (
        len(world.cognito.requests),
        len(world.secrets.reads),
        len(world.dynamodb.calls),
    )


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    ("return_to", "expected"),
    [
        (f"{OTHER}/notes?id=1#top", f"{OTHER}/notes?id=1#top"),
        (f"{OTHER}/", f"{OTHER}/"),
        ("https://app.example.com:8443/x", "https://app.example.com:8443/x"),
        ("https://app.example.com/x", "/api/"),
        ("https://evil.example/", "/api/"),
        (f"{OTHER}@evil.example/", "/api/"),
        (f"{OTHER}.evil.example/", "/api/"),
        ("https://notes.example.com\\@evil.example/", "/api/"),
        ("//notes.example.com/", "/api/"),
        ("http://notes.example.com/", "/api/"),
    ],
)
def test_a_sign_in_comes_back_to_an_allowed_origin(
    world: World, return_to: str, expected: str
) -> None:
    """If the target's origin is in the list, the redirect leads to the target. Otherwise, it leads to our page."""
    world.restart(allowed_origins=ALLOWED)
    from urllib.parse import quote

    query = f"provider=Okta&return_to={quote(return_to, safe='')}"
    assert world.sign_in(world.browser(), query=query).location == expected


@pytest.mark.security("S-07")
def test_the_way_back_is_checked_again_at_the_callback(world: World, browser: Browser) -> None:
    """While the person was at Okta, an operator removed the origin from the list. The callback does not redirect to
    this origin."""
    from tests.doubles.cognito import Person

    world.restart(allowed_origins=ALLOWED)
    start = browser.get(f"/auth/login?provider=Okta&return_to={OTHER}/")
    world.restart(allowed_origins=frozenset())
    back = world.cognito.authorize(start.location, Person())
    assert browser.get(back, site="cross-site").location == "/api/"


def test_a_stage_that_is_not_set_up_answers_as_ever(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code for CORS reads the settings after the view has run. If the settings are invalid, the response is still the
    plain 500 response."""
    gate.services = None
    monkeypatch.delenv("USERS_TABLE", raising=False)
    answer = browser.post("/auth/refresh", headers=[("Origin", OTHER)])
    assert (answer.status, answer.json()["error"]) == (500, "misconfigured")
    assert cors(answer) == {}
