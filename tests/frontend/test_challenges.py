"""Tests of the steps between password and session, and of the view in which the person sets up two-step verification."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .captcha_widget import WIDGETS, demand_captcha
from .fake_api import Answer, FakeApi, challenge, error, throttled, totp_key
from .views import (
    CHOICES,
    EMAIL,
    PASSWORD,
    REQUIREMENTS,
    ask_for_two_step,
    challenged,
    enter_password,
    fill,
    heading,
    press,
)


@pytest.fixture(autouse=True)
def _embedded(api: FakeApi) -> None:
    api.embed()


def replies(api: FakeApi) -> list[object]:
    return [request.body for request in api.sent("POST /auth/direct/challenge")]


def test_a_code_of_the_app(page: Page, api: FakeApi) -> None:
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    heading(page, "Enter the code from your app")
    code = page.get_by_label("Code", exact=True)
    expect(code).to_be_focused()
    api.answers["POST /auth/direct/challenge"] = error(401, "invalid_code")
    fill(page, Code="111111")
    press(page, "Continue")
    expect(code).to_have_accessible_description("This code is wrong or has expired.")
    expect(code).to_be_focused()
    api.answers["POST /auth/direct/challenge"] = api.native()
    fill(page, Code="123456")
    press(page, "Continue")
    heading(page, "Hello, Bo")
    assert replies(api) == [
        {"name": "SOFTWARE_TOKEN_MFA", "code": "111111"},
        {"name": "SOFTWARE_TOKEN_MFA", "code": "123456"},
    ]
    assert page.url == api.url


@pytest.mark.parametrize(
    ("name", "title"), [("EMAIL_OTP", "Check your mail"), ("SMS_MFA", "Check your phone")]
)
def test_a_code_that_was_sent(page: Page, api: FakeApi, name: str, title: str) -> None:
    challenged(name, destination="<b>b***</b>")(page, api)
    heading(page, title)
    expect(page.get_by_text("We sent a code to <b>b***</b>.")).to_be_visible()
    api.answers["POST /auth/direct/challenge"] = api.native()
    fill(page, Code="12345678")
    press(page, "Continue")
    heading(page, "Hello, Bo")
    assert replies(api) == [{"name": name, "code": "12345678"}]


@pytest.mark.security("S-45")
@pytest.mark.usefixtures("context")
def test_wrong_codes_are_throttled_with_a_countdown(page: Page, api: FakeApi) -> None:
    page.clock.install()
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    api.answers["POST /auth/direct/challenge"] = throttled(15)
    fill(page, Code="111111")
    press(page, "Continue")
    expect(page.get_by_role("button", name="Please wait 0:15")).to_be_disabled()
    page.clock.run_for(16_000)
    expect(page.get_by_role("button", name="Continue")).to_be_enabled()


def qr_rows(page: Page) -> list[str]:
    """Read the path in the SVG, and return the modules (small squares) of the QR code, row by row."""
    size = int((page.locator(".qr").get_attribute("viewBox") or "").split()[2]) - 8
    dark = set()
    for x, y, run in re.findall(
        r"M(\d+) (\d+)h(\d+)v1h-\3z", page.locator(".qr path").get_attribute("d") or ""
    ):
        dark |= {(int(x) - 4 + step, int(y) - 4) for step in range(int(run))}
    return ["".join("01"[(x, y) in dark] for x in range(size)) for y in range(size)]


def test_setting_up_an_app_on_the_way_in(page: Page, context: BrowserContext, api: FakeApi) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = totp_key()
    challenged("MFA_SETUP", **key)(page, api)
    heading(page, "Set up your authenticator app")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert qr_rows(page) == key["qr"]
    expect(page.locator(".qr")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("code")).to_have_text(re.compile(r"^JBSW Y3DP EHPK .* JBSW$"))
    expect(page.get_by_role("link", name="Open in an app")).to_have_attribute(
        "href", key["otpauth"]
    )
    press(page, "Copy")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key["secret"]
    api.answers["POST /auth/direct/challenge"] = api.native()
    fill(page, Code="123456")
    press(page, "Turn on")
    heading(page, "Hello, Bo")
    assert replies(api) == [{"name": "MFA_SETUP", "code": "123456"}]


def test_a_hostile_key_uri_becomes_no_link(page: Page, api: FakeApi) -> None:
    challenged("MFA_SETUP", **totp_key() | {"otpauth": "javascript:alert(1)"})(page, api)
    heading(page, "Set up your authenticator app")
    expect(page.get_by_role("link", name="Open in an app")).to_have_count(0)


def test_choosing_a_method_leads_to_its_code(page: Page, api: FakeApi) -> None:
    challenged("SELECT_MFA_TYPE", choices=[*CHOICES, "constructor"])(page, api)
    heading(page, "How do you want to confirm?")
    expect(page.locator(".way")).to_have_count(3)
    api.answers["POST /auth/direct/challenge"] = challenge("EMAIL_OTP", destination="b***@e***")
    press(page, "With a code by email")
    heading(page, "Check your mail")
    assert replies(api) == [{"name": "SELECT_MFA_TYPE", "choice": "EMAIL_OTP"}]


def test_a_first_password_is_replaced(page: Page, api: FakeApi) -> None:
    challenged("NEW_PASSWORD_REQUIRED")(page, api)
    heading(page, "Choose your own password")
    box = page.get_by_label("New password", exact=True)
    expect(box).to_have_attribute("autocomplete", "new-password")
    expect(page.locator("input[autocomplete=username]")).to_have_value(EMAIL)
    api.answers["POST /auth/direct/challenge"] = Answer(
        400, {"error": "invalid_password", "requirements": REQUIREMENTS}
    )
    fill(page, New_password="short")
    press(page, "Save and sign in")
    expect(box).to_have_accessible_description(re.compile("12 characters or more"))
    api.answers["POST /auth/direct/challenge"] = api.native()
    fill(page, New_password=PASSWORD)
    press(page, "Save and sign in")
    heading(page, "Hello, Bo")
    assert replies(api)[-1] == {"name": "NEW_PASSWORD_REQUIRED", "password": PASSWORD}


def test_an_expired_challenge_starts_over(page: Page, api: FakeApi) -> None:
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    fill(page, Code="123456")
    press(page, "Continue")
    heading(page, "Sign in with email")
    expect(page.get_by_text("That took too long. Please sign in again.")).to_be_visible()
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)
    expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_starting_over_is_always_possible(page: Page, api: FakeApi) -> None:
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    press(page, "Start over")
    heading(page, "Sign in with email")


@pytest.mark.security("S-45")
@pytest.mark.parametrize(
    ("login_url", "leads_to"),
    [
        ("/api/auth/login?provider=COGNITO", "/api/auth/login?provider=COGNITO"),
        ("javascript:alert(1)", "/api/auth/login?provider=COGNITO"),
        (None, "/api/auth/login?provider=COGNITO"),
    ],
)
def test_an_unknown_challenge_goes_on_at_the_managed_login(
    page: Page, api: FakeApi, login_url: str | None, leads_to: str
) -> None:
    answer: dict[str, Any] = {"error": "unsupported_challenge"}
    if login_url:
        answer["login_url"] = login_url
    api.answers["POST /auth/direct/sign-in"] = Answer(401, answer)
    enter_password(page, api)
    heading(page, "One more step")
    link = page.get_by_role("link", name="Continue to sign-in")
    expect(link).to_have_attribute("href", api.origin + leads_to)


@pytest.mark.security("S-45")
def test_a_challenge_that_the_page_does_not_know_fails_closed(page: Page, api: FakeApi) -> None:
    challenged("constructor")(page, api)
    heading(page, "One more step")
    assert replies(api) == []


@pytest.mark.parametrize("vendor", WIDGETS)
def test_a_captcha_is_solved_and_the_sign_in_repeated(
    page: Page, api: FakeApi, vendor: str
) -> None:
    demand_captcha(page, api, vendor)
    enter_password(page, api)
    heading(page, "One more check")
    press(page, "I am a person site-key")
    heading(page, "Hello, Bo")
    assert [request.body for request in api.sent("POST /auth/direct/sign-in")] == [
        {"email": EMAIL, "password": PASSWORD, "remember": False},
        {"email": EMAIL, "password": PASSWORD, "remember": False, "captcha": "solved"},
    ]


def test_a_solved_captcha_does_not_excuse_a_wrong_password(page: Page, api: FakeApi) -> None:
    demand_captcha(page, api, "turnstile")
    enter_password(page, api)
    heading(page, "One more check")
    api.answers["POST /auth/direct/sign-in"] = error(401, "invalid_credentials")
    press(page, "I am a person site-key")
    heading(page, "Sign in with email")
    expect(page.get_by_text("We could not sign you in")).to_be_visible()
    expect(page.get_by_role("link", name="Enter a code")).to_be_visible()


def test_a_captcha_that_is_blocked_says_so(page: Page, api: FakeApi) -> None:
    demand_captcha(page, api, "hcaptcha")
    page.route("**/api.js*", lambda route: route.abort())
    enter_password(page, api)
    expect(page.get_by_text("The check could not be loaded.")).to_be_visible()
    expect(page.get_by_role("button", name="Start over")).to_be_visible()


def test_two_step_verification_is_for_people_with_a_password_here(page: Page, api: FakeApi) -> None:
    api.sign_in()
    page.goto(f"{api.url}#two-step")
    heading(page, "Hello, Ada")
    expect(page.get_by_role("link", name="Two-step verification")).to_have_count(0)


def test_turning_two_step_verification_on(page: Page, api: FakeApi) -> None:
    api.native()
    page.goto(api.url)
    page.get_by_role("link", name="Two-step verification").click()
    heading(page, "Two-step verification")
    api.answers["POST /auth/mfa/setup"] = error(401, "invalid_credentials")
    fill(page, Password="wrong")
    press(page, "Continue")
    expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(
        "This is not your password."
    )
    api.answers["POST /auth/mfa/setup"] = Answer(200, totp_key())
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    heading(page, "Set up your authenticator app")
    assert qr_rows(page) == totp_key()["qr"]
    api.answers["POST /auth/mfa/verify"] = error(400, "invalid_code")
    fill(page, Code="111111")
    press(page, "Turn on")
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    api.answers["POST /auth/mfa/verify"] = Answer(200, {"mfa": True})
    fill(page, Code="123456")
    press(page, "Turn on")
    heading(page, "Two-step verification is on now")
    press(page, "Continue")
    heading(page, "Hello, Bo")
    assert page.url == api.url
    (_, verify) = api.sent("POST /auth/mfa/verify")
    assert verify.body == {"code": "123456"}
    assert verify.headers["x-gatehouse"] == "1"


def test_turning_two_step_verification_off(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = error(409, "mfa_already_on")
    api.answers["POST /auth/mfa/disable"] = Answer(200, {"mfa": False})
    ask_for_two_step(page, api)
    heading(page, "Two-step verification is on")
    fill(page, Code="123456")
    press(page, "Turn off")
    heading(page, "Two-step verification is off")
    (request,) = api.sent("POST /auth/mfa/disable")
    assert request.body == {"password": PASSWORD, "code": "123456"}


def test_an_expired_set_up_asks_for_the_password_again(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = Answer(200, totp_key())
    api.answers["POST /auth/mfa/verify"] = error(401, "challenge_expired")
    ask_for_two_step(page, api)
    fill(page, Code="123456")
    press(page, "Turn on")
    heading(page, "Two-step verification")
    expect(page.get_by_text("That took too long.")).to_be_visible()


def test_two_step_verification_elsewhere_is_said(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = error(409, "managed_by_provider")
    ask_for_two_step(page, api)
    expect(page.get_by_text("so you set up two-step verification there")).to_be_visible()
    press(page, "Back")
    heading(page, "Hello, Bo")


def test_a_session_that_ended_meanwhile_is_noticed(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = error(401, "no_session")
    api.native()
    page.goto(f"{api.url}#two-step")
    fill(page, Password=PASSWORD)
    api.answers["POST /auth/refresh"] = error(401, "no_session")
    press(page, "Continue")
    heading(page, "Sign in")
    expect(page.get_by_text("Your session ended.")).to_be_visible()
