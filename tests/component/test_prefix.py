"""Tests of Gatehouse below a prefix of another app: every route, hosted and direct sign-in, and the sign-out."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from chalice.app import Chalice

from app import gate as own_gate
from chalicelib.gatehouse import Gatehouse
from chalicelib.gatehouse.routes.table import TABLE
from tests.component import contract
from tests.component.direct import EMAIL, PASSWORD, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import DOMAIN, World
from tests.doubles.browser import Answer, Browser
from tests.doubles.clock import Clock
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

PREFIX = "/team/account"
ROOT = f"https://{DOMAIN}/api"
PAGE = f"/api{PREFIX}"
OTHER = "https://app.example.com"


class Below(Browser):
    """A browser that calls the documented paths below the prefix, and that compares every response with the OpenAPI
    document."""

    prefix = PREFIX
    asked: set[tuple[str, str]]

    def send(self, method: str, target: str, *more: Any, **named: Any) -> Answer:
        path = target.removeprefix(ROOT).removeprefix(PREFIX)
        answer = super().send(method, PREFIX + path.removeprefix("/?"), *more, **named)
        own = urlsplit(path).path or "/"
        assert contract.problems(method, own, answer) == []
        self.asked.add((method, contract._template(own)))
        return answer


@pytest.fixture
def browser(direct: Direct, clock: Clock) -> Below:
    """A browser at a team's app, which has its own page and its own /health route."""
    app = Chalice("orders")
    gate = Gatehouse(app, prefix=PREFIX, public={("GET", "/"), ("GET", "/health")})
    for path in ("/", "/health"):
        app.route(path)(lambda: {"of": "the team"})
    app.route("/orders", authorizer=gate.authorized("api/read"))(lambda: {"orders": []})
    direct.restart(allowed_origins=frozenset({OTHER}))
    gate.services = own_gate.services
    direct.world.cognito.redirect_uris = frozenset({f"{ROOT}{PREFIX}/auth/callback"})
    direct.world.cognito.logout_uris = frozenset({f"{ROOT}{PREFIX}?signed_out=1"})
    made = Below(app, clock)
    made.asked = set()
    return made


def sign_in(world: World, browser: Below, query: str = "provider=Okta") -> Answer:
    start = browser.get(f"/auth/login?{query}")
    return browser.get(world.cognito.authorize(start.location, Person()), site="cross-site")


def test_the_page_and_its_files(browser: Below) -> None:
    """Every address in the HTML begins with the API stage and the prefix. The team's own page still works."""
    page = browser.get("")
    assert f'content="{PAGE}/"' in page.body
    version = page.body.partition(f"{PAGE}/assets/")[2].partition("/")[0]
    assert browser.get(f"/assets/{version}/app.js").status == 200
    assert page.body.count(f'href="{PAGE}/auth/login?provider=Okta"') == 2, (
        "with and without scripts"
    )
    assert browser.get("/health").json()["status"] == "ok"
    assert browser.get("/auth/config").json()["return_to"] is None
    plain = Browser(browser._app, browser._clock)
    assert plain.get("/health").json() == plain.get("/").json() == {"of": "the team"}


def test_from_the_sign_in_to_the_sign_out(direct: Direct, browser: Below) -> None:
    """The person signs in with Okta. The registered addresses contain the prefix. The cookies are valid for the whole
    host, and the team's route accepts the token."""
    world = direct.world
    start = browser.get("/auth/login?provider=Okta")
    (redirect,) = parse_qs(urlsplit(start.location).query)["redirect_uri"]
    assert redirect == f"{ROOT}{PREFIX}/auth/callback"
    back = world.cognito.authorize(start.location, Person())
    assert browser.get(back, site="cross-site").location == PAGE
    assert all("Path=/;" in cookie for cookie in browser.answers[-1].set_cookies)
    assert browser.post("/auth/refresh").json()["user"]["email"] == "ada@example.org"
    assert browser.get("/me", claims=CLAIMS).json()["Email"] == "ada@example.org"
    team = Browser(browser._app, browser._clock)
    assert team.get("/orders", claims=CLAIMS).json() == {"orders": []}
    (leaves,) = parse_qs(urlsplit(browser.post("/auth/logout").json()["logout_url"]).query)[
        "logout_uri"
    ]
    assert leaves == f"{ROOT}{PREFIX}?signed_out=1"
    assert browser.get("?signed_out=1").status == 200
    assert browser.cookies == {}


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ("/api/orders?open=1", "/api/orders?open=1"),
        ("/api/", "/api/"),
        (f"{PAGE}/", PAGE),
        (f"{PAGE}/?returned=1", f"{PAGE}?returned=1"),
        (f"{PAGE}/#profile", f"{PAGE}#profile"),
        (f"{OTHER}/reports", f"{OTHER}/reports"),
        ("/other", PAGE),
        ("https://evil.example/", PAGE),
        ("//evil.example", PAGE),
    ],
)
def test_a_sign_in_leads_to_any_path_of_the_api(
    direct: Direct, browser: Below, wish: str, place: str
) -> None:
    """The team's pages are outside the prefix. The address of our page has no trailing slash, because API Gateway's
    paths never end in a slash."""
    assert (
        sign_in(direct.world, browser, f"provider=Okta&return_to={quote(wish)}").location == place
    )


def test_what_fails_comes_back_to_the_page(direct: Direct, browser: Below) -> None:
    """The redirect to the page keeps the person's target. After a failure, the redirect has an error code that the page
    can explain."""
    assert browser.get("/auth/callback?state=x&code=y").location == f"{PAGE}?error=login_unknown"
    chosen = browser.get("/auth/login?return_to=/api/orders")
    assert chosen.location == f"{PAGE}?return_to=%2Fapi%2Forders"
    tile = [("Content-Type", "application/x-www-form-urlencoded")]
    posted = browser.send("POST", "/auth/login", tile, body="iss=https%3A%2F%2Fx.example")
    assert posted.location.startswith(f"{PAGE}/auth/login?iss=")


def test_our_own_form(direct: Direct, browser: Below) -> None:
    """Password, second factor, account forms and mailed codes work below the prefix. `login_url` has the prefix."""
    direct.with_totp()
    answer = browser.post("/auth/direct/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert answer.json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"
    challenge = {"name": "SOFTWARE_TOKEN_MFA", "code": direct.totp()}
    assert browser.post("/auth/direct/challenge", challenge).status == 200
    assert browser.post("/auth/direct/sign-up", {"email": "new@example.org"}).status == 200
    assert browser.post("/auth/direct/resend-code", {"email": "new@example.org"}).status == 200
    assert browser.post("/auth/direct/forgot-password", {"email": EMAIL}).status == 200
    proof = {"email": EMAIL, "code": "000000", "password": PASSWORD}
    assert browser.post("/auth/direct/reset-password", proof).status == 400
    named = {**proof, "given_name": "Grace", "family_name": "Hopper"}
    assert browser.post("/auth/direct/confirm", named).status == 400
    assert browser.post("/auth/discover", {"email": EMAIL}).json()["direct"] is True
    unknown = direct.pool.add(PoolUser("odd@example.org", PASSWORD))
    unknown.challenge = "CUSTOM_CHALLENGE"
    answer = browser.post("/auth/direct/sign-in", {"email": unknown.email, "password": PASSWORD})
    if answer.status == 401 and "login_url" in answer.json():
        assert answer.json()["login_url"].startswith(f"{PAGE}/auth/login")
    for path in ("setup", "verify", "disable"):
        sent = {"password": "wrong", "code": "000000"}
        assert browser.post(f"/auth/mfa/{path}", sent).status in (400, 401)


@pytest.mark.security("S-28", "S-30")
def test_other_origins_and_the_check_of_our_own_page(direct: Direct, browser: Below) -> None:
    """Other origins may call the routes below the prefix with the cookie (CORS). The team's routes with the same names
    outside the prefix do not allow such calls."""
    sign_in(direct.world, browser)
    preflight = browser.send("OPTIONS", "/auth/refresh", [("Origin", OTHER)])
    assert preflight.headers["access-control-allow-credentials"] == "true"
    theirs = [("Origin", OTHER), ("Sec-Fetch-Site", "same-site")]
    assert browser.post("/auth/refresh", headers=theirs).status == 200
    assert browser.post("/auth/direct/sign-in", {}, headers=theirs).status == 403
    assert browser.post("/auth/refresh", drop=["X-Gatehouse"]).status == 403
    assert "/auth/refresh" not in browser._app.routes


def test_the_document_names_the_prefixed_paths(browser: Below) -> None:
    """`servers` has the root of the API. The paths are the paths of API Gateway."""
    document = browser.get("/openapi.json").json()
    assert document["servers"] == [{"url": ROOT}]
    assert {f"{PREFIX}/me", PREFIX, f"{PREFIX}/auth/callback"} <= set(document["paths"])
    assert not [path for path in document["paths"] if not path.startswith(PREFIX)]


def test_administrators_and_names(direct: Direct, browser: Below) -> None:
    """The test calls the routes that the tests above do not call."""
    sign_in(direct.world, browser)
    admin = {**CLAIMS, "cognito:groups": "admins"}
    assert browser.get("/users", claims=admin).status in (200, 401)
    assert browser.send("POST", "/users/nobody/sign-out", claims=admin).status in (401, 404)
    body = '{"given_name": "A"}'
    json_type = [("Content-Type", "application/json")]
    assert browser.send("PATCH", "/me", json_type, body=body, claims=CLAIMS).status == 409
    assert browser.send("HEAD", "/me", claims=CLAIMS).status == 200


def test_every_route_of_ours_is_below_the_prefix(browser: Below) -> None:
    """Outside the prefix, the app has only the team's own routes."""
    below = {
        (method, path.removeprefix(PREFIX) or "/")
        for path, methods in browser._app.routes.items()
        for method in methods
        if path.startswith(PREFIX)
    }
    assert below >= {(route.method, route.path) for route in TABLE}
    assert {path for path in browser._app.routes if not path.startswith(PREFIX)} == {
        "/",
        "/health",
        "/orders",
    }
