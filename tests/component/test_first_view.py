"""Tests of the configuration inside the page's HTML. This configuration contains only facts that are certain and
public."""

import html
import json
import re
from typing import Any

import pytest

from app import gate
from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser


def told(answer: Answer) -> Any:
    """Return the configuration in the page, or None."""
    assert answer.status == 200
    found = re.search(r"<meta name=\"gatehouse-config\" content='([^'<>]*)'>", answer.body)
    config = json.loads(html.unescape(found[1])) if found else {"session": None}
    assert ("auth/config" in answer.body) == (config.get("session", True) is None), (
        "it asks at once"
    )
    return config if found else None


def view(answer: Answer) -> str:
    return str(re.findall(r'<body data-view="(\w+)">', answer.body)[0])


def add_provider(world: World, name: str, label: str, *domains: str) -> None:
    world.restart()
    row: dict[str, Any] = {"name": {"S": name}, "label": {"S": label}}
    if domains:
        row["domains"] = {"SS": list(domains)}
    world.dynamodb.put(world.settings.providers_table, row)


def test_the_page_says_what_the_route_says(world: World, browser: Browser) -> None:
    """The page and the route contain the same configuration, except for the member `session`. The page takes the target
    after the sign-in from the query of its own URL."""
    add_provider(world, "Other", "Other")
    for query in ("", "?return_to=/api/reports", "?return_to=//evil.example"):
        answer = browser.get(f"/{query}")
        config = browser.get(f"/auth/config{query}").json()
        said = {name: value for name, value in config.items() if name != "app"}
        assert told(answer) == {**said, "session": None}
        assert view(answer) == "choose"


def test_what_the_first_view_needs_most_is_requested_first(browser: Browser) -> None:
    """The browser sends its requests in this order. Over HTTP/1.1, the first request uses the existing connection, and
    each further request waits for a new connection. The browser draws nothing until it has the stylesheet."""
    page = browser.get("/", headers=[("Sec-Fetch-Site", "none")]).body
    found = re.findall(r'(?:href|src)="[^"]*?([\w.]+)"', page.partition("<main>")[0])
    assert found == ["styles.css", "app.js", "config", "logo.svg"]


@pytest.mark.security("S-109")
@pytest.mark.parametrize("site", ["cross-site", ""])
def test_after_another_site_a_missing_cookie_means_nothing(
    world: World, browser: Browser, site: str
) -> None:
    """If a person comes from another site, the browser sends no Strict cookie. Without Fetch Metadata, the server
    cannot know whether the person comes from another site."""
    world.sign_in(browser)
    del browser.notes["__Host-gatehouse-used"]
    # The test double sends cookies by `site`, as browsers do. It also sends its own `Sec-Fetch-Site` header. If a
    # header is sent twice, the last one counts.
    answer = browser.get("/", site="cross-site", headers=[("Sec-Fetch-Site", site)])
    assert (told(answer), view(answer)) == (None, "loading")
    own = browser.get("/")
    assert (told(own)["session"], view(own)) == (True, "loading")


@pytest.mark.security("S-109")
def test_after_a_sign_in_the_page_leaves_the_session_open(world: World, browser: Browser) -> None:
    """After a sign-in, the HTML has the configuration without the member `session`, and the script requests the session
    at once. After a failed sign-in, the HTML has no configuration."""
    world.sign_in(browser)
    answer = browser.get("/", site="cross-site")
    assert ("session" in told(answer), view(answer)) == (False, "loading")
    assert told(browser.get("/?error=login_failed", site="cross-site")) is None


@pytest.mark.security("S-109")
@pytest.mark.parametrize("site", ["none", "same-origin", "same-site"])
def test_where_the_cookie_would_come_its_absence_is_a_hint(browser: Browser, site: str) -> None:
    """The browser sent no cookie, so a session is unlikely, and the HTML contains the view for people without a
    session. Some browsers omit the cookie in some of these requests, so the script still requests the session."""
    answer = browser.get("/", headers=[("Sec-Fetch-Site", site)])
    assert (told(answer)["session"], view(answer)) == (None, "choose")


def test_after_a_sign_out_no_session_is_expected(world: World, browser: Browser) -> None:
    """The cookie of the sign-in still exists for some minutes. If the script requested a session now, the browser's
    console would show an error."""
    world.sign_in(browser)
    browser.cookies.clear()
    assert "__Host-gatehouse-used" in browser.notes
    assert told(browser.get("/?signed_out=1", site="cross-site")) is None
    answer = browser.get("/")
    assert (told(answer)["session"], view(answer)) == (None, "choose")


@pytest.mark.security("S-109")
def test_no_cache_gives_the_page_to_others(browser: Browser) -> None:
    """The page says whether this browser has a session. So before each use of a cached copy, the browser must ask the
    server."""
    answer = browser.get("/")
    assert answer.headers["cache-control"] == "private, no-cache"
    again = browser.get("/", headers=[("If-None-Match", answer.headers["etag"])])
    assert again.status == 304
    other = [("If-None-Match", answer.headers["etag"]), ("Sec-Fetch-Site", "cross-site")]
    assert browser.get("/", site="cross-site", headers=other).status == 200


@pytest.mark.security("S-54")
def test_texts_of_others_are_texts_in_the_page(world: World, browser: Browser) -> None:
    """Operators write labels and names, and a team writes the title. None of these texts can add HTML to the page."""
    hostile = "</script>'\"><b>x</b>&amp;{{base}}"
    add_provider(world, "Bold", hostile)
    world.restart(app_title=hostile)
    answer = browser.get("/")
    assert hostile in {provider["label"] for provider in told(answer)["providers"]}
    assert "<b>" not in answer.body
    assert "{{base}}" in answer.body, "is not a placeholder there"
    assert f"<span>Continue with {html.escape(hostile)}</span>" in answer.body


def test_private_providers_are_not_in_the_page(world: World, browser: Browser) -> None:
    """The list of customers must stay private. The page asks for the email address first."""
    add_provider(world, "Fabrikam", "Fabrikam", "fabrikam.example")
    answer = browser.get("/")
    assert "abrikam" not in answer.body
    assert (told(answer)["discover"], 'href="#email"' in answer.body) == (True, True)


def test_an_outage_leaves_the_page_as_it_was(world: World, browser: Browser) -> None:
    """During an outage, the HTML contains no configuration. The page then requests it, and repeats a failed request.
    The page does the same if the query is malformed."""
    assert told(browser.get("/?return_to=/api/a&return_to=/api/b")) is None
    world.restart()
    world.dynamodb.fault = client_error("InternalServerError")
    answer = browser.get("/")
    assert (told(answer), view(answer)) == (None, "loading")


def test_the_page_waits_for_its_providers_no_longer_than_for_a_part_of_a_call(
    world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow table must not delay the page. The later request for the configuration may wait longer."""
    left = []
    scan = world.dynamodb.scan

    def noting(**arguments: Any) -> Any:
        left.append(gate.services.budget.left())
        return scan(**arguments)

    monkeypatch.setattr(world.dynamodb, "scan", noting)
    for path in ("/", "/auth/config"):
        world.restart()
        assert browser.get(path).status == 200
    limits = gate.services.budget.limits
    assert left[0] <= limits.page < limits.aws < left[1]


@pytest.mark.parametrize(
    ("query", "settings"),
    [
        ("?error=access_denied", {}),
        ("?signed_out=1", {}),
        ("?returned=1", {}),
        ("", {"auto_sign_in": "Okta"}),
    ],
)
def test_a_view_that_is_not_certain_is_not_in_the_page(
    world: World, browser: Browser, query: str, settings: dict[str, Any]
) -> None:
    world.restart(**settings)
    answer = browser.get(f"/{query}")
    assert (told(answer), view(answer)) == (None, "loading")
