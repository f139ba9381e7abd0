"""A real Chromium and a fake API for the tests of the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import close

from .fake_api import FakeApi

SIZE = {"width": 1024, "height": 800}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """Start a separate server for every test. Each server has its own port and therefore its own origin, so no test
    shares storage or channels with another test."""
    fake = FakeApi()
    yield fake
    fake.close()


def _watched(browser: Browser) -> tuple[BrowserContext, list[str]]:
    """Return a new browser profile, and the list of the profile's page errors and CSP violations."""
    faults: list[str] = []
    context = browser.new_context(viewport=SIZE, locale="en-GB")
    # The time limit is long, because the machine may be busy. Tests about time set their own limits.
    context.set_default_timeout(15_000)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    return context, faults


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a browser profile that only this test uses. A page error or a CSP violation fails the test."""
    context, faults = _watched(browser)
    yield context
    close(context)
    assert faults == []


@pytest.fixture(scope="session")
def _worn(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    context, faults = _watched(browser)
    yield context.new_page(), faults
    context.close()


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """Yield a blank page. Many tests share one browser profile, because sharing halves the time of the tests. A test
    that changes something permanent (the clock, scripts at start, permissions) also requests the fixture `context`, and
    gets a new profile."""
    if "context" in request.fixturenames:
        yield request.getfixturevalue("context").new_page()
        return
    page, faults = request.getfixturevalue("_worn")
    faults.clear()
    yield page
    page.unroute_all()
    page.goto("about:blank")
    page.set_viewport_size(SIZE)
    page.emulate_media(
        color_scheme="null", reduced_motion="null", forced_colors="null", contrast="null"
    )
    page.context.clear_cookies()
    assert faults == []
    assert page.evaluate("/native code/.test(Date)"), "a test that sets the clock needs a `context`"


@pytest.fixture(scope="session")
def frontend() -> Path:
    return Path(__file__).parents[2] / "frontend"
