"""Tests of passkeys in Chromium with its virtual authenticator. The local AWS verifies each passkey."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.device import Device
from tests.e2e.mails import mailed_code
from tests.e2e.stack import Stack, forget_attempts

EMAIL = "pia@example.com"
PASSWORD = "correct horse battery pia"


@pytest.fixture(scope="module", autouse=True)
def person(stack: Stack) -> None:
    """A new person. The fixture resets the counters of attempts, because all end-to-end tests share one IP address."""
    forget_attempts(stack)
    stack.create_person(EMAIL, PASSWORD)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def open_form(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}#email")
    field(page, "Email").fill(EMAIL)


def sign_in(page: Page, stack: Stack) -> None:
    """Sign in, and wait until the server has told the page whether to offer a passkey."""
    open_form(page, stack)
    field(page, "Password").fill(PASSWORD)
    with page.expect_response("**/auth/passkeys/offer"):
        page.locator("form button[type=submit]").click()
    expect(button(page, "Sign out")).to_be_visible()


def open_list(page: Page, password: str = PASSWORD) -> None:
    page.get_by_role("link", name="Passkeys").click()
    field(page, "Password").fill(password)
    button(page, "Continue").click()
    expect(button(page, "Set up a passkey")).to_be_visible()


def set_up(page: Page, stack: Stack) -> None:
    sign_in(page, stack)
    open_list(page)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()


def remove_all(page: Page) -> None:
    """Remove every passkey in the open list."""
    while page.get_by_role("button", name="Remove", exact=True).count():
        button(page, "Remove").first.click()
        title(page, "Remove this passkey?")
        button(page, "Remove").click()
        expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def sign_out(page: Page) -> None:
    button(page, "Back").click()
    button(page, "Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


@pytest.mark.security("S-90")
def test_a_passkey_from_set_up_to_removal(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The page offers a passkey until the person presses "Not now". The person adds and names a passkey. In a new
    browser, the person signs in with the keyboard, and then removes the passkey. The server refuses a copied key."""
    device = Device(page)
    sign_in(page, stack)
    expect(page.get_by_text("Next time without a password?")).to_be_visible()
    with page.expect_response("**/auth/passkeys/offer"):
        button(page, "Not now").click()
    button(page, "Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    sign_in(page, stack)
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)
    open_list(page)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    (key,) = device.keys()
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("This device already has a passkey for your account.")).to_be_visible()
    button(page, "Rename").click()
    field(page, "Name of the passkey").fill("My laptop")
    button(page, "Save").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    sign_out(page)

    # The person uses the keyboard to sign in, in a browser without a cookie.
    context.clear_cookies()
    page.goto(f"{stack.url}#email")
    field(page, "Email").focus()
    page.keyboard.type(EMAIL)
    button(page, "Use a passkey").focus()
    page.keyboard.press("Enter")
    title(page, "Hello, Nadia")
    expect(page.get_by_text("Next time without a password?")).to_have_count(0)
    assert device.keys()[0]["signCount"] > key["signCount"]
    button(page, "Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()

    # Without user verification, the page shows an error and offers the password instead. A page of another site cannot
    # use the passkey.
    context.clear_cookies()
    device.send("setUserVerified", isUserVerified=False)
    open_form(page, stack)
    button(page, "Use a passkey").click()
    expect(page.get_by_text("No passkey was used.")).to_be_visible(timeout=90_000)
    device.send("setUserVerified", isUserVerified=True)
    page.goto(re.sub("//localhost", "//127.0.0.1", stack.url))
    foreign = page.evaluate(
        "navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: 'localhost'}})"
        ".then(() => 'given', (error) => error.name)"
    )
    assert foreign == "SecurityError"

    # The copied key has a lower signature counter than the original key.
    device.send("removeCredential", credentialId=key["credentialId"])
    device.put({**key, "signCount": 0})
    context.clear_cookies()
    open_form(page, stack)
    button(page, "Use a passkey").click()
    expect(page.get_by_text("This passkey was not accepted.")).to_be_visible()

    sign_in(page, stack)
    open_list(page)
    remove_all(page)
    expect(page.get_by_text("You have no passkey.")).to_be_visible()
    sign_out(page)

    # Cognito has deleted the passkey, but the device still has the passkey.
    context.clear_cookies()
    open_form(page, stack)
    button(page, "Use a passkey").click()
    expect(page.get_by_text("This passkey was not accepted.")).to_be_visible()


@pytest.mark.security("S-92")
def test_a_known_browser_offers_the_passkey_by_itself(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The page offers the passkey in the address field, and the virtual authenticator chooses the passkey at once. The
    sign-in also signs another tab in."""
    Device(page)
    set_up(page, stack)
    other = context.new_page()
    other.goto(stack.url)
    title(other, "Hello, Nadia")
    sign_out(page)
    expect(other.get_by_text("You signed out in another tab.")).to_be_visible()
    page.goto(f"{stack.url}#email")
    title(page, "Hello, Nadia")
    expect(button(other, "Sign out")).to_be_visible()
    open_list(page)
    remove_all(page)


@pytest.mark.security("S-90")
def test_a_device_that_keeps_no_keys_sets_up_nothing(page: Page, stack: Stack) -> None:
    """The device cannot store a passkey. The browser refuses the set-up, and the page suggests a solution."""
    Device(page, hasResidentKey=False)
    sign_in(page, stack)
    open_list(page)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("No passkey was set up.")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("You have no passkey.")).to_be_visible()


@pytest.mark.security("S-102")
def test_the_way_back_when_the_only_one_is_lost(page: Page, stack: Stack) -> None:
    """The person has lost the passkey and forgotten the password. With a mailed code, the person sets a new password.
    The new password ends all earlier passkeys, because a thief may have the device. The person then adds a new
    passkey."""
    email, new = "lost@example.com", "another horse battery pia"
    stack.create_person(email, PASSWORD)
    found = Device(page)
    page.goto(f"{stack.url}#email")
    field(page, "Email").fill(email)
    field(page, "Password").fill(PASSWORD)
    page.locator("form button[type=submit]").click()
    open_list(page)
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    sign_out(page)
    (lost,) = found.keys()

    page.goto(f"{stack.url}#forgot")
    field(page, "Email").fill(email)
    button(page, "Send the code").click()
    title(page, "Choose a new password")
    field(page, "Code").fill(mailed_code(stack, email))
    field(page, "New password").fill(new)
    page.locator("form button[type=submit]").click()
    title(page, "Hello, Nadia")
    button(page, "Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()

    # In a new browser, somebody tries to use the lost device's passkey.
    page.context.clear_cookies()
    page.goto(f"{stack.url}#email")
    field(page, "Email").fill(email)
    button(page, "Use a passkey").click()
    expect(page.get_by_text("This passkey was not accepted.")).to_be_visible()

    field(page, "Password").fill(new)
    page.locator("form button[type=submit]").click()
    open_list(page, new)
    expect(page.get_by_text("your earlier passkeys are removed")).to_be_visible()
    expect(page.get_by_text("You have no passkey.")).to_be_visible()
    button(page, "Set up a passkey").click()
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    sign_out(page)
    # The device keeps one passkey per person. The new passkey has therefore replaced the old passkey.
    (made,) = found.keys()
    assert made["credentialId"] != lost["credentialId"]
    page.context.clear_cookies()
    page.goto(f"{stack.url}#email")
    field(page, "Email").fill(email)
    button(page, "Use a passkey").click()
    title(page, "Hello, Nadia")
