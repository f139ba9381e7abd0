"""Tests of whole flows without a mouse: the focus is always on the next thing to type or read."""

import pytest
from playwright.sync_api import Page, expect

from .fake_api import Answer, FakeApi, challenge, error, nobody, totp_key
from .views import EMAIL, PASSWORD, heading

FOCUSED = "(document.activeElement.id || document.activeElement.textContent).trim()"


@pytest.fixture(autouse=True)
def _embedded(api: FakeApi) -> None:
    api.embed()


def focused(page: Page, what: str) -> None:
    page.wait_for_function(f"(what) => {FOCUSED} === what", arg=what)


def tab_to(page: Page, what: str) -> None:
    for _ in range(15):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == what:
            return
    raise AssertionError(f"Tab does not reach {what}")


def type_in(page: Page, *texts: str) -> None:
    """Fill consecutive fields. Between a password's field and the next field, Tab stops at the button that shows the
    password."""
    for index, text in enumerate(texts):
        if index:
            page.keyboard.press("Tab")
        page.keyboard.insert_text(text)
    page.keyboard.press("Enter")


def test_signing_in_with_a_second_factor_and_out_again(page: Page, api: FakeApi) -> None:
    """The flow begins at the first view, leads to the profile, and ends at the first view."""
    api.answers["POST /auth/direct/sign-in"] = challenge("SOFTWARE_TOKEN_MFA")
    api.answers["POST /auth/direct/challenge"] = lambda _: api.native()
    page.goto(api.url)
    heading(page, "Sign in")
    tab_to(page, "Continue with email")
    page.keyboard.press("Enter")
    focused(page, "field-email")
    type_in(page, EMAIL, PASSWORD)
    focused(page, "field-code")
    type_in(page, "123 4-56")  # the code as people paste it from a mail
    heading(page, "Hello, Bo")
    assert api.sent("POST /auth/direct/challenge")[-1].body["code"] == "123456"
    focused(page, "title")
    api.answers["POST /auth/logout"] = Answer(200, {"logout_url": f"{api.url}?signed_out=1"})
    api.answers["POST /auth/refresh"] = nobody
    tab_to(page, "Sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_a_refused_password_puts_the_cursor_back_with_words(page: Page, api: FakeApi) -> None:
    """After the error, the Tab key moves the focus to the links that help with a password."""
    page.goto(f"{api.url}#email")
    heading(page, "Sign in with email")
    tab_to(page, "field-email")
    type_in(page, EMAIL, PASSWORD)
    expect(page.get_by_role("alert").first).to_contain_text("could not sign you in")
    focused(page, "field-password")
    tab_to(page, "Reset password")
    page.keyboard.press("Enter")
    focused(page, "field-email")
    heading(page, "Reset your password")
    page.keyboard.press("Enter")
    heading(page, "Choose a new password")
    focused(page, "field-code")


def test_signing_up_with_a_code(page: Page, api: FakeApi) -> None:
    """The person types the address, the code, the names and the password, and then has a session. In an empty form, the
    first field has the focus."""
    page.goto(f"{api.url}#sign-up")
    heading(page, "Create an account")
    tab_to(page, "field-email")
    type_in(page, EMAIL)
    focused(page, "field-code")
    page.keyboard.press("Enter")
    focused(page, "field-code")
    expect(page.get_by_label("Code", exact=True)).to_have_accessible_description(
        "Enter the digits of the code."
    )
    api.accept_password()
    type_in(page, "123456", "Bo", "Ek", PASSWORD)
    heading(page, "Hello, Bo")


def test_two_step_verification_on_and_back(page: Page, api: FakeApi) -> None:
    """The person reads the QR code before the page asks for the authenticator app's code."""
    api.native()
    api.answers["POST /auth/mfa/setup"] = Answer(200, totp_key())
    api.answers["POST /auth/mfa/verify"] = error(400, "invalid_code")
    page.goto(api.url)
    heading(page, "Hello, Bo")
    tab_to(page, "Two-step verification")
    page.keyboard.press("Enter")
    focused(page, "field-password")
    type_in(page, PASSWORD)
    heading(page, "Set up your authenticator app")
    focused(page, "title")
    tab_to(page, "field-code")
    type_in(page, "000000")
    expect(page.get_by_label("Code", exact=True)).to_have_accessible_description(
        "This code is wrong or has expired."
    )
    focused(page, "field-code")
    api.answers["POST /auth/mfa/verify"] = Answer(200, {})
    type_in(page, "123456")
    heading(page, "Two-step verification is on now")
    focused(page, "title")
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    heading(page, "Hello, Bo")
