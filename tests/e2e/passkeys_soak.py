"""Tests of passkeys in two tabs of Chromium. `make soak` runs this file."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.device import Device
from tests.e2e.stack import Stack, forget_attempts
from tests.e2e.test_passkeys import (
    PASSWORD,
    button,
    field,
    open_list,
    remove_all,
    sign_out,
    title,
)

EMAIL = "two-tabs@example.com"
NOT_ACCEPTED = "This passkey was not accepted."


@pytest.fixture(scope="module", autouse=True)
def person(stack: Stack) -> None:
    forget_attempts(stack)
    stack.create_person(EMAIL, PASSWORD)


def open_form(page: Page, stack: Stack) -> None:
    # Load an empty page first. If the next address differed only in its fragment, Chromium would not reload the page.
    page.goto("about:blank")
    page.goto(f"{stack.url}#email")
    field(page, "Email").fill(EMAIL)


def sign_in(page: Page, stack: Stack) -> None:
    open_form(page, stack)
    field(page, "Password").fill(PASSWORD)
    page.locator("form button[type=submit]").click()
    title(page, "Hello, Nadia")


#: A script that simulates a slow person: the browser's prompt begins only after the test calls `go`. The delay is not
#: in the virtual authenticator, because the prompt would then never end.
SLOW = """
const get = navigator.credentials?.get.bind(navigator.credentials);
if (get) {
  navigator.credentials.get = async (options) => {
    await new Promise((resolve) => {
      window.go = resolve;
      document.documentElement.dataset.prompt = 'waits';
    });
    delete document.documentElement.dataset.prompt;
    return get(options);
  };
}
"""


@pytest.fixture
def tabs(page: Page, context: BrowserContext, stack: Stack) -> Iterator[tuple[Page, Page]]:
    """Two tabs without a session. The first tab has added the passkey, and the second tab has the same device."""
    device = Device(page)
    sign_in(page, stack)
    open_list(page)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    other = context.new_page()
    Device(other).put(device.keys()[0])
    sign_out(page)
    # In a known browser, autofill would sign the person in immediately.
    context.clear_cookies()
    yield page, other
    context.clear_cookies()
    sign_in(page, stack)
    open_list(page)
    remove_all(page)


def ask(tab: Page) -> None:
    """Press the button, and stop before the browser shows its prompt."""
    button(tab, "Use a passkey").click()
    expect(tab.locator("[data-prompt]")).to_have_count(1)


@pytest.mark.security("S-87")
def test_two_tabs_share_a_passkey_but_not_a_challenge(
    tabs: tuple[Page, Page], stack: Stack
) -> None:
    """The later challenge replaces the earlier challenge. The server refuses the response to the earlier challenge. No
    challenge is then left, and each tab can request a new challenge. A sign-in in one tab also signs the other tab in."""
    first, second = tabs
    for tab in tabs:
        tab.add_init_script(SLOW)
        open_form(tab, stack)
        ask(tab)
    first.evaluate("go()")
    expect(first.get_by_text(NOT_ACCEPTED)).to_be_visible()
    second.evaluate("go()")
    expect(second.get_by_text("That took too long.")).to_be_visible()
    ask(second)
    second.evaluate("go()")
    for tab in tabs:
        title(tab, "Hello, Nadia")
    button(first, "Sign out").click()
    expect(first.get_by_text("You are signed out.")).to_be_visible()
    expect(second.get_by_text("You signed out in another tab.")).to_be_visible()


def test_a_passkey_removed_in_one_tab_is_gone_in_the_other(
    tabs: tuple[Page, Page], context: BrowserContext, stack: Stack
) -> None:
    """The other tab still shows the old list. When the person uses the list, the tab asks for the password again, and
    then shows the new list. A sign-in with the removed passkey fails."""
    first, second = tabs
    sign_in(first, stack)
    open_list(first)
    second.goto(stack.url)
    open_list(second)
    remove_all(second)
    button(first, "Rename").click()
    field(first, "Name of the passkey").fill("Mine")
    button(first, "Save").click()
    field(first, "Password").fill(PASSWORD)
    button(first, "Continue").click()
    expect(first.get_by_text("You have no passkey.")).to_be_visible()
    sign_out(first)
    context.clear_cookies()
    open_form(second, stack)
    button(second, "Use a passkey").click()
    expect(second.get_by_text(NOT_ACCEPTED)).to_be_visible()
