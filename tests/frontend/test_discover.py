"""Tests of "email first": the address's domain leads to the domain's provider, to the password, to managed login, or to
an administrator."""

import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from .fake_api import Answer, FakeApi, Request, error, throttled
from .views import EMAIL, PASSWORD, enter_address, fill, heading, press

NOBODY = "You cannot sign in with this address here."


def went_to(api: FakeApi) -> list[dict[str, list[str]]]:
    """Return the queries of the sign-ins that the page started."""
    return [parse_qs(urlsplit(request.path).query) for request in api.sent("GET /auth/login")]


def asked(api: FakeApi) -> list[object]:
    return [request.body for request in api.sent("POST /auth/discover")]


@pytest.fixture(params=["managed", "embedded", "off"])
def mode(request: pytest.FixtureRequest, api: FakeApi) -> str:
    if request.param == "embedded":
        api.embed()
    api.config["direct_sign_in"] = request.param
    return str(request.param)


def test_continue_with_email_asks_for_the_address_only(page: Page, api: FakeApi, mode: str) -> None:
    api.discover(direct=mode != "off")
    page.goto(api.url)
    page.get_by_role("link", name="Continue with email").click()
    heading(page, "Sign in with email")
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    expect(page.locator("form .field")).to_have_count(1)
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    expect(page.get_by_role("link", name="Continue with email")).to_have_count(0)
    page.go_back()
    heading(page, "Sign in")


def test_without_a_listed_provider_the_address_comes_first(
    page: Page, api: FakeApi, mode: str
) -> None:
    api.config["providers"] = []
    api.discover(direct=mode != "off")
    page.goto(f"{api.url}?signed_out=1")
    heading(page, "Sign in with email")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.locator("form .field")).to_have_count(1)
    assert asked(api) == []


def test_a_domain_leads_to_its_provider(page: Page, api: FakeApi, mode: str) -> None:
    api.discover(provider="Contoso")
    page.goto(f"{api.url}#email")
    page.get_by_label("Keep me signed in on this device").check()
    fill(page, Email="bo@contoso.example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/auth/login?*")
    assert went_to(api) == [
        {"email": ["bo@contoso.example"], "remember": ["1"], "return_to": ["/api/"]}
    ]
    (request,) = api.sent("POST /auth/discover")
    assert request.body == {"email": "bo@contoso.example"}
    assert request.headers["x-gatehouse"] == "1"


@pytest.mark.parametrize("mode", ["managed", "embedded"], indirect=True)
def test_where_the_provider_leaves_the_choice_both_ways_are_offered(
    page: Page, api: FakeApi, mode: str
) -> None:
    """The button of the provider comes first and the password second. The page does not ask for the address again."""
    api.discover(provider="Contoso", direct=True)
    enter_address(page, api)
    heading(page, "Sign in")
    expect(page.get_by_role("link")).to_have_text(["Continue with Contoso", "Continue with email"])
    assert went_to(api) == []
    if mode == "embedded":
        page.get_by_role("link", name="Continue with email").click()
        expect(page.get_by_label("Password", exact=True)).to_be_focused()
        expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)
        page.go_back()
        heading(page, "Sign in with email")
        press(page, "Continue")
    else:
        page.get_by_role("link", name="Continue with email").click()
        page.wait_for_url("**/auth/login?*")
        assert went_to(api).pop()["provider"] == ["COGNITO"]
        page.go_back()
        fill(page, Email=EMAIL)
        press(page, "Continue")
    page.get_by_role("link", name="Continue with Contoso").click()
    page.wait_for_url("**/auth/login?*")
    assert went_to(api).pop()["email"] == [EMAIL]


def test_back_from_the_provider_asks_again(page: Page, api: FakeApi) -> None:
    api.discover(provider="Contoso")
    enter_address(page, api)
    page.wait_for_url("**/auth/login?*")
    page.go_back()
    heading(page, "Sign in with email")
    fill(page, Email="bo@elsewhere.example")
    press(page, "Continue")
    page.wait_for_url("**/auth/login?*")
    assert [query["email"] for query in went_to(api)] == [[EMAIL], ["bo@elsewhere.example"]]


def test_while_the_browser_leaves_there_is_a_link(page: Page, api: FakeApi) -> None:
    api.discover(provider="Contoso")
    api.answers["GET /auth/login"] = Answer(204)
    enter_address(page, api)
    heading(page, "Taking you to Contoso…")
    expect(page.get_by_role("link", name="Continue with Contoso")).to_be_visible()


def test_any_other_address_gets_the_password_step(page: Page, api: FakeApi) -> None:
    """The address stays in the form, so that a password manager finds the right account."""
    api.embed()
    api.discover()
    api.accept_password()
    enter_address(page, api)
    password = page.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    address = page.get_by_label("Email", exact=True)
    expect(address).to_have_value(EMAIL)
    expect(address).to_have_attribute("autocomplete", "username")
    expect(address).not_to_be_editable()
    expect(page.get_by_role("link", name="Create an account")).to_be_visible()
    expect(page.get_by_text("or", exact=True)).to_have_count(0)
    password.fill(PASSWORD)
    press(page, "Sign in")
    heading(page, "Hello, Bo")
    assert page.url == api.url
    (request,) = api.sent("POST /auth/direct/sign-in")
    assert request.body == {"email": EMAIL, "password": PASSWORD, "remember": False}


def test_remembering_is_carried_to_the_password_step(page: Page, api: FakeApi) -> None:
    api.embed()
    api.discover()
    page.goto(f"{api.url}#email")
    page.get_by_role("checkbox").check()
    fill(page, Email=EMAIL)
    press(page, "Continue")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_role("checkbox")).to_be_checked()


@pytest.mark.parametrize("how", ["back", "link"])
def test_from_the_password_back_to_another_address(page: Page, api: FakeApi, how: str) -> None:
    api.embed()
    api.discover()
    enter_address(page, api)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    if how == "back":
        page.go_back()
    else:
        page.get_by_role("link", name="Use another address").click()
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)
    fill(page, Email="cy@example.com")
    press(page, "Continue")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Email", exact=True)).to_have_value("cy@example.com")


def test_the_password_step_opened_afresh_asks_for_the_address(page: Page, api: FakeApi) -> None:
    api.embed()
    api.discover()
    enter_address(page, api)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.reload()
    expect(page.get_by_label("Email", exact=True)).to_have_value("")
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)
    fill(page, Email=EMAIL)
    press(page, "Continue")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()


def test_after_a_forgotten_password_the_address_is_not_asked_for_again(
    page: Page, api: FakeApi
) -> None:
    api.embed()
    api.discover()
    enter_address(page, api)
    page.get_by_role("link", name="Forgot your password?").click()
    heading(page, "Reset your password")
    page.get_by_role("link", name="Back to sign-in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)


def test_where_sign_in_is_managed_the_rest_goes_to_cognito(page: Page, api: FakeApi) -> None:
    api.discover()
    enter_address(page, api)
    page.wait_for_url("**/auth/login?*")
    assert went_to(api) == [{"provider": ["COGNITO"], "return_to": ["/api/"]}]


def test_an_address_of_nobody_is_told_whom_to_ask(page: Page, api: FakeApi) -> None:
    api.config["direct_sign_in"] = "off"
    api.discover(direct=False)
    enter_address(page, api)
    said = page.locator("form [role=alert]")
    expect(said).to_contain_text(NOBODY)
    expect(said).to_contain_text("ask your administrator")
    expect(page.get_by_label("Email", exact=True)).to_be_focused()
    api.discover(provider="Contoso", direct=False)
    fill(page, Email="bo@contoso.example")
    press(page, "Continue")
    page.wait_for_url("**/auth/login?*")


def test_too_many_addresses_have_to_wait_whichever_comes_next(page: Page, api: FakeApi) -> None:
    api.discover()
    api.answers["POST /auth/discover"] = throttled(75)
    enter_address(page, api)
    expect(page.locator("form [role=alert]")).to_contain_text("Too many attempts.")
    fill(page, Email="cy@example.com")
    waiting = page.get_by_role("button", name="Please wait")
    expect(waiting).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    expect(waiting).not_to_have_attribute("aria-busy", "true")
    assert len(asked(api)) == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (error(503, "temporarily_unavailable"), "Sign-in is temporarily unavailable."),
        (error(400, "invalid_request"), "Enter your email address"),
        (error(403, "csrf"), "That did not work."),
    ],
)
def test_an_outage_or_a_refusal_is_said_and_can_be_tried_again(
    page: Page, api: FakeApi, answer: Answer, text: str
) -> None:
    api.discover()
    works = api.answers["POST /auth/discover"]
    api.answers["POST /auth/discover"] = answer
    enter_address(page, api)
    expect(page.locator("form")).to_contain_text(text)
    expect(page.get_by_label("Email", exact=True)).to_have_value(EMAIL)
    api.answers["POST /auth/discover"] = works
    press(page, "Continue")
    page.wait_for_url("**/auth/login?*")


def test_a_malformed_address_is_not_sent(page: Page, api: FakeApi) -> None:
    api.discover()
    enter_address(page, api, "bo")
    expect(page.get_by_label("Email", exact=True)).to_have_attribute("aria-invalid", "true")
    assert asked(api) == []


def test_who_steps_back_while_it_is_looked_up_is_not_taken_away(page: Page, api: FakeApi) -> None:
    api.discover(provider="Contoso")
    found = api.answers["POST /auth/discover"]
    assert isinstance(found, Answer)

    def slow(_: Request) -> Answer:
        page_left.wait(5)
        return found

    page_left = threading.Event()
    api.answers["POST /auth/discover"] = slow
    page.goto(api.url)
    page.get_by_role("link", name="Continue with email").click()
    fill(page, Email=EMAIL)
    press(page, "Continue")
    page.go_back()
    heading(page, "Sign in")
    with page.expect_response("**/auth/discover"):
        page_left.set()
    heading(page, "Sign in")
    assert went_to(api) == []


@pytest.mark.parametrize("address", ["sign-up", "password", "forgot"])
def test_a_managed_stage_has_no_other_forms(page: Page, api: FakeApi, address: str) -> None:
    api.discover()
    page.goto(f"{api.url}#{address}")
    heading(page, "Sign in")
    assert page.locator("form").count() == 0


def test_an_automatic_sign_in_comes_before_the_address(page: Page, api: FakeApi) -> None:
    api.config |= {"auto_sign_in": "Okta", "providers": []}
    api.discover()
    page.goto(api.url, wait_until="commit")
    page.wait_for_url("**/auth/login?provider=Okta*")
