"""Takes screenshots of the page for the README, from a running local stack: `make screenshots`."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium_path, launch_arguments
from tests.e2e.stack import Stack
from tests.own_stack import own_stack_info
from tests.trust import chromium_environment

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "images"
WIDE = {"width": 1200, "height": 800}
BRAND = {
    "APP_TITLE": "Harbour",
    "BRAND_ACCENT": "#9d174d",
    "TERMS_URL": "https://harbour.example/terms",
    "PRIVACY_URL": "https://harbour.example/privacy",
    "LANGUAGES": "de",
}
NARROW = {"width": 390, "height": 780}


def main() -> int:
    """Start a separate stack, take the screenshots, and stop the stack. Return the exit code."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        own_stack_info() as info,
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=launch_arguments(),
            env=chromium_environment(Path(home), info["ca_file"]),
        )
        _take(browser, info["app_url"])
        _take_branded(browser, Stack(info))
        browser.close()
    return 0


def _take(browser: Browser, url: str) -> None:
    for scheme in ("light", "dark"):
        page = _open(browser, url, WIDE, scheme)
        expect(page.get_by_text("Continue with Okta")).to_be_visible()
        _save(page, f"choose-{scheme}")
        page.get_by_text("Continue with Okta").click()
        page.get_by_text("alice@example.com", exact=True).click()
        expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
        expect(page.get_by_text("Member since")).to_be_visible()
        _save(page, f"signed-in-{scheme}")
        page.context.close()
    page = _open(browser, url, NARROW, "light")
    page.get_by_text("Continue with email").click()
    expect(page.get_by_role("heading", name="Sign in with email")).to_be_visible()
    _save(page, "email-narrow")
    page.context.close()


def _take_branded(browser: Browser, stack: Stack) -> None:
    """Take the screenshot of the page with another name, colour and language. Only settings differ: docs/branding.md."""
    with ExitStack() as settings:
        for name, value in BRAND.items():
            settings.enter_context(stack.with_setting(name, value))
        page = _open(browser, stack.url, WIDE, "light")
        expect(page.get_by_text("Weiter mit Okta")).to_be_visible()
        _save(page, "branded")
        page.context.close()


def _open(browser: Browser, url: str, size: dict[str, int], scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(url)
    return page


def _save(page: Page, name: str) -> None:
    page.mouse.move(0, 0)  # with the mouse in this corner, no element is drawn as hovered
    page.evaluate("document.fonts.ready")
    page.screenshot(path=OUT / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
