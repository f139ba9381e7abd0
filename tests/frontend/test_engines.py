"""Tests of Firefox and WebKitGTK with blocked cookies. The page explains the fault, and session.js reports the fault to
other front ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.firefox import Firefox
from tests.engines.webdriver import Driver
from tests.engines.webdriver import Page as Tab
from tests.engines.webkit import WebKit

from .fake_api import ASSETS, FakeApi

#: Returns whether the fault exists in the page's own context. Without this check, the tests would also pass in a
#: browser without the fault.
CHANNEL = "try { new BroadcastChannel('x').close(); return 'works'; } catch (error) { return error.name; }"
SECURE = "document.cookie = '__Host-x=1; Path=/; Secure'; return document.cookie;"
STATE = f"""return import('/api{ASSETS}session.js')
  .then(({{ createSession }}) => {{
    const session = createSession({{ baseUrl: '/api/' }});
    return session.refresh().finally(() => session.close());
  }})
  .then(({{ status, reason }}) => [status, reason]);"""
_CASES = {
    "Firefox, cookies blocked": (
        lambda folder: Firefox(folder, None, {"network.cookie.cookieBehavior": 2}),
        {CHANNEL: "SecurityError", SECURE: ""},
    ),
    "WebKit, plain http": (lambda folder: WebKit(folder, None, None), {SECURE: ""}),
}


@pytest.fixture(scope="module", params=_CASES.values(), ids=_CASES.keys())
def broken(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Driver, dict[str, str]]]:
    """Yield a browser that keeps none of our cookies, and the results of the scripts above in this browser."""
    start, seen = request.param
    folder: Path = tmp_path_factory.mktemp("engine")
    driver: Driver = start(folder)
    yield driver, seen
    driver.stop()


@pytest.fixture
def tab(broken: tuple[Driver, dict[str, str]], api: FakeApi) -> Tab:
    """Yield the tab with the page, on a stage with its own form."""
    api.embed()
    tab = Tab(broken[0])
    tab.open(api.url)
    for script, seen in broken[1].items():
        assert tab.run(script) == seen
    return tab


def test_the_page_says_what_to_do_and_does_not_hang(tab: Tab, api: FakeApi) -> None:
    """The page explains the fault in the first view, on the form, and after a provider's sign-in. The page does not say
    "that took too long"."""
    for address in ("", "#email", "?error=login_unknown"):
        tab.open("about:blank")
        tab.open(api.url + address)
        tab.see("This browser blocks cookies for this site, so you cannot stay signed in.")
        tab.see("Allow cookies for this site in the browser\u2019s settings.")
        tab.see("If its address begins with http://, use https://.")
    tab.see_heading("This browser does not know this sign-in")


def test_a_password_signs_in_until_the_page_is_left(tab: Tab, api: FakeApi) -> None:
    """The page says that the sign-in ends when the person leaves the page."""
    api.accept_password()
    tab.open("about:blank")
    tab.open(f"{api.url}#email")
    tab.fill("Email", "bo@example.com")
    tab.fill("Password", "a good password")
    tab.submit()
    tab.see_heading("Hello, Bo")
    tab.see("until you close or reload this page")


def test_session_js_tells_other_front_ends(tab: Tab) -> None:
    """session.js returns a state that other front ends can show."""
    assert tab.run(STATE) == ["signed_out", "cookies_blocked"]
