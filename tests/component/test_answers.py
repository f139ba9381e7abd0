"""Tests of what all responses have in common: security headers, the error format, content types, caching."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from app import app, gate
from chalicelib.gatehouse.edge.security_headers import CONTENT_SECURITY_POLICY, SECURITY_HEADERS
from chalicelib.gatehouse.page.static_files import load_static_files
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser, LambdaContext, build_event


def script_name() -> str:
    return f"/assets/{load_static_files().version}/app.js"


def status_cases() -> dict[str, tuple[int, Any]]:
    """Return test cases for every route and status of this file. Each case has a name, the status, and a function that
    requests the route."""
    own = [("X-Gatehouse", "1"), ("Origin", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com")]
    return {
        "page": (200, lambda b: b.get("/")),
        "asset": (200, lambda b: b.get(script_name())),
        "asset of another version": (404, lambda b: b.get("/assets/0123/app.js")),
        "asset unknown": (404, lambda b: b.get(script_name().replace("app.js", "nothing.js"))),
        "health": (200, lambda b: b.get("/health")),
        "config": (200, lambda b: b.get("/auth/config")),
        "login": (302, lambda b: b.get("/auth/login")),
        "login refused": (400, lambda b: b.get("/auth/login?provider=Nobody")),
        "callback": (303, lambda b: b.get("/auth/callback?state=x&code=y")),
        "callback bare": (303, lambda b: b.get("/auth/callback")),
        "refresh without session": (401, lambda b: b.post("/auth/refresh")),
        "refresh forged": (403, lambda b: b.post("/auth/refresh", drop=["X-Gatehouse"])),
        "refresh with text": (
            415,
            lambda b: b.send(
                "POST", "/auth/refresh", [*own, ("Content-Type", "text/plain")], body="x"
            ),
        ),
        "refresh too large": (413, lambda b: b.post("/auth/refresh", {"a": "x" * 20_000})),
        "refresh not JSON": (400, lambda b: b.post("/auth/refresh", "{")),
        "logout without session": (401, lambda b: b.post("/auth/logout")),
        "method": (405, lambda b: b.send("PATCH", "/auth/logout")),
        "me without claims": (401, lambda b: b.get("/me")),
        "me without scope": (403, lambda b: b.get("/me", claims={**CLAIMS, "scope": "openid"})),
        "me without record": (404, lambda b: b.get("/me", claims=CLAIMS)),
        "whoami": (200, lambda b: b.get("/whoami", claims=CLAIMS)),
    }


CASES = status_cases()


def assert_well_dressed(answer: Answer) -> None:
    """Check that every security header has the expected value, and that the content type has a charset."""
    for name, value in SECURITY_HEADERS.items():
        if name == "Cache-Control" and "etag" in answer.headers:
            continue  # browsers may cache the page and its files, which contain no secrets
        assert answer.headers[name.lower()] == value
    assert "charset=utf-8" in answer.headers["content-type"]
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        expected = {"error", "message"} | ({"request_id"} if answer.status >= 500 else set())
        assert set(answer.json()) - {"field"} == expected
        assert answer.json()["message"].endswith(".")


@pytest.mark.security("S-53")
@pytest.mark.parametrize("name", CASES, ids=str)
def test_every_answer_has_the_security_headers(world: World, browser: Browser, name: str) -> None:
    """The test covers 2xx, 3xx and 4xx responses."""
    status, call = CASES[name]
    answer = call(browser)
    assert answer.status == status
    assert_well_dressed(answer)


@pytest.mark.security("S-53")
@pytest.mark.parametrize("target", ["/auth/config", "/auth/login?provider=Okta"])
def test_answers_about_outages_have_them_too(world: World, browser: Browser, target: str) -> None:
    """During an outage, clients other than browsers receive a 503 response with `Retry-After`."""
    world.dynamodb.fault = client_error("InternalServerError")
    answer = browser.send("GET", target)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert_well_dressed(answer)


@pytest.mark.security("S-63")
def test_missing_settings_are_named_in_the_log_and_not_in_the_answer(
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    browser: Browser,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """If settings are missing, one log line names all of them. The response contains only a general sentence."""
    from tests.component.world import ENVIRONMENT

    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    gate.services = None
    for target in ("/", "/auth/config", "/auth/login", "/auth/callback?state=a&code=b"):
        answer = browser.get(target)
        assert_well_dressed(answer)
        assert (answer.status, answer.json()["error"]) == (500, "misconfigured")
        assert "USER_POOL_ID" not in answer.body
    lines = capsys.readouterr().out.splitlines()
    for name in (
        "USER_POOL_ID",
        "CLIENT_ID",
        "COGNITO_URL",
        "USERS_TABLE",
        "SEALING_KEYS_SECRET_ARN",
    ):
        assert all(name in line for line in lines)


def test_health_needs_no_settings_at_all(world: World, browser: Browser) -> None:
    """The route reports that the app runs. It makes no outbound call."""
    gate.services = None
    assert browser.get("/health").json()["status"] == "ok"


@pytest.mark.security("S-63")
def test_debug_is_off() -> None:
    """In debug mode, Chalice puts tracebacks into responses."""
    assert app.debug is False


@pytest.mark.security("S-52")
def test_the_policy_allows_our_own_origin_only() -> None:
    """The policy contains no inline source, eval, wildcard, third party or bare scheme. The policy also restricts
    `base-uri`, `form-action`, frames and trusted types."""
    sources = {source for values in CONTENT_SECURITY_POLICY.values() for source in values}
    assert sources == {"'self'", "'none'", "'script'"}
    for directive in ("default-src", "object-src", "base-uri", "frame-ancestors", "trusted-types"):
        assert CONTENT_SECURITY_POLICY[directive] == ("'none'",)
    assert CONTENT_SECURITY_POLICY["require-trusted-types-for"] == ("'script'",)
    assert CONTENT_SECURITY_POLICY["form-action"] == ("'self'",)


class _Page(HTMLParser):
    """An HTML parser that collects each element that a strict policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.links: list[str] = []
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [
            f"{tag} {name}" for name in given if name.startswith("on") or name == "style"
        ]
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.faults.append(f"inline {tag}")
        if tag == "form" and "auth/login" in (given.get("action") or ""):
            self.faults.append("a form to /auth/login")
        self.links += [
            value for name, value in given.items() if name in ("src", "href", "action") and value
        ]


@pytest.mark.security("S-52")
def test_the_page_needs_nothing_that_the_policy_forbids(world: World, browser: Browser) -> None:
    """The page has no inline script or style, no handler attributes, and no address of another origin. The sign-in is a
    plain link."""
    page = _Page()
    page.feed(browser.get("/").body)
    assert page.faults == []
    assert page.links
    assert all(link.startswith(("/api/", "#")) for link in page.links)


@pytest.mark.security("S-54")
def test_the_title_is_escaped_into_the_page(world: World, browser: Browser) -> None:
    world.restart(app_title="<script>alert(1)</script>\"'&")
    body = browser.get("/").body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


@pytest.mark.security("S-04")
def test_the_pages_addresses_follow_the_request_context(world: World) -> None:
    """The app builds its addresses from the request. For this reason, one package works under `…/api` and under a
    custom domain."""
    assert 'href="/api/assets/' in world.browser().get("/").body
    assert 'href="/assets/' in world.browser(domain="app.example.org", stage="").get("/").body


def test_assets_are_cached_for_ever_and_the_page_is_asked_for_anew(
    world: World, browser: Browser
) -> None:
    """In a new release, a changed file has a name with a new fingerprint. The page uses the new name at once."""
    assert (
        browser.get(script_name()).headers["cache-control"] == "public, max-age=31536000, immutable"
    )
    assert browser.get("/").headers["cache-control"] == "private, no-cache"


@pytest.mark.security("S-53")
@pytest.mark.parametrize("target", ["/", script_name()], ids=["page", "asset"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_browser_that_has_this_version_gets_304(
    world: World, browser: Browser, target: str, form: str
) -> None:
    """The 304 response has no body. It has the same headers as the full response, and the browser updates its cached
    headers."""
    whole = browser.get(target)
    tag = whole.headers["etag"]
    assert tag.startswith('W/"')
    again = browser.get(target, headers=[("If-None-Match", form.format(tag.removeprefix("W/")))])
    assert (again.status, again.body) == (304, "")
    assert again.headers == whole.headers
    assert_well_dressed(again)


@pytest.mark.parametrize("target", ["/", script_name()], ids=["page", "asset"])
@pytest.mark.parametrize("tag", ["", '"other"', 'W/"other"', "nonsense", '"*"', "W/"])
def test_another_version_is_answered_in_full(
    world: World, browser: Browser, target: str, tag: str
) -> None:
    """The server sends a 304 response only if the request has exactly the ETag of the current version."""
    answer = browser.get(target, headers=[("If-None-Match", tag)])
    assert (answer.status, answer.body != "") == (200, True)


def test_without_scripts_the_providers_are_links(world: World, browser: Browser) -> None:
    """If the providers table cannot be read, the page has a link to managed login. Managed login also offers the
    providers."""

    def ways() -> str:
        answer = browser.get("/")
        assert answer.status == 200
        return answer.body.partition("<noscript>")[2].partition("</noscript>")[0]

    assert 'href="/api/auth/login?provider=Okta"' in ways()
    world.restart(direct_sign_in="off")
    assert "provider=COGNITO" not in ways()
    world.restart()
    world.dynamodb.fault = client_error("InternalServerError")
    assert "provider=Okta" not in ways()
    assert 'href="/api/auth/login?managed=1"' in ways()


def test_the_pages_tag_changes_with_what_it_says(world: World, browser: Browser) -> None:
    """The ETag depends on the title, the base path and the release."""
    tag = browser.get("/").headers["etag"]
    assert world.browser(domain="app.example.org", stage="").get("/").headers["etag"] != tag
    world.restart(app_title="Other")
    assert browser.get("/", headers=[("If-None-Match", tag)]).status == 200


@pytest.mark.security("S-33")
@pytest.mark.parametrize("name", ["config", "refresh without session", "health", "whoami"])
def test_nothing_else_may_be_kept(world: World, browser: Browser, name: str) -> None:
    """All other responses have `no-store`."""
    answer = CASES[name][1](browser)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "index.html", "..%2f..%2fapp.py", "app.js%00", "APP.JS", ".env"]
)
def test_only_known_assets_can_be_asked_for(world: World, name: str) -> None:
    """The server looks the name up in a list. It never opens a file with a name from the request."""
    from urllib.parse import unquote

    event = build_event(
        app.routes, "GET", f"/assets/{load_static_files().version}/x", domain="x.example", stage=""
    )
    event["pathParameters"]["name"] = unquote(name)
    assert app(event, LambdaContext())["statusCode"] == 404


def test_config_keeps_providers_with_domains_private(world: World, browser: Browser) -> None:
    """The list of customers must stay private. The page learns only whether at least one provider has a domain."""
    assert browser.get("/auth/config").json()["discover"] is False
    world.restart()
    for index in range(5):
        world.dynamodb.put(
            world.settings.providers_table,
            {
                "name": {"S": f"Customer{index}"},
                "domains": {"L": [{"S": f"customer{index}.example"}]},
            },
        )
    answer = browser.get("/auth/config")
    assert answer.json() == {
        "app": "Gatehouse",
        "direct_sign_in": "managed",
        "sign_up": True,
        "auto_sign_in": None,
        "discover": True,
        "session": False,
        "return_to": None,
        "providers": [{"name": "Okta", "label": "Acme Okta"}],
    }
    assert "ustomer" not in answer.body


def test_config_tells_whether_a_session_is_worth_asking_for(world: World, browser: Browser) -> None:
    """The configuration says whether the browser sent a session cookie. Whether the cookie is valid can only be found
    out by a refresh."""
    world.sign_in(browser)
    assert browser.get("/auth/config").json()["session"] is True
    world.clock.advance(31 * 60)
    assert browser.get("/auth/config").json()["session"] is True
    assert browser.post("/auth/refresh").status == 401
    assert browser.get("/auth/config").json()["session"] is False


@pytest.mark.security("S-62")
def test_log_lines_are_json_with_the_request_id_and_the_resource_path(
    world: World, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each refusal writes one log line. The line contains the route's pattern instead of the path, and no query
    string."""
    event = build_event(
        app.routes, "GET", "/auth/login?provider=Nobody%0d%0afake", domain="x.example", stage=""
    )
    app(event, LambdaContext("request-1"))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "event": "refused",
        "request_id": "request-1",
        "level": "info",
        "route": "GET /auth/login",
        "code": "unknown_provider",
        "status": 400,
        "detail": "provider is not registered",
    }
