"""Tests of the sign-in by email and password in the page: the form, errors and waits, sign-up, codes, and the reset."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .fake_api import Answer, FakeApi, Request, error, throttled
from .views import (
    EMAIL,
    PASSWORD,
    REQUIREMENTS,
    ask_for_reset,
    enter_code,
    enter_password,
    fill,
    heading,
    press,
    sign_up,
)


@pytest.fixture(autouse=True)
def _embedded(api: FakeApi) -> None:
    api.embed()


def bodies(api: FakeApi, name: str) -> list[object]:
    return [request.body for request in api.sent(f"POST /auth/direct/{name}")]


def test_the_way_to_the_form_and_back(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    page.get_by_label("Keep me signed in on this device").check()
    page.get_by_role("link", name="Continue with email").click()
    heading(page, "Sign in with email")
    assert page.title() == "Sign in with email · Acme Reports"
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    expect(page.get_by_role("checkbox")).to_be_checked()
    okta = page.get_by_role("link", name="Continue with Okta")
    assert "remember=1" in (okta.get_attribute("href") or "")
    page.go_back()
    heading(page, "Sign in")


def test_without_a_provider_the_form_comes_first(page: Page, api: FakeApi) -> None:
    api.config["providers"] = []
    page.goto(f"{api.url}?signed_out=1")
    heading(page, "Sign in with email")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_text("or", exact=True)).to_have_count(0)


def test_an_automatic_sign_in_does_not_take_the_form_away(page: Page, api: FakeApi) -> None:
    api.config["auto_sign_in"] = "Okta"
    page.goto(f"{api.url}#email")
    heading(page, "Sign in with email")
    assert api.sent("GET /auth/login") == []


def test_a_stage_without_sign_up_does_not_offer_it(page: Page, api: FakeApi) -> None:
    api.config["sign_up"] = False
    page.goto(f"{api.url}#email")
    expect(page.get_by_role("link", name="Forgot your password?")).to_be_visible()
    expect(page.get_by_role("link", name="Create an account")).to_have_count(0)


@pytest.mark.parametrize("mode", ["managed", "off"])
def test_other_stages_have_no_form(page: Page, api: FakeApi, mode: str) -> None:
    api.config["direct_sign_in"] = mode
    page.goto(f"{api.url}#email")
    heading(page, "Sign in")
    assert page.locator("form").count() == 0


@pytest.mark.parametrize(
    ("address", "tokens"),
    [
        ("email", ["username", "current-password"]),
        ("sign-up", ["username"]),
        ("code", ["username", "one-time-code", "given-name", "family-name", "new-password"]),
        ("forgot", ["username"]),
        ("reset", ["username", "one-time-code", "new-password"]),
    ],
)
def test_password_managers_understand_the_forms(
    page: Page, api: FakeApi, address: str, tokens: list[str]
) -> None:
    """The forms meet WCAG 1.3.5 and 3.3.8. The method is POST, so the URL contains no password, even if the script
    fails."""
    page.goto(f"{api.url}#{address}")
    form = page.locator("form")
    expect(form).to_have_attribute("method", "post")
    fields = form.locator(".field input")
    expect(fields).to_have_count(len(tokens))
    assert fields.evaluate_all("(nodes) => nodes.map((node) => node.autocomplete)") == tokens
    assert fields.evaluate_all("(nodes) => nodes.every((node) => node.labels.length === 1)")
    expect(form.get_by_role("button").last).to_have_attribute("type", "submit")


@pytest.mark.security("S-46")
def test_signing_in(page: Page, api: FakeApi) -> None:
    api.accept_password()
    page.goto(f"{api.url}#email")
    page.get_by_label("Keep me signed in on this device").check()
    fill(page, Email=EMAIL, Password=PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Hello, Bo")
    (request,) = api.sent("POST /auth/direct/sign-in")
    assert request.body == {"email": EMAIL, "password": PASSWORD, "remember": True}
    assert request.headers["x-gatehouse"] == "1"
    assert page.url == api.url
    page.reload()
    heading(page, "Hello, Bo")


@pytest.mark.security("S-32")
def test_neither_password_nor_token_stays_anywhere(page: Page, api: FakeApi) -> None:
    api.accept_password()
    enter_password(page, api)
    heading(page, "Hello, Bo")
    kept = page.evaluate(
        "JSON.stringify([document.documentElement.outerHTML, location.href, history.state, {...localStorage},"
        " {...sessionStorage}, document.cookie, [...document.querySelectorAll('input')].map((node) => node.value)])"
    )
    assert PASSWORD.strip() not in kept
    assert "access-token" not in kept


def test_a_direct_sign_in_reaches_the_other_tab(context: BrowserContext, api: FakeApi) -> None:
    first, second = context.new_page(), context.new_page()
    first.goto(api.url)
    heading(first, "Sign in")
    second.goto(f"{api.url}#email")
    fill(second, Email=EMAIL, Password=PASSWORD)
    api.accept_password()
    press(second, "Sign in")
    heading(second, "Hello, Bo")
    heading(first, "Hello, Bo")


@pytest.mark.security("S-40")
def test_a_refusal_offers_a_code_and_a_reset(page: Page, api: FakeApi) -> None:
    enter_password(page, api)
    said = page.locator("form [role=alert]")
    expect(said).to_contain_text("We could not sign you in with this email and password.")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Password", exact=True)).to_have_value(PASSWORD)
    expect(said.get_by_role("link", name="Enter a code")).to_have_attribute("href", "#code")
    said.get_by_role("link", name="Reset password").click()
    heading(page, "Reset your password")
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)


@pytest.mark.security("S-40")
def test_somebody_unconfirmed_gets_in_by_the_code(page: Page, api: FakeApi) -> None:
    enter_password(page, api)
    page.get_by_role("link", name="Enter a code").click()
    heading(page, "Enter a code")
    api.accept_password()
    enter_code(page)
    heading(page, "Hello, Bo")
    (body,) = bodies(api, "confirm")
    assert (body["email"], body["code"], body["password"]) == (EMAIL, "123456", PASSWORD)
    assert len(bodies(api, "sign-in")) == 2


def test_empty_and_malformed_fields_are_named(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    fill(page, Email="bo")
    press(page, "Sign in")
    email, password = (
        page.get_by_label("Email", exact=True),
        page.get_by_label("Password", exact=True),
    )
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("^Enter your email address"))
    expect(password).to_have_accessible_description("Enter your password.")
    fill(page, Email=EMAIL)
    expect(email).not_to_have_attribute("aria-invalid", "true")
    assert bodies(api, "sign-in") == []


def test_the_password_can_be_seen(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    box = page.get_by_label("Password", exact=True)
    press(page, "Show password")
    expect(box).to_have_attribute("type", "text")
    press(page, "Hide password")
    expect(box).to_have_attribute("type", "password")


def test_caps_lock_is_pointed_out(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    box = page.get_by_label("Password", exact=True)
    key = "(node, on) => node.dispatchEvent(new KeyboardEvent('keydown', {key: 'A', modifierCapsLock: on}))"
    box.evaluate(key, True)
    expect(page.get_by_role("status")).to_have_text("Caps Lock is on.")
    box.evaluate(key, False)
    expect(page.get_by_role("status")).to_be_empty()


def test_two_clicks_are_one_attempt(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#email")
    fill(page, Email=EMAIL, Password=PASSWORD)
    page.locator("form").evaluate("(form) => { form.requestSubmit(); form.requestSubmit(); }")
    expect(page.get_by_text("We could not sign you in")).to_be_visible()
    page.evaluate("(name) => navigator.locks.request(name, () => {})", f"gatehouse {api.url}")
    assert len(bodies(api, "sign-in")) == 1


@pytest.mark.usefixtures("context")
def test_a_used_password_is_forgotten(page: Page, api: FakeApi) -> None:
    """After the session has ended, another person at the same screen must not be able to sign in with the typed
    password."""
    page.clock.install()
    api.accept_password()
    enter_password(page, api)
    heading(page, "Hello, Bo")
    api.answers["POST /auth/refresh"] = error(401, "session_expired")
    page.clock.fast_forward("30:02")
    heading(page, "Sign in")
    page.goto(f"{api.url}#email")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    assert len(bodies(api, "sign-in")) == 1


@pytest.mark.security("S-44")
@pytest.mark.usefixtures("context")
def test_a_throttle_counts_down_and_leaves_okta_usable(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.answers["POST /auth/direct/sign-in"] = throttled(75)
    enter_password(page, api)
    wait = page.get_by_role("button", name="Please wait 1:15")
    expect(wait).to_be_disabled()
    expect(wait).to_be_focused()
    expect(page.locator("form [role=alert]")).to_contain_text("Too many attempts.")
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    page.get_by_label("Password", exact=True).press("Enter")
    page.clock.run_for(15_000)
    expect(page.get_by_role("button", name="Please wait 1:00")).to_be_disabled()

    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_role("button", name="Send the code")).to_be_enabled()
    page.go_back()
    fill(page, Password=PASSWORD)
    expect(page.get_by_role("button", name="Please wait 1:00")).to_be_disabled()

    page.clock.run_for(60_000)
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    expect(page.get_by_text("You can try again now.")).to_be_visible()
    assert len(bodies(api, "sign-in")) == 1
    api.accept_password()
    press(page, "Sign in")
    heading(page, "Hello, Bo")


def test_a_throttle_of_one_address_is_not_one_of_another(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/sign-in"] = lambda request: (
        throttled(60) if request.body["email"] == EMAIL else error(401, "invalid_credentials")
    )
    enter_password(page, api)
    expect(page.get_by_role("button", name="Please wait")).to_be_disabled()
    fill(page, Email="other@example.com")
    press(page, "Sign in")
    expect(page.get_by_text("We could not sign you in")).to_be_visible()
    fill(page, Email=f" {EMAIL.upper()}")
    expect(page.get_by_role("button", name="Please wait")).to_be_disabled()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(503, "temporarily_unavailable"), "Sign-in is temporarily unavailable."),
        (Answer(502, "<html>"), "Sign-in is temporarily unavailable."),
        (error(403, "constructor"), "That did not work."),
    ],
)
def test_other_failures_are_said_and_the_form_stays(
    page: Page, api: FakeApi, answer: Answer, words: str
) -> None:
    api.answers["POST /auth/direct/sign-in"] = answer
    enter_password(page, api)
    expect(page.locator("form [role=alert]")).to_contain_text(words)
    api.accept_password()
    press(page, "Sign in")
    heading(page, "Hello, Bo")


def test_a_lost_connection_is_said(page: Page, api: FakeApi) -> None:
    page.route("**/auth/direct/*", lambda route: route.abort())
    enter_password(page, api)
    expect(page.get_by_text("There is no connection to the service.")).to_be_visible()


def test_modules_that_do_not_come_are_an_outage_that_can_end(page: Page, api: FakeApi) -> None:
    page.route("**/direct.js", lambda route: route.abort())
    page.goto(f"{api.url}#email")
    heading(page, "We\u2019ll be right back")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.security("S-67")
def test_signing_up_with_a_mailed_code_and_being_in(page: Page, api: FakeApi) -> None:
    """The person enters the address. The next form asks for the code, the names and the password together. Then the
    page signs the person in."""
    sign_up(page, api)
    heading(page, "Check your mail")
    assert bodies(api, "sign-up") == [{"email": EMAIL}]
    code = page.get_by_label("Code", exact=True)
    expect(code).to_be_focused()
    expect(code).to_have_attribute("inputmode", "numeric")
    page.keyboard.insert_text(" 123 456\n")
    expect(code).to_have_value("123456")
    api.accept_password()
    enter_code(page)
    heading(page, "Hello, Bo")
    assert bodies(api, "confirm") == [
        {
            "email": EMAIL,
            "code": "123456",
            "given_name": "Bo",
            "family_name": "Ek",
            "password": PASSWORD,
        }
    ]
    assert bodies(api, "sign-in") == [{"email": EMAIL, "password": PASSWORD, "remember": False}]
    kept = page.evaluate("() => [localStorage.length, sessionStorage.length]")
    assert kept == [0, 0]


def test_a_refused_sign_up_says_why(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/sign-up"] = error(403, "sign_up_refused")
    sign_up(page, api)
    expect(page.locator("form")).to_contain_text("Only certain accounts may sign up here")
    heading(page, "Create an account")


def test_a_refused_password_says_why_and_keeps_the_rest(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/direct/confirm"] = Answer(
        400, {"error": "invalid_password", "requirements": REQUIREMENTS}
    )
    sign_up(page, api)
    enter_code(page)
    expect(page.locator("form")).to_contain_text("12 characters or more")
    expect(page.get_by_label("Code", exact=True)).to_have_value("123456")
    expect(page.get_by_label("First name")).to_have_value("Bo")


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "typed",
    [
        "\uff11\uff12\uff13\u2010\uff14\uff15\uff16",
        "\uff11\uff12\uff13\u30fc\uff14\uff15\uff16",
        "\u0661\u0662\u0663 \u0664\u0665\u0666",
        "\U0001d7d9\U0001d7da\U0001d7db\U0001d7dc\U0001d7dd\U0001d7de",
        "123\u2013456",
        "\u200e123\u00a0456",
    ],
    ids=ascii,
)
def test_a_code_may_be_typed_in_any_digits(page: Page, api: FakeApi, typed: str) -> None:
    """The test types full-width digits, as on East Asian keyboards, and the digits of other scripts."""
    page.goto(f"{api.url}#code")
    code = page.get_by_label("Code", exact=True)
    code.focus()
    page.keyboard.insert_text(typed)
    expect(code).to_have_value("123456")


def test_a_code_that_is_being_composed_is_left_alone(page: Page, api: FakeApi) -> None:
    """While an input method composes characters, the page must not change the field. When the composition has ended,
    the page removes spaces from the code."""
    page.goto(f"{api.url}#code")
    code = page.get_by_label("Code", exact=True)
    code.evaluate(
        """(input) => {
          input.value = '\uff11\uff12';
          input.dispatchEvent(new InputEvent('input', { isComposing: true }));
        }"""
    )
    expect(code).to_have_value("\uff11\uff12")
    code.evaluate("(input) => input.dispatchEvent(new CompositionEvent('compositionend'))")
    expect(code).to_have_value("12")


@pytest.mark.parametrize(
    "typed",
    [
        "bo",
        "bo@",
        "bo@localhost",
        "bo@acme.example>",
        "<bo@acme.example>",
        "bo@acme..example",
        "b o@acme.example",
    ],
)
def test_what_is_no_address_is_not_sent(page: Page, api: FakeApi, typed: str) -> None:
    page.goto(f"{api.url}#forgot")
    address = page.get_by_label("Email", exact=True)
    address.fill(typed)
    page.locator("form button[type=submit]").click()
    expect(address).to_have_accessible_description(
        "Enter your email address, such as me@example.com."
    )
    assert bodies(api, "forgot-password") == []


def test_a_wait_of_hours_is_told_in_hours(page: Page, api: FakeApi) -> None:
    """If the stage has sent its maximum of mails for the day, the person may have to wait for half a day."""
    api.answers["POST /auth/direct/forgot-password"] = throttled(12 * 3600 + 5 * 60 + 9)
    page.goto(f"{api.url}#forgot")
    page.get_by_label("Email", exact=True).fill("bo@acme.example")
    button = page.locator("form button[type=submit]")
    button.click()
    expect(button).to_contain_text(re.compile(r"12:05:0\d"))


def test_an_address_that_only_the_server_refuses_is_named_at_its_field(
    page: Page, api: FakeApi
) -> None:
    """Some browsers accept addresses that the server refuses. The page then shows the server's error at the field."""
    api.answers["POST /auth/direct/forgot-password"] = error(400, "invalid_request")
    page.goto(f"{api.url}#forgot")
    address = page.get_by_label("Email", exact=True)
    address.fill("bo@acme.example")
    page.locator("form button[type=submit]").click()
    expect(address).to_be_focused()
    expect(address).to_have_accessible_description(
        "Enter your email address, such as me@example.com."
    )


def test_a_wrong_code_can_be_corrected_or_replaced(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.answers["POST /auth/direct/confirm"] = error(400, "invalid_code")
    sign_up(page, api)
    enter_code(page, "111111")
    code = page.get_by_label("Code", exact=True)
    expect(code).to_be_focused()
    expect(code).to_have_accessible_description("This code is wrong or has expired.")
    press(page, "Send a new code")
    expect(page.get_by_text("If this address can get a code")).to_be_visible()
    api.answers["POST /auth/direct/resend-code"] = throttled(30)
    press(page, "Send a new code")
    expect(page.get_by_role("button", name="Please wait 0:30")).to_be_disabled()
    expect(page.get_by_role("button", name="Save and sign in")).to_be_enabled()
    page.clock.run_for(31_000)
    expect(page.get_by_role("button", name="Send a new code")).to_be_enabled()


def test_a_code_for_an_address_that_the_page_does_not_know(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}#code")
    press(page, "Send a new code")
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    fill(page, Email=EMAIL)
    enter_code(page)
    heading(page, "Sign in with email")
    expect(page.get_by_text("Your account is ready.")).to_be_visible()
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert bodies(api, "resend-code") == []


def test_another_address_can_be_used(page: Page, api: FakeApi) -> None:
    sign_up(page, api)
    press(page, "Use another address")
    expect(page.get_by_label("Email", exact=True)).to_have_value("")


def test_a_forgotten_password_is_reset_and_the_page_signs_in(page: Page, api: FakeApi) -> None:
    ask_for_reset(page, api)
    heading(page, "Choose a new password")
    assert bodies(api, "forgot-password") == [{"email": EMAIL}]
    fill(page, Code="654321", New_password=PASSWORD)
    api.accept_password()
    press(page, "Save and sign in")
    heading(page, "Hello, Bo")
    assert bodies(api, "reset-password") == [
        {"email": EMAIL, "code": "654321", "password": PASSWORD}
    ]


@pytest.mark.parametrize(
    ("answer", "label", "words"),
    [
        (error(400, "invalid_code"), "Code", "This code is wrong"),
        (
            Answer(400, {"error": "invalid_password", "requirements": REQUIREMENTS}),
            "New password",
            "12 characters or more",
        ),
    ],
)
def test_a_refused_reset_names_the_field(
    page: Page, api: FakeApi, answer: Answer, label: str, words: str
) -> None:
    api.answers["POST /auth/direct/reset-password"] = answer
    ask_for_reset(page, api)
    fill(page, Code="654321", New_password=PASSWORD)
    press(page, "Save and sign in")
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(words))


def test_a_reset_whose_sign_in_fails_leads_to_the_form(page: Page, api: FakeApi) -> None:
    ask_for_reset(page, api)
    fill(page, Code="654321", New_password=PASSWORD)
    press(page, "Save and sign in")
    heading(page, "Sign in with email")
    expect(page.get_by_text("Your password is changed.")).to_be_visible()


@pytest.mark.security("S-40")
def test_known_and_unknown_addresses_look_alike(page: Page, api: FakeApi) -> None:
    """The server gives the same responses for both kinds of address, and the page sends the same requests."""
    asked: list[Request] = api.requests
    shown = []
    for email in ("known@example.com", "unknown@example.com"):
        asked.clear()
        enter_password(page, api, email)
        expect(page.get_by_text("We could not sign you in")).to_be_visible()
        paths = [request.path for request in asked if "/direct/" in request.path]
        shown.append((page.locator("main").inner_text(), paths))
        page.goto("about:blank")
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("link", "heading"),
    [("Forgot your password?", "Reset your password"), ("Create an account", "Create an account")],
)
def test_a_typed_address_goes_along(page: Page, api: FakeApi, link: str, heading: str) -> None:
    """The next view already contains the typed address, although the page has not yet sent the address to the
    server."""
    api.embed()
    page.goto(f"{api.url}#email")
    page.get_by_label("Email", exact=True).fill("dana@example.com")
    page.get_by_role("link", name=link).click()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_label("Email", exact=True)).to_have_value("dana@example.com")


def test_after_a_wrong_password_no_code_is_said_to_be_on_its_way(page: Page, api: FakeApi) -> None:
    """The person has not requested a code, so the view asks only for a code from an earlier mail. The view still shows
    the address."""
    api.embed()
    api.answers["POST /auth/direct/sign-in"] = error(401, "invalid_credentials")
    page.goto(f"{api.url}#email")
    page.get_by_label("Email", exact=True).fill("dana@example.com")
    page.get_by_label("Password", exact=True).fill("wrong horse")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Enter a code").click()
    expect(page.get_by_text("Enter the code from the mail")).to_be_visible()
    expect(page.get_by_text("is on its way")).to_be_hidden()
    expect(page.get_by_label("Email", exact=True)).to_have_value("dana@example.com")
