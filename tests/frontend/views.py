"""All views of the page, each with the steps that open it. Tests that apply to all views use this module."""

from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page, expect

from .fake_api import Answer, FakeApi, challenge, error, throttled, totp_key

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2
EMAIL = "bo@example.com"
PASSWORD = "  correct horse battery "  # the spaces are part of the password
REQUIREMENTS = {"min_length": 12, "max_length": 256, "outer_spaces": False}

View = Callable[[Page, FakeApi], None]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def fill(page: Page, **values: str) -> None:
    """Fill in form fields. Each keyword argument is the label of a field, with `_` in place of a space."""
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def enter_password(page: Page, api: FakeApi, email: str = EMAIL) -> None:
    page.goto(f"{api.url}#email")
    fill(page, Email=email, Password=PASSWORD)
    press(page, "Sign in")


def enter_address(page: Page, api: FakeApi, email: str = EMAIL) -> None:
    page.goto(f"{api.url}#email")
    fill(page, Email=email)
    press(page, "Continue")


def sign_up(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#sign-up")
    fill(page, Email=EMAIL)
    press(page, "Send the code")


def enter_code(page: Page, code: str = "123456") -> None:
    fill(page, Code=code, First_name="Bo", Last_name="Ek", New_password=PASSWORD)
    press(page, "Save and sign in")


def ask_for_reset(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#forgot")
    fill(page, Email=EMAIL)
    press(page, "Send the code")


def ask_for_two_step(page: Page, api: FakeApi) -> None:
    api.native()
    page.goto(f"{api.url}#two-step")
    fill(page, Password=PASSWORD)
    press(page, "Continue")


def _choose(page: Page, api: FakeApi) -> None:
    api.config["providers"] = [{"name": "Okta", "label": "Okta"}, {"name": "Long", "label": LONG}]
    page.goto(f"{api.url}?signed_out=1")


def _profile(page: Page, api: FakeApi) -> None:
    api.sign_in(given_name=LONG)
    api.answers["GET /me"] = Answer(
        200, {"Email": f"{LONG}@example.com", "groups": [LONG, "admins"], "provider": "Okta"}
    )
    page.goto(api.url)


def _native_profile(page: Page, api: FakeApi) -> None:
    api.native()
    page.goto(api.url)
    expect(page.get_by_role("link", name="Two-step verification")).to_be_visible()


def _refused_record(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.answers["GET /me"] = error(403, "forbidden")
    page.goto(api.url)


def _unavailable(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/refresh"] = error(503, "temporarily_unavailable", {"Retry-After": "60"})
    page.goto(api.url)


def _empty_form(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    press(page, "Sign in")


def _refused(page: Page, api: FakeApi) -> None:
    enter_password(page, api, f"{LONG[:60]}@example.com")
    expect(page.get_by_role("alert")).to_contain_text(["could not sign you in", ""])


def _throttled(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/sign-in"] = throttled(75)
    enter_password(page, api)
    expect(page.get_by_role("button", name="Please wait")).to_be_visible()


def _address(page: Page, api: FakeApi) -> None:
    api.config["providers"] = [{"name": "Okta", "label": "Okta"}, {"name": "Long", "label": LONG}]
    api.discover()
    page.goto(f"{api.url}#email")
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)


def _nobody(page: Page, api: FakeApi) -> None:
    api.discover(direct=False)
    enter_address(page, api, f"{LONG[:60]}@example.com")
    expect(page.get_by_text("You cannot sign in with this address here.")).to_be_visible()


def _discovery_throttled(page: Page, api: FakeApi) -> None:
    api.discover()
    api.answers["POST /auth/discover"] = throttled(75)
    enter_address(page, api)
    expect(page.get_by_role("button", name="Please wait")).to_be_visible()


def _password_step(page: Page, api: FakeApi) -> None:
    api.discover()
    enter_address(page, api, f"{LONG[:60]}@example.com")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def _on_the_way(page: Page, api: FakeApi) -> None:
    """The page redirects to Cognito. Cognito does not respond, so the browser still shows the page."""
    api.discover(provider=LONG)
    api.answers["GET /auth/login"] = Answer(204)
    enter_address(page, api)
    heading(page, f"Taking you to {LONG}…")


def _code_refused(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/confirm"] = Answer(
        400, {"error": "invalid_password", "requirements": REQUIREMENTS}
    )
    sign_up(page, api)
    enter_code(page)
    expect(page.get_by_text("Choose another")).to_be_visible()


def _code(page: Page, api: FakeApi) -> None:
    sign_up(page, api)
    press(page, "Send a new code")
    expect(page.get_by_text("If this address can get a code")).to_be_visible()


def _reset(page: Page, api: FakeApi) -> None:
    ask_for_reset(page, api)
    heading(page, "Choose a new password")


def at(address: str) -> View:
    return lambda page, api: page.goto(f"{api.url}#{address}") and None


def challenged(name: str, **more: Any) -> View:
    def view(page: Page, api: FakeApi) -> None:
        api.answers["POST /auth/direct/sign-in"] = challenge(name, **more)
        enter_password(page, api)
        expect(page.locator("[data-view=challenge]")).to_be_visible()

    return view


def _set_up(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = Answer(200, totp_key())
    ask_for_two_step(page, api)
    heading(page, "Set up your authenticator app")


def _turn_off(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = error(409, "mfa_already_on")
    ask_for_two_step(page, api)
    heading(page, "Two-step verification is on")


def _confirm(page: Page, api: FakeApi) -> None:
    api.embed()
    api.native()
    page.goto(f"{api.url}#confirm")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def confirm_by_passkey(page: Page, api: FakeApi) -> None:
    api.offer_passkeys()
    _confirm(page, api)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def _confirm_elsewhere(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.config["providers"] = [{"name": "Okta", "label": LONG}]
    page.goto(f"{api.url}#confirm")
    expect(page.get_by_text("does not ask you to sign in")).to_be_visible()


def _confirm_nowhere(page: Page, api: FakeApi) -> None:
    api.config["direct_sign_in"] = "managed"
    api.native()
    page.goto(f"{api.url}#confirm")
    expect(page.get_by_text("cannot confirm your identity")).to_be_visible()


def _two_step(page: Page, api: FakeApi) -> None:
    api.native()
    page.goto(f"{api.url}#two-step")


PASSKEY = {
    "id": "cGFzc2tleQ",
    "name": LONG,
    "created_at": "2026-11-02T09:30:00Z",
    "attachment": "platform",
}


def _email_with_passkeys(page: Page, api: FakeApi) -> None:
    api.offer_passkeys()
    page.goto(f"{api.url}#email")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def open_passkeys(page: Page, api: FakeApi) -> None:
    api.offer_passkeys()
    api.native()
    api.answers["POST /auth/passkeys/open"] = Answer(200, {"passkeys": [PASSKEY]})
    page.goto(f"{api.url}#passkeys")
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    expect(page.get_by_role("button", name="Set up a passkey")).to_be_visible()


def _remove_passkey(page: Page, api: FakeApi) -> None:
    open_passkeys(page, api)
    page.get_by_role("button", name="Remove").click()
    heading(page, "Remove this passkey?")


CHOICES = ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"]

VIEWS: Mapping[str, View] = {
    "choose": _choose,
    "profile": _profile,
    "refused record": _refused_record,
    "unavailable": _unavailable,
    "email": at("email"),
    "email, empty": _empty_form,
    "email, refused": _refused,
    "email, throttled": _throttled,
    "address": _address,
    "address of nobody": _nobody,
    "address, throttled": _discovery_throttled,
    "password step": _password_step,
    "on the way to a provider": _on_the_way,
    "sign-up": at("sign-up"),
    "code": _code,
    "code, password refused": _code_refused,
    "code, address unknown": at("code"),
    "forgot": at("forgot"),
    "reset": _reset,
    "reset, address unknown": at("reset"),
    "new password": challenged("NEW_PASSWORD_REQUIRED"),
    "app code": challenged("SOFTWARE_TOKEN_MFA"),
    "app set-up": challenged("MFA_SETUP", **totp_key()),
    "choice of method": challenged("SELECT_MFA_TYPE", choices=CHOICES),
    "mailed code": challenged("EMAIL_OTP", destination=f"b***@{LONG}.com"),
    "texted code": challenged("SMS_MFA", destination="+*******42"),
    "unknown challenge": challenged("WEB_AUTHN"),
    "profile with two-step": _native_profile,
    "confirm": _confirm,
    "confirm with passkeys": confirm_by_passkey,
    "confirm at a provider": _confirm_elsewhere,
    "confirm nowhere": _confirm_nowhere,
    "two-step": _two_step,
    "two-step, set-up": _set_up,
    "two-step, off": _turn_off,
    "email with passkeys": _email_with_passkeys,
    "passkeys": open_passkeys,
    "passkey, removal": _remove_passkey,
}
