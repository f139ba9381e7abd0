"""Views of the page in rare states: errors, no connection, no scripts, the end of a session, the view after a step."""

import re
from collections.abc import Mapping

from playwright.sync_api import Page, Route, expect

from .captcha_widget import demand_captcha
from .fake_api import Answer, FakeApi, error, totp_key
from .views import (
    EMAIL,
    LONG,
    PASSWORD,
    VIEWS,
    View,
    ask_for_two_step,
    at,
    challenged,
    enter_password,
    fill,
    heading,
    press,
    sign_up,
)  # fmt: skip

#: The elements that show that the page's script has started. If the script never starts, the browser shows the element
#: `.late` instead.
DRAWN = "#view:not(:has(noscript)) h1, .skeleton .late"
#: This script replaces `document.cookie`. Written values then disappear, as in a browser that blocks cookies.
NO_COOKIES = "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}});"
ERRORS = (
    "access_denied", "account_disabled", "login_expired", "login_used", "login_unknown", "login_failed", "sign_up_refused",
    "temporarily_unavailable", "unknown_provider", "too_many_attempts", "not_found", "unknown",
)  # fmt: skip


def lose_cookies(page: Page, script: str = NO_COOKIES) -> None:
    """Run `script` before the page's own scripts, from the next load on."""

    def serve(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=script + answer.text())

    page.route("**/app.js", serve)


def _arriving(query: str) -> View:
    return lambda page, api: page.goto(f"{api.url}?{query}") and None


def _without_cookies(query: str) -> View:
    """The browser keeps no cookies, and the page shows this fault."""

    def view(page: Page, api: FakeApi) -> None:
        lose_cookies(page)
        page.goto(f"{api.url}{query}")
        expect(page.get_by_text("This browser blocks cookies")).to_be_visible()

    return view


def _failed_beside_a_session(page: Page, api: FakeApi) -> None:
    api.sign_in()
    page.goto(f"{api.url}?error=access_denied&return_to=/elsewhere")
    expect(page.get_by_text("You are still signed in.")).to_be_visible()


def _with_a_way_on(page: Page, api: FakeApi) -> None:
    """The page has redirected the person to the target, and the person has come back."""
    api.sign_in()
    api.config["return_to"] = "https://notes.example.com/"
    page.goto(api.url)
    expect(page.get_by_role("link", name="Continue")).to_be_visible()


def _offline(page: Page, api: FakeApi) -> None:
    """The browser is offline while the page repeats a request."""
    VIEWS["unavailable"](page, api)
    heading(page, "We\u2019ll be right back")
    page.context.set_offline(True)
    heading(page, "You are offline")


def _script_lost(page: Page, api: FakeApi) -> None:
    api.ask_for_config()
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url)
    page.locator(".late").evaluate(
        "(node) => node.getAnimations().forEach((wait) => wait.finish())"
    )
    expect(page.get_by_role("link", name="Sign in without this page")).to_be_visible()


def _nothing_set_up(page: Page, api: FakeApi) -> None:
    api.config |= {"direct_sign_in": "off", "providers": []}
    page.goto(api.url)
    expect(page.get_by_text("No way to sign in has been set up here yet")).to_be_visible()


def _leaving(page: Page, api: FakeApi) -> None:
    """The page redirects to Cognito. Cognito does not respond, so the browser still shows the page."""
    api.config |= {"auto_sign_in": "Okta", "providers": [{"name": "Okta", "label": LONG}]}
    api.answers["GET /auth/login"] = Answer(204)
    page.goto(api.url, wait_until="commit")  # the page redirects before it has loaded
    heading(page, f"Taking you to {LONG}…")


def _lost_record(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.answers["GET /me"] = error(500, "internal")
    page.goto(api.url)
    expect(page.get_by_text("could not be loaded right now")).to_be_visible()


def _sessions(page: Page, api: FakeApi) -> None:
    """The list of the person's sessions is open."""
    api.sign_in()
    page.goto(api.url)
    page.get_by_text("Where you are signed in").click()
    expect(page.get_by_role("button", name="Sign out everywhere else")).to_be_visible()


def _own_account(page: Page, api: FakeApi) -> None:
    """The forms for the name and for the password are open."""
    api.embed()
    api.native()
    page.goto(api.url)
    for title in ("Change your name", "Change your password"):
        page.get_by_text(title).click()
    expect(page.get_by_role("button", name="Save")).to_have_count(2)


def _last_minutes(page: Page, api: FakeApi) -> None:
    """The session will soon reach its maximum lifetime, with or without the person's activity."""
    api.sign_in(idle=600, absolute=600)
    page.goto(api.url)
    expect(page.get_by_text("you will have to sign in again")).to_be_visible()


def _idle(page: Page, api: FakeApi) -> None:
    """Another tab says that the session will soon end by inactivity."""
    api.sign_in()
    page.goto(api.url)
    expect(page.get_by_text("Member since")).to_be_visible()
    # A key or a click would refresh the session and end the warning. As long as the page cannot reach the server, the
    # warning stays.
    api.answers["POST /auth/refresh"] = error(503, "temporarily_unavailable")
    page.evaluate(
        """(base) => new BroadcastChannel('gatehouse ' + base).postMessage({
          sub: 'sub-ada', idleExpiresAt: Date.now() + 90000, expiresAt: Date.now() + 9e6, warnAt: Date.now() - 1})""",
        api.url,
    )
    expect(page.get_by_role("button", name="Stay signed in")).to_be_visible()


def _stuck(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.answers["POST /auth/logout"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    press(page, "Sign out")
    expect(page.get_by_role("alert")).to_contain_text("you are still signed in")


def _domain_refused(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/sign-up"] = error(403, "sign_up_refused")
    sign_up(page, api)
    expect(page.get_by_text("Only certain accounts may sign up here")).to_be_visible()


def _wrong_code(page: Page, api: FakeApi) -> None:
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    api.answers["POST /auth/direct/challenge"] = error(400, "invalid_code")
    fill(page, Code="123456")
    press(page, "Continue")
    expect(page.get_by_text("This code is wrong")).to_be_visible()


def _captcha(page: Page, api: FakeApi) -> None:
    demand_captcha(page, api, "turnstile")
    enter_password(page, api)
    expect(page.get_by_role("button", name="I am a person")).to_be_visible()


def _captcha_blocked(page: Page, api: FakeApi) -> None:
    demand_captcha(page, api, "hcaptcha")
    page.route(re.compile("hcaptcha"), lambda route: route.abort())
    enter_password(page, api)
    expect(page.get_by_text("The check could not be loaded.")).to_be_visible()


def _passkeys_ended(page: Page, api: FakeApi) -> None:
    api.offer_passkeys()
    api.native()
    api.answers["POST /auth/passkeys/open"] = Answer(200, {"passkeys": [], "ended": 1})
    page.goto(f"{api.url}#passkeys")
    fill(page, Password=PASSWORD)
    press(page, "Continue")
    expect(page.get_by_text("You have no passkey.")).to_be_visible()


def _passkey_offered(page: Page, api: FakeApi) -> None:
    """The offer of a passkey after a sign-in with the password, on a device that can store a passkey."""
    api.offer_passkeys()
    api.accept_password()
    page.goto(f"{api.url}#email")
    page.evaluate(
        "() => { PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable = async () => true; }"
    )
    fill(page, Email=EMAIL, Password=PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_text("Next time without a password?")).to_be_visible()


def _turned_on(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = Answer(200, totp_key())
    api.answers["POST /auth/mfa/verify"] = Answer(200, {})
    ask_for_two_step(page, api)
    fill(page, Code="123456")
    press(page, "Turn on")
    heading(page, "Two-step verification is on now")


def _turned_off(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/mfa/setup"] = error(409, "mfa_already_on")
    api.answers["POST /auth/mfa/disable"] = Answer(200, {})
    ask_for_two_step(page, api)
    fill(page, Code="123456")
    press(page, "Turn off")
    heading(page, "Two-step verification is off")


def ask_for_recovery_codes(page: Page, api: FakeApi) -> None:
    """Open the view with new recovery codes, which the page shows once."""
    api.answers["POST /auth/mfa/setup"] = error(409, "mfa_already_on")
    codes = [f"7KQ2-M0XD-{at:04}-ABCD" for at in range(10)]
    api.answers["POST /auth/mfa/recovery-codes"] = Answer(200, {"recovery_codes": codes})
    ask_for_two_step(page, api)
    press(page, "Make recovery codes")
    heading(page, "Make recovery codes")
    fill(page, Code="123456")
    press(page, "Make recovery codes")
    heading(page, "Your recovery codes")


def lose_the_phone(page: Page, api: FakeApi) -> None:
    """Open the form for a recovery code, which the page accepts in place of an authenticator app's code."""
    challenged("SOFTWARE_TOKEN_MFA")(page, api)
    press(page, "Use a recovery code")
    heading(page, "Use a recovery code")


def _recovered(page: Page, api: FakeApi) -> None:
    lose_the_phone(page, api)
    api.answers["POST /auth/direct/recovery-code"] = Answer(200, {"mfa": False})
    fill(page, Recovery_code="7KQ2-M0XD-0000-ABCD")
    press(page, "Continue")
    heading(page, "Two-step verification is off")


def _forgot_empty(page: Page, api: FakeApi) -> None:
    at("forgot")(page, api)
    press(page, "Send the code")


STATES: Mapping[str, View] = {
    **{f"error, {code}": _arriving(f"error={code}") for code in ERRORS},
    "signed out": _arriving("signed_out=1"),
    "cookies refused": _arriving("returned=1"),
    "cookies blocked": _without_cookies(""),
    "cookies blocked, error": _without_cookies("?error=login_unknown"),
    "error beside a session": _failed_beside_a_session,
    "a way on": _with_a_way_on,
    "offline": _offline,
    "script lost": _script_lost,
    "nothing set up": _nothing_set_up,
    "leaving by itself": _leaving,
    "record lost": _lost_record,
    "sessions": _sessions,
    "own account": _own_account,
    "last minutes": _last_minutes,
    "idle warning": _idle,
    "sign-out failed": _stuck,
    "sign-up, domain refused": _domain_refused,
    "app code, wrong": _wrong_code,
    "captcha": _captcha,
    "captcha blocked": _captcha_blocked,
    "passkeys, ended": _passkeys_ended,
    "passkey, offered": _passkey_offered,
    "two-step, turned on": _turned_on,
    "two-step, turned off": _turned_off,
    "recovery codes": ask_for_recovery_codes,
    "recovery code": lose_the_phone,
    "recovery code used": _recovered,
    "forgot, empty": _forgot_empty,
}

ALL: Mapping[str, View] = {**VIEWS, **STATES}
