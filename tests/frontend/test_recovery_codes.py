"""Tests of recovery codes on the page. People create the codes and see each code once. Later they can enter a recovery
code in place of the authenticator app's code."""

from playwright.sync_api import BrowserContext, Page, expect

from .fake_api import Answer, FakeApi, error
from .states import ask_for_recovery_codes, lose_the_phone
from .views import EMAIL, PASSWORD, fill, heading, press


def test_codes_are_shown_once_and_copied(page: Page, context: BrowserContext, api: FakeApi) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    api.embed()
    ask_for_recovery_codes(page, api)
    expect(page.locator(".codes li")).to_have_count(10)
    press(page, "Copy")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert copied == page.locator(".codes code").all_text_contents()
    (request,) = api.sent("POST /auth/mfa/recovery-codes")
    assert request.body == {"password": PASSWORD, "code": "123456"}
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator(".codes")).to_be_visible()
    page.emulate_media(media="screen")
    press(page, "I have kept them")
    heading(page, "Hello, Bo")
    assert copied[0] not in page.content()


def test_a_recovery_code_leads_in_and_to_another_app(page: Page, api: FakeApi) -> None:
    """The two sign-ins use the password that the person typed a moment ago. The browser's storage does not contain the
    password."""
    api.embed()
    lose_the_phone(page, api)
    api.answers["POST /auth/direct/recovery-code"] = error(401, "invalid_code")
    fill(page, Recovery_code="wrong")
    press(page, "Continue")
    expect(page.get_by_role("textbox", name="Recovery code")).to_have_accessible_description(
        "This is not one of your unused recovery codes."
    )
    api.answers["POST /auth/direct/recovery-code"] = Answer(200, {"mfa": False})
    fill(page, Recovery_code="7KQ2-M0XD-0000-ABCD")
    press(page, "Continue")
    heading(page, "Two-step verification is off")
    api.answers["POST /auth/direct/sign-in"] = api.native()
    press(page, "Continue")
    heading(page, "Two-step verification")
    expect(page.get_by_text("First confirm that it is you.")).to_be_visible()
    bodies = [request.body for request in api.sent("POST /auth/direct/sign-in")]
    assert bodies[-1] == {"email": EMAIL, "password": PASSWORD, "remember": False}
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"


def test_the_app_is_still_a_way(page: Page, api: FakeApi) -> None:
    api.embed()
    lose_the_phone(page, api)
    press(page, "Use the app instead")
    heading(page, "Enter the code from your app")


def test_the_profile_says_how_many_are_left(page: Page, api: FakeApi) -> None:
    api.embed()
    api.native()
    left = {"left": 8, "used_at": "2026-11-29T09:00:00.000Z"}
    api.answers["GET /me/second-factor"] = Answer(
        200, {"on": True, "factors": ["SOFTWARE_TOKEN_MFA"], "recovery_codes": left}
    )
    page.goto(api.url)
    expect(page.get_by_text("Recovery codes left: 8. One was used on")).to_be_visible()
    left |= {"left": 0, "used_at": None}
    page.reload()
    expect(page.get_by_text("You have no recovery codes.")).to_be_visible()
