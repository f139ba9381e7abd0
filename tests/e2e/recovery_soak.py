"""A test in Chromium: a person creates recovery codes, loses the phone, and finally signs in without the authenticator
app. `make soak` runs this file."""

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import Stack
from tests.e2e.test_direct_browser import PASSWORD, code_of, field, sign_in, sign_out, submit, title


@pytest.mark.security("S-105")
def test_a_recovery_code_replaces_a_lost_app(page: Page, stack: Stack) -> None:
    """The person creates the codes with the password and a code of the authenticator app. After the loss of the phone,
    one recovery code replaces the app's code and turns the app off. The page signs the person in and offers a new
    set-up. From then on, the password alone is enough."""
    email = "rosa@example.com"
    stack.create_person(email, PASSWORD)
    page.goto(stack.url)
    sign_in(page, email, PASSWORD)
    page.get_by_text("Two-step verification").click()
    field(page, "Password").fill(PASSWORD)
    submit(page)
    title(page, "Set up your authenticator app")
    key = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.locator("main").inner_text())
    assert key
    app = pyotp.TOTP(key.group().replace(" ", ""))
    field(page, "Code").fill(code_of(app, -1))
    submit(page)
    page.get_by_text("Make recovery codes").click()
    field(page, "Code").fill(code_of(app, 0))
    submit(page)
    title(page, "Your recovery codes")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    page.get_by_role("button", name="I have kept them").click()
    sign_out(page)

    sign_in(page, email, PASSWORD)
    title(page, "Enter the code from your app")
    page.get_by_text("Use a recovery code").click()
    field(page, "Recovery code").fill(codes[3])
    submit(page)
    title(page, "Two-step verification is off")
    page.get_by_role("button", name="Continue").click()
    title(page, "Two-step verification")
    expect(field(page, "Password")).to_be_focused()
    page.get_by_role("button", name="Back", exact=True).click()
    title(page, "Hello, Nadia")
    sign_out(page)
    sign_in(page, email, PASSWORD)
    title(page, "Hello, Nadia")
