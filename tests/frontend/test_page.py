"""Tests of the page as a person uses it: every view, and every way to sign in and out."""

import json
import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .fake_api import RECORD, TOKEN, Answer, FakeApi, Request, error


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def login_query(page: Page, name: str) -> dict[str, list[str]]:
    href = page.get_by_role("link", name=name).get_attribute("href")
    assert href is not None
    assert urlsplit(href).path == "/api/auth/login"
    return parse_qs(urlsplit(href).query)


def test_without_a_session_it_offers_every_way_in(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    heading(page, "Sign in")
    assert page.title() == "Sign in · Acme Reports"
    assert login_query(page, "Continue with Okta") == {"provider": ["Okta"]}
    assert login_query(page, "Continue with email") == {"provider": ["COGNITO"]}


def test_remember_me_travels_with_either_way(page: Page, api: FakeApi) -> None:
    page.goto(api.url)
    box = page.get_by_label("Keep me signed in on this device")
    box.check()
    assert login_query(page, "Continue with Okta")["remember"] == ["1"]
    assert login_query(page, "Continue with email")["remember"] == ["1"]
    box.uncheck()
    assert "remember" not in login_query(page, "Continue with Okta")


def test_email_is_hidden_when_direct_sign_in_is_off(page: Page, api: FakeApi) -> None:
    api.config["direct_sign_in"] = "off"
    page.goto(api.url)
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    expect(page.get_by_role("link", name="Continue with email")).to_have_count(0)


def test_nothing_set_up_is_said(page: Page, api: FakeApi) -> None:
    api.config |= {"direct_sign_in": "off", "providers": []}
    page.goto(api.url)
    expect(page.get_by_text("No way to sign in has been set up here yet")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(0)


@pytest.mark.security("S-52")
def test_sign_in_is_a_navigation_by_link(page: Page, api: FakeApi) -> None:
    """The CSP directive form-action also applies to redirects. If the button sent a form, the browser would block the
    redirect to Cognito."""
    page.goto(api.url)
    page.get_by_role("link", name="Continue with Okta").click()
    page.wait_for_url("**/auth/login?provider=Okta")
    assert page.locator("form").count() == 0


@pytest.mark.security("S-28")
def test_the_refresh_call_carries_the_header_and_json(page: Page, api: FakeApi) -> None:
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    (request,) = api.sent("POST /auth/refresh")
    assert request.headers["x-gatehouse"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["origin"] == api.origin


def test_a_browser_without_a_session_is_asked_no_second_question(page: Page, api: FakeApi) -> None:
    """The page's configuration says that the browser has no session, so the page does not ask the server for a session.
    The page requests the configuration once, together with the scripts."""
    page.goto(api.url)
    heading(page, "Sign in")
    page.wait_for_load_state("networkidle")
    assert (api.sent("POST /auth/refresh"), len(api.sent("GET /auth/config"))) == ([], 1)
    api.requests.clear()
    api.ask_for_config()
    page.goto(api.url)
    heading(page, "Sign in")
    assert (api.sent("POST /auth/refresh"), len(api.sent("GET /auth/config"))) == ([], 1)


def test_a_slow_configuration_keeps_nobody_from_a_session(page: Page, api: FakeApi) -> None:
    """In this test, the response with the configuration arrives only after the page has requested the session."""
    api.sign_in()
    asked = threading.Event()
    signed_in, configured = api.answers["POST /auth/refresh"], api.answers["GET /auth/config"]

    def refresh(request: Request) -> Answer:
        asked.set()
        return signed_in(request) if callable(signed_in) else signed_in

    def config(request: Request) -> Answer:
        assert asked.wait(20)
        return configured(request) if callable(configured) else configured

    api.answers |= {"POST /auth/refresh": refresh, "GET /auth/config": config}
    page.goto(api.url)
    heading(page, "Hello, Ada")


def test_signed_in_shows_the_record(page: Page, api: FakeApi) -> None:
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    facts = page.locator("dl")
    for text in (
        "Ada Lovelace",
        "ada@example.com",
        "Okta",
        "9 March 2024",
        "admins",
        "early-access",
    ):
        expect(facts).to_contain_text(text)
    expect(page.locator("#left")).to_have_text("30 mins")
    (request,) = api.sent("GET /me")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_person_without_names_is_greeted_all_the_same(page: Page, api: FakeApi) -> None:
    api.sign_in(given_name=None, family_name=None, provider="COGNITO", groups=[])
    api.answers["GET /me"] = Answer(
        200, {"Email": "x@example.com", "given_name": "", "createdAt": "?"}
    )
    page.goto(api.url)
    heading(page, "You are signed in")
    expect(page.locator("dl")).to_contain_text("Email and password")


@pytest.mark.security("S-54")
@pytest.mark.parametrize(
    "name", ["<img src=x onerror=document.title='owned'>", "</h1><script>1</script>", "{name}"]
)
def test_hostile_names_are_text(page: Page, api: FakeApi, name: str) -> None:
    api.config["providers"] = [{"name": "Okta", "label": name}]
    api.sign_in(given_name=name)
    api.answers["GET /me"] = Answer(
        200, RECORD | {"given_name": name, "Email": name, "groups": [name]}
    )
    page.goto(api.url)
    heading(page, f"Hello, {name}")
    expect(page.locator(".chips li")).to_have_text(name)
    assert page.locator("main img, main script").count() == 0


@pytest.mark.security("S-54")
def test_a_hostile_provider_label_is_text_and_its_name_is_encoded(page: Page, api: FakeApi) -> None:
    api.config["providers"] = [{"name": "a&remember=1#/../", "label": "<b>x</b>"}]
    page.goto(api.url)
    link = page.get_by_role("link", name="Continue with <b>x</b>")
    assert "provider=a%26remember%3D1%23%2F..%2F" in (link.get_attribute("href") or "")


@pytest.mark.security("S-32")
def test_tokens_are_in_no_storage_and_no_cookie(
    page: Page, context: BrowserContext, api: FakeApi
) -> None:
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    kept = page.evaluate(
        """async () => JSON.stringify([
             {...localStorage}, {...sessionStorage}, document.cookie, name, history.state,
             (await indexedDB.databases()), await caches.keys(), document.documentElement.outerHTML])"""
    )
    storage = json.loads(kept)
    assert storage[:3] == [{}, {}, ""]
    assert storage[3:7] == ["", None, [], []]
    assert TOKEN not in kept
    assert context.cookies() == []


def test_signing_out_goes_to_the_logout_url(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.answers["POST /auth/logout"] = Answer(200, {"logout_url": f"{api.url}cognito-logout"})
    page.goto(api.url)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/cognito-logout")
    (request,) = api.sent("POST /auth/logout")
    assert request.headers["x-gatehouse"] == "1"


@pytest.mark.security("S-38")
def test_a_failed_sign_out_is_not_passed_off_as_done(page: Page, api: FakeApi) -> None:
    api.sign_in()
    api.answers["POST /auth/logout"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("alert")).to_contain_text("you are still signed in")
    heading(page, "Hello, Ada")
    expect(page.get_by_role("button", name="Sign out")).to_be_enabled()


def test_the_signed_out_view_says_that_okta_stays(page: Page, api: FakeApi) -> None:
    page.goto(f"{api.url}?signed_out=1")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_text("may still be signed in there")).to_be_visible()
    assert page.url == api.url


ERRORS = {
    "access_denied": "Access was not granted",
    "account_disabled": "Your account is disabled here",
    "login_expired": "That took a little too long",
    "login_used": "This sign‑in is finished",
    "login_unknown": "This sign-in cannot continue here",
    "unknown_provider": "This way to sign in is gone",
    "too_many_attempts": "Please wait a moment",
    "not_found": "There is nothing at this address",
    "login_failed": "Signing in did not work",
    "sign_up_refused": "This account can\u2019t be used here",
    "temporarily_unavailable": "We\u2019ll be right back",
    "<script>": "Something went wrong",
    "__proto__": "Something went wrong",
    "unknown": "Something went wrong",
}
#: The errors whose texts say that the same attempt would fail again.
FINAL = {"account_disabled", "login_used", "not_found", "sign_up_refused", "unknown_provider"}


@pytest.mark.parametrize(("code", "title"), ERRORS.items())
def test_every_error_has_its_words_and_a_way_on(
    page: Page, api: FakeApi, code: str, title: str
) -> None:
    page.goto(f"{api.url}?error={code}")
    heading(page, title)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.url == api.url, (
        "the address is cleaned, so that a reload does not show the error again"
    )
    assert page.locator("main p").count() >= 2
    way_on = "Back to sign-in" if code in FINAL else "Try again"
    page.get_by_role("button", name=way_on).click()
    heading(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_auto_sign_in_starts_at_once_and_says_where_to_come_back(page: Page, api: FakeApi) -> None:
    api.config["auto_sign_in"] = "Okta"
    page.goto(api.url, wait_until="commit")  # the page redirects before it has loaded
    page.wait_for_url("**/auth/login?*")
    query = parse_qs(urlsplit(page.url).query)
    assert query == {"provider": ["Okta"], "return_to": ["/api/?returned=1"]}


@pytest.mark.parametrize("query", ["?signed_out=1", "?error=access_denied", "?returned=1"])
def test_auto_sign_in_never_loops(page: Page, api: FakeApi, query: str) -> None:
    api.config["auto_sign_in"] = "Okta"
    page.goto(api.url + query)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("^(Sign in|Access was not granted)$")
    )
    assert api.sent("GET /auth/login") == []


def test_a_browser_that_refuses_cookies_is_told_so(page: Page, api: FakeApi) -> None:
    """After Okta's sign-in the callback returns, but the browser keeps no session. The page explains the reason after
    one attempt."""
    api.config["auto_sign_in"] = "Okta"
    api.answers["GET /auth/login"] = Answer(303, "", {"Location": "/api/?returned=1"})
    page.goto(api.url, wait_until="commit")
    expect(page.get_by_text("this browser did not keep the session")).to_be_visible()
    assert len(api.sent("GET /auth/login")) == 1


def test_the_back_button_is_not_a_trap(page: Page, api: FakeApi) -> None:
    api.config["auto_sign_in"] = "Okta"
    page.goto("about:blank")
    page.goto(f"{api.url}?signed_out=1")
    heading(page, "Sign in")
    page.evaluate("history.replaceState({left: true}, '')")
    page.reload()
    heading(page, "Sign in")
    assert api.sent("GET /auth/login") == []


def test_try_again_after_an_error_takes_the_automatic_way(page: Page, api: FakeApi) -> None:
    api.config["auto_sign_in"] = "Okta"
    page.goto(f"{api.url}?error=login_expired")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/auth/login?*")


@pytest.mark.usefixtures("context")
def test_an_outage_is_said_and_ends_by_itself(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.answers["POST /auth/refresh"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    heading(page, "We\u2019ll be right back")
    expect(page.locator("#countdown")).to_have_text("Trying again in 1 s.")
    api.sign_in()
    page.clock.run_for(1100)
    heading(page, "Hello, Ada")


def test_retry_asks_at_once(page: Page, api: FakeApi) -> None:
    api.answers["POST /auth/refresh"] = error(503, "temporarily_unavailable", {"Retry-After": "60"})
    page.goto(api.url)
    heading(page, "We\u2019ll be right back")
    api.sign_in()
    page.get_by_role("button", name="Try again").click()
    heading(page, "Hello, Ada")


@pytest.mark.usefixtures("context")
def test_without_the_configuration_it_waits_for_it(page: Page, api: FakeApi) -> None:
    page.clock.install()
    whole = api.answers["GET /auth/config"]
    api.answers["GET /auth/config"] = error(500, "internal")
    page.goto(api.url)
    heading(page, "We\u2019ll be right back")
    api.answers["GET /auth/config"] = whole
    page.clock.run_for(4000)
    heading(page, "Sign in")


@pytest.mark.usefixtures("context")
def test_offline_is_said_and_ends_with_the_connection(page: Page, api: FakeApi) -> None:
    page.add_init_script(
        "Object.defineProperty(navigator, 'onLine', {get: () => !window.cut}); window.cut = true"
    )
    api.sign_in()
    page.route(re.compile("/auth/"), lambda route: route.abort())
    page.goto(api.url)
    heading(page, "You are offline")
    page.unroute_all()
    page.evaluate("window.cut = false; dispatchEvent(new Event('online'))")
    heading(page, "Hello, Ada")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_record_is_said_clearly(page: Page, api: FakeApi, status: int) -> None:
    api.sign_in()
    api.answers["GET /me"] = error(status, "forbidden")
    page.goto(api.url)
    heading(page, "Hello, Ada")
    expect(page.get_by_text("your account has no access to its data here")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_record_that_failed_can_be_loaded_again(page: Page, api: FakeApi) -> None:
    api.sign_in()
    whole = api.answers["GET /me"]
    api.answers["GET /me"] = error(500, "internal")
    page.goto(api.url)
    expect(page.get_by_text("could not be loaded right now")).to_be_visible()
    api.answers["GET /me"] = whole
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("dl")).to_contain_text("9 March 2024")


@pytest.mark.usefixtures("context")
def test_idle_people_are_warned_and_can_stay(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    page.clock.fast_forward("28:30")
    expect(page.get_by_role("alert")).to_contain_text("Are you still there?")
    assert len(api.sent("POST /auth/refresh")) == 1, "time alone must not extend the session"
    page.get_by_role("button", name="Stay signed in").press("Enter")
    expect(page.get_by_role("alert")).to_be_empty()
    assert len(api.sent("POST /auth/refresh")) == 2


@pytest.mark.usefixtures("context")
def test_an_idle_session_ends_on_the_page_too(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    api.answers["POST /auth/refresh"] = error(401, "session_expired")
    page.clock.fast_forward("30:02")
    heading(page, "Sign in")
    expect(page.get_by_text("Your session ended.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


@pytest.mark.security("S-99")
def test_a_look_at_the_page_says_that_the_session_was_ended(page: Page, api: FakeApi) -> None:
    """The page says that the session has ended, and shows how to sign in again. If a session has expired, the page
    shows another text."""
    page.clock.install()
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    api.answers["POST /auth/refresh"] = error(401, "session_expired")
    api.answers["GET /auth/session"] = Answer(200, {"goes_on": False})
    page.clock.run_for(11_000)
    page.evaluate("dispatchEvent(new Event('focus'))")
    heading(page, "Sign in")
    expect(page.get_by_text("Your session was ended.")).to_be_visible()
    expect(page.get_by_text("ask your administrator")).to_be_visible()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_refused_call_says_that_the_session_was_ended(page: Page, api: FakeApi) -> None:
    """The person has stayed on the page, and now clicks a button."""
    page.clock.install()
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    api.answers["POST /auth/refresh"] = error(401, "session_expired")
    api.answers["GET /me/sessions"] = error(401, "unauthorized")
    page.clock.run_for(11_000)
    page.get_by_text("Where you are signed in").click()
    heading(page, "Sign in")
    expect(page.get_by_text("Your session was ended.")).to_be_visible()


@pytest.mark.security("S-38")
def test_signing_out_reaches_the_other_tab(context: BrowserContext, api: FakeApi) -> None:
    api.sign_in()
    api.answers["POST /auth/logout"] = Answer(200, {"logout_url": f"{api.url}cognito-logout"})
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(api.url)
        heading(page, "Hello, Ada")
    api.answers["POST /auth/refresh"] = error(401, "no_session")
    first.get_by_role("button", name="Sign out").click()
    heading(second, "Sign in")
    expect(second.get_by_text("You signed out in another tab.")).to_be_visible()


def test_signing_in_reaches_the_other_tab(context: BrowserContext, api: FakeApi) -> None:
    first, second = context.new_page(), context.new_page()
    first.goto(api.url)
    heading(first, "Sign in")
    api.sign_in()
    second.goto(api.url)
    heading(second, "Hello, Ada")
    heading(first, "Hello, Ada")


LEFT = "() => dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"
BACK = "() => dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"


@pytest.mark.security("S-38")
def test_a_page_kept_for_the_back_button_holds_nothing_until_it_has_asked(
    page: Page, api: FakeApi
) -> None:
    """The back-forward cache keeps pages unchanged. The page must not show a cached profile or a typed password again."""
    api.embed()
    page.goto(f"{api.url}#email")
    page.get_by_label("Password", exact=True).fill("typed and left")
    page.evaluate(LEFT)
    expect(page.locator("#view")).to_be_empty()
    page.evaluate(BACK)
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    page.evaluate(LEFT)
    expect(page.locator("#view")).to_be_empty()
    page.evaluate(BACK)
    heading(page, "Hello, Ada")
    page.evaluate(LEFT)
    api.answers["POST /auth/refresh"] = error(401, "session_expired")
    asked = len(api.sent("GET /me"))
    # Events before the response must not restore the hidden profile.
    page.evaluate(f"({BACK})(); dispatchEvent(new Event('offline'))")
    heading(page, "Sign in")
    assert len(api.sent("GET /me")) == asked
    expect(page.get_by_text("Your session was ended.")).to_be_visible()


def test_without_scripts_there_are_working_links(browser: Browser, api: FakeApi) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(api.url)
    expect(page.get_by_role("link", name="Continue with email")).to_be_visible()
    expect(page.locator(".skeleton")).to_be_hidden()
    for name, address in (
        ("Continue to sign-in", "**/api/auth/login?managed=1"),
        ("Continue with Okta", "**/api/auth/login?provider=Okta"),
        ("Continue with email", "**/api/auth/login?provider=COGNITO"),
    ):
        page.get_by_role("link", name=name).click()
        page.wait_for_url(address)
        page.go_back()
    context.close()


@pytest.mark.parametrize("ask", [True, False])
def test_a_page_whose_script_never_came_still_leads_on(page: Page, api: FakeApi, ask: bool) -> None:
    """The test covers pages whose HTML contains the first view, and pages whose HTML does not. The form for e-mail and
    password needs the script."""
    api.embed()
    if ask:
        api.ask_for_config()
    page.route("**/app.js", lambda route: route.abort())
    page.goto(api.url)
    late = page.get_by_role("link", name="Sign in without this page")
    expect(late).to_be_hidden()
    page.locator(".late").evaluate(
        "(node) => node.getAnimations().forEach((wait) => wait.finish())"
    )
    expect(late).to_be_visible()
