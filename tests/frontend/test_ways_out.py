"""Tests of the hints for a person who cannot sign in. The page names the people who can help, and shows the same hint
for every address."""

import pytest
from playwright.sync_api import Page, expect

from .fake_api import FakeApi, error
from .views import (
    View,
    ask_for_reset,
    challenged,
    enter_password,
    heading,
    press,
)

INVITED = "Has your invitation expired? Ask your administrator to send a new one."
LOST = "Lost your phone? Ask your administrator"


@pytest.fixture(autouse=True)
def _embedded(api: FakeApi) -> None:
    api.embed()


def refused(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/sign-in"] = error(401, "invalid_credentials")
    enter_password(page, api)


def sign_up_form(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#sign-up")


def forgot_form(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#forgot")


@pytest.mark.security("S-40")
@pytest.mark.parametrize("view", [refused, sign_up_form, forgot_form, ask_for_reset])
def test_an_expired_invitation_has_a_way_out(page: Page, api: FakeApi, view: View) -> None:
    """Cognito sends no mail to a person whose invitation has expired. The page must not reveal whether an invitation
    has expired, so the page shows the hint for every address."""
    view(page, api)
    expect(page.get_by_text(INVITED)).to_have_count(1)


@pytest.mark.parametrize(
    "view",
    [
        challenged("SOFTWARE_TOKEN_MFA"),
        challenged("SMS_MFA", destination="+***12"),
        challenged("SELECT_MFA_TYPE", choices=["SOFTWARE_TOKEN_MFA", "SMS_MFA"]),
    ],
)
def test_a_lost_phone_has_a_way_out(page: Page, api: FakeApi, view: View) -> None:
    """The page shows the hint in each view that asks for a code from a phone."""
    view(page, api)
    expect(page.get_by_text(LOST)).to_be_visible()


def test_a_code_by_mail_needs_no_phone(page: Page, api: FakeApi) -> None:
    """A mailed code and the set-up of an authenticator app do not need the lost phone, so the hint would be wrong
    advice."""
    challenged("EMAIL_OTP", destination="b***")(page, api)
    heading(page, "Check your mail")
    expect(page.get_by_text(LOST)).to_have_count(0)
    press(page, "Start over")
