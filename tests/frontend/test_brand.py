"""Tests of the settings for a team's brand and for another language. The tests check how the page looks in the
browser."""

import re
import shutil
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.page.static_files import StaticFiles

from .fake_api import FakeApi
from .test_layout import AXE, THEMES, axe, layout_faults
from .views import heading

WORDMARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32"><rect width="120" height="32"/></svg>'
BRAND = Brand(
    logo="acme.svg",
    accent="#9d174d",
    terms_url="https://acme.example/terms",
    privacy_url="/privacy",
    support_url="mailto:help@acme.example",
    languages=("en", "de"),
)
VIEWS = (
    "",
    "#email",
    "#sign-up",
    "#code",
    "#forgot",
    "#reset",
    "?error=login_failed",
    "?signed_out=1",
)

Dress = Callable[[Brand], StaticFiles]


@pytest.fixture
def dress(tmp_path: Path, frontend: Path, api: FakeApi) -> Dress:
    """Serve the page with a brand. The page comes from a copy of the folder, which also has a logo."""
    folder = tmp_path / "frontend"
    shutil.copytree(frontend, folder)
    (folder / "brand" / "acme.svg").write_text(WORDMARK)

    def dressed(brand: Brand) -> StaticFiles:
        api.files = StaticFiles(folder, brand)
        return api.files

    return dressed


@pytest.mark.security("S-52")
def test_a_brand_is_seen_and_needs_no_looser_policy(page: Page, api: FakeApi, dress: Dress) -> None:
    """The page shows the logo, the colour and the links. A CSP violation or a request to another host would fail the
    test."""
    dress(BRAND)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(api.url)
    heading(page, "Sign in")
    assert [url for url in asked if not url.startswith(api.origin)] == []
    logo = page.locator("header img")
    assert logo.evaluate("(image) => [image.naturalWidth > 0, image.width, image.height]") == [
        True, 120, 32,
    ]  # fmt: skip
    primary = page.get_by_role("link", name="Continue with Okta")
    expect(primary).to_have_css("background-color", "rgb(157, 23, 77)")
    links = {"Terms": BRAND.terms_url, "Privacy": BRAND.privacy_url, "Help": BRAND.support_url}
    for name, href in links.items():
        expect(page.get_by_role("contentinfo").get_by_role("link", name=name)).to_have_attribute(
            "href", href
        )
    assert page.evaluate("performance.getEntriesByType('layout-shift').length") == 0
    assert layout_faults(page) == {}
    page.evaluate(AXE)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert axe(page) == [], theme


@pytest.mark.security("S-52")
def test_a_providers_logo_is_on_its_button(
    page: Page, api: FakeApi, dress: Dress, tmp_path: Path
) -> None:
    """The logo replaces the key symbol on the button of this provider, but not on other buttons. The logo needs no
    looser CSP. The page that redirects to the provider shows a button with the same logo."""
    logos = tmp_path / "frontend" / "brand" / "providers"
    logos.mkdir()
    (logos / "Okta.svg").write_text(WORDMARK)
    dress(BRAND)
    api.embed()
    page.goto(api.url)
    button = page.get_by_role("link", name="Continue with Okta")
    sign, other = (link.locator("svg").first for link in (button, page.locator('a[href="#email"]')))
    assert sign.evaluate("(svg) => [svg.clientWidth, svg.clientHeight]") == [90, 24]
    expect(sign).to_have_css("background-image", re.compile(r"/provider-Okta\.svg"))
    expect(sign.locator("path")).to_be_hidden()
    expect(other.locator("path")).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('layout-shift').length") == 0
    for width in (1366, 360, 240):
        page.set_viewport_size({"width": width, "height": 650})
        assert layout_faults(page) == {}, width
    page.evaluate(AXE)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert axe(page) == [], theme


def test_a_png_is_shown(page: Page, api: FakeApi, dress: Dress, tmp_path: Path) -> None:
    """The PNG is embedded in an SVG. Inside an SVG, browsers show only pictures with data URLs."""
    page.goto("about:blank")
    png = page.screenshot(clip={"x": 0, "y": 0, "width": 64, "height": 16})
    assert len(b64encode(png)) > 0
    (tmp_path / "frontend" / "brand" / "acme.png").write_bytes(png)
    dress(Brand(logo="acme.png"))
    page.goto(api.url)
    heading(page, "Sign in")
    logo = page.locator("header img")
    assert logo.evaluate("(image) => image.decode().then(() => [image.width, image.height])") == [
        128,
        32,
    ]


@pytest.mark.parametrize("size", [(1366, 650), (360, 640)], ids=["laptop", "phone"])
def test_the_picture_is_replaced_or_off(
    page: Page, api: FakeApi, dress: Dress, size: tuple[int, int], tmp_path: Path
) -> None:
    """A team's own picture replaces the castle. Without a picture, the text uses the whole page, and no other element
    moves."""
    (tmp_path / "frontend" / "brand" / "pier.svg").write_text(WORDMARK)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    gate = page.locator(".gate")
    for picture, seen in (("pier.svg", True), ("off", False)):
        dress(Brand(picture=picture))
        page.goto(api.url)
        heading(page, "Sign in")
        assert gate.is_visible() is seen
        expect(page.get_by_role("link", name="Continue with Okta")).to_be_in_viewport(ratio=1)
        assert page.evaluate("performance.getEntriesByType('layout-shift').length") == 0
        assert layout_faults(page) == {}
    expect(page.locator("header")).to_be_in_viewport(ratio=1)


def test_only_our_own_picture_has_a_glow(
    page: Page, api: FakeApi, dress: Dress, tmp_path: Path
) -> None:
    """In the profile, the lamp in our own picture glows. With another picture, the page must not draw this glow,
    because it would change the picture's colours."""
    (tmp_path / "frontend" / "brand" / "pier.svg").write_text(WORDMARK)
    api.sign_in()
    for brand, content in ((Brand(), '""'), (Brand(picture="pier.svg"), "none")):
        files = dress(brand)
        page.goto(api.url)
        heading(page, "Hello, Ada")
        glow = page.locator(".gate").evaluate("(gate) => getComputedStyle(gate, '::after').content")
        assert glow == content
    picture_file = files.asset(files.version, "gate.svg")
    assert picture_file is not None
    assert picture_file.text == WORDMARK


@pytest.mark.parametrize("view", VIEWS)
def test_german_fits_wherever_english_does(
    page: Page, api: FakeApi, dress: Dress, view: str
) -> None:
    """German words are longer. The test finds each text that is still in English, overflows, overlaps or is cut."""
    dress(Brand(languages=("de",)))
    api.embed()
    page.goto(api.url + view)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert layout_faults(page) == {}
    text = page.locator(".page").inner_text()
    assert re.findall(r"\b(?:the|your|with|Sign|Enter|Password|Continue)\b", text) == []


def test_the_profile_speaks_german_dates_included(page: Page, api: FakeApi, dress: Dress) -> None:
    dress(Brand(languages=("de",)))
    api.embed()
    api.native()
    page.goto(api.url)
    heading(page, "Hallo, Bo")
    expect(page.locator("dl")).to_contain_text("9. März 2024")
    expect(page.get_by_role("link", name="Bestätigung in zwei Schritten")).to_be_visible()
    assert layout_faults(page) == {}


def test_the_browser_chooses_and_pays_for_one_language_only(
    page: Page, api: FakeApi, dress: Dress
) -> None:
    """The German first view has the same size as the English first view."""
    files = dress(Brand(languages=("de", "en")))
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(api.url)
    heading(page, "Sign in")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert sum("app.js" in url for url in loaded) == 1  # the words of the first view are in app.js
    assert not any(f"/{files.version}/" in url for url in loaded), (
        "these are the addresses of the German set"
    )
