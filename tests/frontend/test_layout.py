"""Tests of every view and state of the page: layout, targets, keyboard, shifts, axe, high contrast. The thresholds are
those of WCAG 2.2 AA."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.page.static_files import StaticFiles

from .fake_api import FakeApi, error
from .states import ALL, DRAWN
from .stills import translate
from .views import View

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
LAYOUT = (Path(__file__).parent / "layout.js").read_text("utf-8")

#: At a zoom of 400 %, a window of 1280 by 1024 px is as small as 320 by 256 px.
SIZES = ((320, 640), (320, 256), (768, 1024), (1366, 650), (1440, 900))
THEMES = ("light", "dark")
#: The rules of axe for each theme. Running all rules takes half a second. In the second theme only the colours differ,
#: so the tests run only the rules about colours.
RULES: dict[str, tuple[str, ...]] = {
    "light": (),
    "dark": ("color-contrast", "link-in-text-block"),
}

#: The layout may shift after the person's own action. Chromium itself ignores shifts only in the half second after an
#: input, but on a busy machine the shift may come later.
SHIFTS = """new Promise((done) => {
  const found = [];
  const expected = ({startTime, lastInputTime}) => lastInputTime > 0 && startTime - lastInputTime < 15000;
  const seen = (entries) => entries.filter((entry) => !expected(entry)).forEach(({value, sources}) =>
    found.push(value + ': ' + sources.map(({node}) => node?.tagName)));
  const observer = new PerformanceObserver((list) => seen(list.getEntries()));
  observer.observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => { seen(observer.takeRecords()); done(found); }));
})"""

FOCUS = """() => {
  const node = document.activeElement;
  if (node === document.body) return null;
  const box = (node.closest('.box') ?? node).getBoundingClientRect();
  const framed = [node, node.closest('.box')].some((one) => {
    const {outlineStyle, outlineWidth} = one ? getComputedStyle(one) : {};
    return outlineStyle === 'solid' && parseFloat(outlineWidth) >= 3;
  });
  const middle = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
  return {
    what: node.id || node.textContent || node.type || node.getAttribute('href'),
    framed,
    inside: box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.top < innerHeight,
    uncovered: !middle || !middle.closest('#alert') || node.closest('#alert') !== null,
  };
}"""

REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, summary')]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().width)
  .map((node) => node.id || node.textContent || node.type || node.getAttribute('href'))"""


def axe(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """Check the page with axe-core, by WCAG 2.2 AA and axe's own best practices. Return the findings. If `rules` is not
    empty, use only these rules."""
    return page.evaluate(
        """async (rules) => {
          for (const change of document.getAnimations()) if (change instanceof CSSTransition) change.finish();
          const {violations} = await axe.run(rules.length ? {runOnly: {type: 'rule', values: rules}} : {});
          return violations.map(({id, nodes}) => id + ': ' + nodes.map((node) => node.failureSummary));
        }""",
        list(rules),
    )


def layout_faults(page: Page) -> dict[str, list[str]]:
    """Return the elements that stick out, overlap, are cut, or are too small to click. The keys are the size and the
    theme."""
    found = {}
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            faults = page.evaluate(LAYOUT)
            if faults:
                found[f"{width}x{height} {theme}"] = faults
    return found


def large_and_german_faults(page: Page) -> dict[str, list[str]]:
    """Return the layout faults in three looks: with text of 200 % (a browser's setting), in German, and with both."""
    browser = page.context.new_cdp_session(page)
    found = {}
    try:
        for language, size in (("en", 32), ("de", 32), ("de", 16)):
            browser.send("Page.setFontSizes", {"fontSizes": {"standard": size}})
            if page.evaluate("document.documentElement.lang") != language:
                translate(page)
            assert (
                page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{size}px"
            )
            for width, height in ((360, 740), (1280, 800)):
                page.set_viewport_size({"width": width, "height": height})
                faults = page.evaluate(LAYOUT)
                if faults:
                    found[f"{width}x{height} {language} {size}px"] = faults
    finally:
        browser.send("Page.setFontSizes", {"fontSizes": {"standard": 16}})
        browser.detach()
    return found


def walk(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top until the focus leaves the page. Return the focused elements."""
    page.set_viewport_size({"width": 320, "height": 480})
    page.evaluate(
        "() => { document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); }"
    )
    page.locator("header").click()
    steps: list[dict[str, Any]] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        step = page.evaluate(FOCUS)
        if step is None:
            break
        steps.append(step)
    return steps


def timeless(what: str) -> str:
    """Return the name of an element, with `m:ss` in place of a button's countdown. The countdown changes between two
    checks."""
    return re.sub(r"\b\d+:\d\d\b", "m:ss", what)


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Yield the page. After the test, restore the page's network connection."""
    yield page
    page.context.set_offline(False)


@pytest.mark.parametrize("view", ALL.values(), ids=ALL.keys())
def test_every_view_in_every_size_theme_and_by_keyboard(
    page: Page, api: FakeApi, view: View
) -> None:
    """No element overflows, overlaps, is cut or shifts. Tab reaches every control, with a visible focus. axe finds no
    fault."""
    api.embed()
    view(page, api)
    expect(page.locator(DRAWN)).to_be_visible()
    assert page.evaluate(SHIFTS) == []
    reachable = page.evaluate(REACHABLE)
    assert layout_faults(page) == {}
    page.evaluate(AXE)
    for theme, rules in RULES.items():
        page.emulate_media(color_scheme=theme)
        # without the script the page shows only a waiting symbol, and has no heading
        found = [
            one
            for one in axe(page, rules)
            if view is not ALL["script lost"] or "heading" not in one
        ]
        assert found == [], theme
    steps = walk(page)
    assert [timeless(step["what"]) for step in steps] == [timeless(what) for what in reachable]
    assert [step for step in steps if not all(step.values())] == []
    assert large_and_german_faults(page) == {}


@pytest.mark.parametrize("size", [(1366, 650), (360, 640)], ids=["laptop", "phone"])
@pytest.mark.parametrize("view", ["choose", "signed out"])
def test_both_doors_are_on_the_first_screen(
    page: Page, api: FakeApi, view: str, size: tuple[int, int]
) -> None:
    """The buttons for Okta and email are visible without scrolling, in English and German. The test covers views with
    different content above the buttons."""
    api.embed()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for language in ("en", "de"):
        api.files = StaticFiles(brand=Brand(languages=(language,)))
        page.goto(api.url + ("?signed_out=1" if view == "signed out" else ""))
        for target in ("auth/login?provider=Okta", "#email"):
            expect(page.locator(f'a.button[href*="{target}"]')).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(1366, 650), (360, 640)], ids=["laptop", "phone"])
def test_email_form_and_other_door_are_on_the_first_screen(
    page: Page, api: FakeApi, size: tuple[int, int]
) -> None:
    """The first screen has the form, and below the form the link to Okta. The test covers English and German, with a
    link to sign up, and with and without a button for passkeys."""
    api.embed()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for language in ("en", "de"):
        api.files = StaticFiles(brand=Brand(languages=(language,)))
        for passkeys in (False, True):
            api.config |= {"passkeys": passkeys, "sign_up": True}
            page.goto("about:blank")
            page.goto(f"{api.url}#email")
            expect(page.locator(".passkey button")).to_have_count(int(passkeys))
            expect(page.locator('a[href="#sign-up"]')).to_be_visible()
            for part in ("h1", "form .button.primary", ".ways a"):
                expect(page.locator(part)).to_be_in_viewport(ratio=1)
            assert layout_faults(page) == {}


def test_a_refusal_leaves_the_button_where_it_is(page: Page, api: FakeApi) -> None:
    """The message appears below the button, so a second click hits the same button."""
    api.embed()
    page.goto(f"{api.url}#email")
    button = page.get_by_role("button", name="Sign in")
    page.get_by_label("Email", exact=True).fill("dana@example.com")
    page.get_by_label("Password", exact=True).fill("wrong horse")
    before = button.bounding_box()
    api.answers["POST /auth/direct/sign-in"] = error(401, "invalid_credentials")
    button.click()
    expect(page.get_by_text("We could not sign you in")).to_be_visible()
    assert button.bounding_box() == before


def test_without_scripts_it_fits_too(browser: Browser, api: FakeApi) -> None:
    """The links in <noscript> fit in every size and theme."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(api.url)
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    assert layout_faults(page) == {}
    assert page.evaluate(
        "document.querySelector('footer').checkVisibility({visibilityProperty: true})"
    )
    context.close()


HIGH_CONTRAST = ["choose", "profile", "email, empty", "unavailable", "app set-up", "code"]


@pytest.mark.parametrize("name", HIGH_CONTRAST)
def test_forced_colours_keep_every_edge(page: Page, api: FakeApi, name: str) -> None:
    """With forced colours, backgrounds disappear. Buttons, boxes and other surfaces therefore need a border. A box with
    an invalid field needs a thicker border."""
    api.embed()
    ALL[name](page, api)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.emulate_media(forced_colors="active")
    bare = page.evaluate(
        """() => [...document.querySelectorAll('.button, .box, .notice, .sign, .avatar, .chips li, progress, .key')]
          .filter((node) => node.checkVisibility() && parseFloat(getComputedStyle(node).borderTopWidth) < 1)
          .map((node) => node.className || node.tagName)"""
    )
    assert bare == []
    invalid = page.locator(".box:has([aria-invalid])")
    for index in range(invalid.count()):
        expect(invalid.nth(index)).to_have_css("border-top-width", "3px")
    assert layout_faults(page) == {}


@pytest.mark.parametrize("name", HIGH_CONTRAST)
def test_more_contrast_is_given_where_it_is_wanted(page: Page, api: FakeApi, name: str) -> None:
    """For people who prefer more contrast, all text has a contrast of 7:1, as WCAG's level AAA requires."""
    api.embed()
    ALL[name](page, api)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.evaluate(AXE)
    for theme in THEMES:
        page.emulate_media(contrast="more", color_scheme=theme)
        weak = page.evaluate(
            """async () => {
              for (const change of document.getAnimations()) if (change instanceof CSSTransition) change.finish();
              const {violations} = await axe.run({runOnly: ['color-contrast-enhanced'],
                rules: {'color-contrast-enhanced': {enabled: true}}});
              return violations.flatMap(({nodes}) => nodes.map((node) => node.target + ' ' + node.failureSummary));
            }"""
        )
        assert weak == [], theme
