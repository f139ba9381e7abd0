"""Tests of measurable properties of the design: contrast, layout, targets, keyboard, size. The thresholds are those of
WCAG 2.2 AA."""

import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from .fake_api import FILES, FakeApi

FIRST = {"app.js", "gate.svg", "logo.svg", "styles.css"}


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    page: Page, api: FakeApi
) -> None:
    page.goto(api.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    walk = []
    for _ in range(3):
        page.keyboard.press("Tab")
        walk.append(page.evaluate("document.activeElement.closest('a, label').textContent"))
        outline = page.evaluate(
            """(() => {
              const style = getComputedStyle(document.activeElement);
              return style.outlineStyle + parseFloat(style.outlineWidth);
            })()"""
        )
        assert outline == "solid3"
    assert walk == ["Continue with Okta", "Continue with email", "Keep me signed in on this device"]
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/auth/login?provider=COGNITO&remember=1")


def test_reduced_motion_is_respected(browser: Browser, api: FakeApi) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url)
    moving = page.evaluate(
        "document.getAnimations().map((animation) => animation.animationName).filter((name) => name !== 'appear')"
    )
    context.close()
    assert moving == []


def luminance(colour: str) -> float:
    if len(colour) == 4:
        colour = "#" + "".join(2 * digit for digit in colour[1:])
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2.2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    ("ink", "ground"), ("ink", "raised"), ("ink", "tint"), ("quiet", "ground"), ("accent", "ground"),
    ("on-accent", "accent"), ("on-accent", "accent-deep"), ("warm-ink", "warm"),
]  # fmt: skip
EDGES = [("edge", "ground"), ("edge", "raised"), ("accent", "ground"), ("accent", "line")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_have_contrast(frontend: Path, theme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (frontend / "styles.css").read_text("utf-8"), re.DOTALL)
    tokens = {}
    for block in blocks[: 1 if theme == "light" else 2]:
        tokens |= dict(re.findall(r"--([\w-]+): (#\w+)", block))
    weak = [pair for pair in TEXT if contrast(*(tokens[name] for name in pair)) < 4.5]
    weak += [pair for pair in EDGES if contrast(*(tokens[name] for name in pair)) < 3]
    assert weak == []


@pytest.mark.parametrize("direct", ["managed", "embedded"])
def test_the_first_view_is_light(page: Page, api: FakeApi, direct: str) -> None:
    """For the first view, a person without a session loads at most 13 kB after gzip, and no file from third parties."""
    api.config["direct_sign_in"] = direct
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(api.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert all(url.startswith(api.url) for url in loaded)
    names = {url.rpartition("/")[2] for url in loaded if "/assets/" in url}
    assert names <= FIRST, "the page must load later views only when they open"
    served = {"index.html": page.request.get(api.url, headers={"Sec-Fetch-Site": "none"}).text()}
    assert 'data-view="choose"' in served["index.html"]
    for name in names | {"logo.svg"}:  # Playwright does not report the request for the tab's icon
        asset = FILES.asset(FILES.version, name)
        assert asset is not None
        served[name] = asset.text
    sizes = {name: len(gzip.compress(text.encode())) for name, text in served.items()}
    assert sum(sizes.values()) <= 13_000, sizes


def test_everything_starts_in_one_round_trip(page: Page, api: FakeApi) -> None:
    """After the HTML, the browser sends every request without waiting for the response to another request. The browser
    requests each file and each setting once."""
    waiting: list[tuple[str, Route]] = []
    # Two files are left out: the stylesheet names the picture behind the page, and the tab's icon is not part of the
    # view.
    needed = (FIRST | {"config"}) - {"gate.svg", "logo.svg"}
    api.ask_for_config()

    def hold(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name not in needed:
            route.continue_()
            return
        waiting.append((name, route))
        if {one for one, _ in waiting} == needed:
            while waiting:
                waiting.pop()[1].continue_()

    page.route(re.compile("/assets/|/auth/config"), hold)
    page.goto(api.url, wait_until="commit")
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    expect(page).to_have_title("Sign in · Acme Reports")
    assert len(api.sent("GET /auth/config")) == 1


def test_every_text_is_used_and_none_is_missing(frontend: Path) -> None:
    """The texts of the first view must be in the part `first`, because the other part is loaded later."""
    words = json.loads((frontend / "texts" / "en.json").read_text("utf-8"))
    used = {
        script.name: set(re.findall(r"\btexts\.(?!js)(\w+)", script.read_text("utf-8")))
        for script in frontend.glob("*.js")
    }
    assert set(words["first"]) | set(words["later"]) == set().union(*used.values())
    at_once = used["view.js"] | used["app.js"]
    assert at_once - set(words["first"]) == {"idleTitle", "idleMore", "stay", "signOutFailed"}, (
        "the texts for signed-in people must be in the part for the profile"
    )
    html = (frontend / "index.html").read_text("utf-8")
    in_page = set(re.findall(r"\{\{words\.(\w+)\}\}", html))
    assert set(words["document"]) == in_page | {
        "noScriptEmail", "noScriptProvider", "privacy", "support", "terms",
    }  # fmt: skip


@pytest.mark.security("S-54")
def test_no_markup_sink_is_used(frontend: Path) -> None:
    """A markup sink is code that turns text into HTML. Trusted Types would stop a sink only at run time, but this test
    names the sink's line."""
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\b|new Function"
        r"|localStorage|sessionStorage|document\.cookie|\.style\b"
    )
    # session.js reads only one cookie: a test cookie, whose value has no meaning. The test cookie shows whether this
    # browser keeps cookies.
    probe = re.compile(
        r".*document\.cookie = `\$\{test\}; .*|.*document\.cookie\.includes\(test\).*"
    )
    for script in frontend.glob("*.js"):
        text = script.read_text("utf-8")
        if script.name == "session.js":
            text = probe.sub("", text)
        assert re.findall(sinks, text) == [], script.name
    page = (frontend / "index.html").read_text("utf-8")
    assert re.findall(r"\son\w+=|\sstyle=|<style|<form|<script(?![^>]* src=)", page) == []
