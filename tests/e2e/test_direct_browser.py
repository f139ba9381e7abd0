"""Tests of direct sign-in in a real Chromium: sign-up, second factor, and the pauses of the throttle."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.gatehouse.store.throttle import FREE_ATTEMPTS_ACCOUNT
from tests.e2e.mails import mailed_code
from tests.e2e.stack import Stack, forget_attempts

PASSWORD = "correct horse battery"
ANOTHER = "another horse battery"


@pytest.fixture(scope="module", autouse=True)
def fresh_attempts(stack: Stack) -> None:
    """Reset the counters, because all end-to-end tests use one IP address, which may cause only ten mails an hour."""
    forget_attempts(stack)


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def submit(page: Page) -> None:
    page.locator("form button[type=submit]").click()


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def open_form(page: Page, email: str) -> None:
    page.get_by_text("Continue with email").click()
    field(page, "Email").fill(email)


def sign_in(page: Page, email: str, password: str) -> None:
    open_form(page, email)
    field(page, "Password").fill(password)
    submit(page)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_sign_up_guesses_reset_and_sign_in(page: Page, stack: Stack) -> None:
    """The person signs up, enters the code, signs in and signs out. After five wrong passwords the page shows a
    countdown, but Okta still works. The person then resets the password and signs in again."""
    email = "nora@example.com"
    page.goto(stack.url)
    page.get_by_text("Continue with email").click()
    page.get_by_text("Create an account").click()
    field(page, "Email").fill(email)
    submit(page)
    title(page, "Check your mail")
    field(page, "Code").fill(mailed_code(stack, email))
    field(page, "First name").fill("Nora")
    field(page, "Last name").fill("Quist")
    field(page, "New password").fill(PASSWORD)
    submit(page)
    title(page, "Hello, Nora")
    expect(page.get_by_text(email)).to_be_visible()
    sign_out(page)

    open_form(page, email)
    for _ in range(FREE_ATTEMPTS_ACCOUNT):
        field(page, "Password").fill("wrong password!")
        with page.expect_response("**/auth/direct/sign-in"):
            submit(page)
        expect(page.get_by_text("We could not sign you in")).to_be_visible()
    field(page, "Password").fill("wrong password!")
    submit(page)
    expect(page.get_by_text("Too many attempts.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Please wait"))).to_be_disabled()
    expect(page.get_by_text("Continue with Okta")).to_be_enabled()

    page.get_by_text("Forgot your password?").click()
    field(page, "Email").fill(email)
    submit(page)
    expect(field(page, "Code")).to_be_visible()
    field(page, "Code").fill(mailed_code(stack, email))
    field(page, "New password").fill(ANOTHER)
    submit(page)
    title(page, "Hello, Nora")


def code_of(app: pyotp.TOTP, step: int) -> str:
    """Return the authenticator app's code for an earlier or later time step. Cognito accepts the codes of both
    neighbouring steps, and each code works once."""
    return app.at(int(time.time()) + 30 * step)


def test_a_second_factor_is_set_up_asked_for_and_taken_away(page: Page, stack: Stack) -> None:
    """The person sets up an authenticator app with the key from the page and real codes. The next sign-in requires a
    code. The person then turns the app off."""
    email = "tom@example.com"
    stack.create_person(email, PASSWORD)
    page.goto(stack.url)
    sign_in(page, email, PASSWORD)
    title(page, "Hello, Nadia")

    page.get_by_text("Two-step verification").click()
    field(page, "Password").fill(PASSWORD)
    submit(page)
    title(page, "Set up your authenticator app")
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    key = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.locator("main").inner_text())
    assert key
    app = pyotp.TOTP(key.group().replace(" ", ""))
    field(page, "Code").fill(code_of(app, -1))
    submit(page)
    title(page, "Two-step verification is on now")
    page.get_by_role("button", name="Continue").click()
    sign_out(page)

    sign_in(page, email, PASSWORD)
    title(page, "Enter the code from your app")
    field(page, "Code").fill("000000")
    submit(page)
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    field(page, "Code").fill(code_of(app, 0))
    submit(page)
    title(page, "Hello, Nadia")

    page.get_by_text("Two-step verification").click()
    field(page, "Password").fill(PASSWORD)
    submit(page)
    title(page, "Two-step verification is on")
    field(page, "Code").fill(code_of(app, 1))
    submit(page)
    title(page, "Two-step verification is off")


def test_an_invited_person_chooses_a_password_on_the_page(page: Page, stack: Stack) -> None:
    """The page answers the challenge NEW_PASSWORD_REQUIRED."""
    email = "iris@example.com"
    stack.aws("cognito-idp").admin_create_user(
        UserPoolId=stack.info["user_pool_id"],
        Username=email,
        TemporaryPassword=PASSWORD,
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "given_name", "Value": "Iris"},
        ],
        MessageAction="SUPPRESS",
    )
    page.goto(stack.url)
    sign_in(page, email, PASSWORD)
    title(page, "Choose your own password")
    field(page, "New password").fill(ANOTHER)
    submit(page)
    title(page, "Hello, Iris")
