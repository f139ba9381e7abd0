"""Longer tests in Firefox and WebKitGTK: second factor, two tabs, another origin, every layout. `make soak` runs this
file."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser

from tests.e2e.stack import Stack
from tests.engines.webdriver import Driver, Page
from tests.frontend.states import ALL
from tests.gallery import FAULTS, OverWebDriver, stills_of
from tests.own_stack import own_stack_info

PASSWORD = "correct horse battery"
SESSION = "__Host-gatehouse"
_STEP_SECONDS = 30


def next_code(app: pyotp.TOTP, used: str) -> str:
    """Wait for an unused code of the app, and return the code. Each code works only once."""
    while (code := app.now()) == used:
        time.sleep(_STEP_SECONDS - time.time() % _STEP_SECONDS)
    return code


def sign_in(tab: Page, email: str) -> None:
    tab.press("Continue with email")
    tab.fill("Email", email)
    tab.fill("Password", PASSWORD)
    tab.submit()


def test_a_second_factor_is_set_up_and_asked_for(tab: Page, stack: Stack) -> None:
    """The test uses the key from the page, correct codes, and one wrong code."""
    email = f"{tab.driver.name.lower()}@example.com"
    stack.create_person(email, PASSWORD)
    sign_in(tab, email)
    tab.see_heading("Hello, Nadia")
    tab.press("Two-step verification")
    tab.fill("Password", PASSWORD)
    tab.submit()
    tab.see_heading("Set up your authenticator app")
    key = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", tab.text())
    assert key
    app = pyotp.TOTP(key.group().replace(" ", ""))
    used = app.now()
    tab.fill("Code", used)
    tab.submit()
    tab.see_heading("Two-step verification is on now")
    tab.press("Continue")
    tab.press("Sign out")
    tab.see("You are signed out.")

    sign_in(tab, email)
    tab.see_heading("Enter the code from your app")
    tab.fill("Code", "000000")
    tab.submit()
    tab.see("This code is wrong")
    tab.fill("Code", next_code(app, used))
    tab.submit()
    tab.see_heading("Hello, Nadia")


def test_two_tabs_share_a_session_and_its_end(tab: Page, stack: Stack) -> None:
    """A sign-in in one tab also signs the other tab in. A sign-out signs both tabs out at once."""
    first = tab.tab
    tab.press("Continue with Okta")
    tab.press("Alice")
    tab.see_heading("Hello, Alice")
    second = tab.new_tab()
    tab.open(stack.url)
    tab.see_heading("Hello, Alice")
    tab.reload()
    tab.see_heading("Hello, Alice")
    tab.switch(first)
    tab.reload()
    tab.see_heading("Hello, Alice")
    tab.press("Sign out")
    tab.see("You are signed out.")
    tab.switch(second)
    tab.see("You signed out in another tab.")


def test_two_tabs_sign_in_side_by_side(tab: Page, stack: Stack) -> None:
    """The first tab that starts a sign-in is the last tab that finishes its sign-in."""
    tabs = [tab.tab]
    tab.press("Continue with Okta")
    tab.see("Okta, local stand-in")
    tabs.append(tab.new_tab())
    tab.open(stack.url)
    tab.press("Continue with Okta")
    tab.see("Okta, local stand-in")
    for handle in reversed(tabs):
        tab.switch(handle)
        tab.press("Alice")
        tab.see_heading("Hello, Alice")


def test_another_origin_shares_the_session(tab: Page, stack: Stack, notes: str) -> None:
    """In the example front end, the test signs in, calls a protected route, reloads, and signs out."""
    tab.open(notes)
    tab.press("Continue with Okta")
    tab.press("Alice")
    tab.see("Notes of Alice")
    assert tab.url == notes
    tab.fill("New note", "Feed the cat")
    tab.press("Add")
    tab.see("Feed the cat")
    tab.reload()
    tab.see("Notes of Alice")
    tab.open(stack.url)
    tab.see_heading("Hello, Alice")
    tab.open(notes)
    tab.see("Notes of Alice")
    tab.press("Sign out")
    tab.see("You are signed out.")
    assert tab.url.startswith(stack.url)
    tab.open(notes)
    tab.see("Continue with Okta")
    assert "Notes of Alice" not in tab.text()


def test_every_state_fits_in_every_engine(engine: Driver, browser: Browser) -> None:
    """The test shows every state in a narrow and in a wide window, in dark mode, in German, and with large text. No
    element causes horizontal scrolling, is cut off, overlaps another element, or is too small to click."""
    names, found, screen = list(ALL), {}, OverWebDriver(engine)
    with stills_of(browser, names) as (url, sheets):
        for row in enumerate(names):
            sheets.rows = [row]
            screen.show(url)
            found |= screen.run(FAULTS)
    assert found == {}


@pytest.fixture(scope="module")
def plain() -> Iterator[dict[str, Any]]:
    """A stack from `ops up --http`."""
    with own_stack_info("--http") as info:
        yield info


def test_plain_http_signs_in_everybody_but_webkit(engine: Driver, plain: dict[str, Any]) -> None:
    """In Safari's engine, a sign-in through Okta leaves no session. The command `up --http` warns about this problem.
    In the other engines, the session continues."""
    assert (plain["ca_file"], plain["certificate_file"]) == (None, None)
    assert plain["app_url"].startswith("http://localhost:")
    tab = Page(engine)
    tab.open(f"{plain['app_url']}auth/login?provider=Okta")
    tab.see("Okta, local stand-in")
    tab.press("Alice")
    tab.see("Gatehouse")
    asked = "return fetch('/auth/config').then((answer) => answer.json())"
    assert tab.run(asked)["session"] == (engine.name != "WebKit")
