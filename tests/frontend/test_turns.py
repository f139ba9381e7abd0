"""Tests of everyday situations on the page: errors while a session exists, blocked cookies and channels, the return to
the target."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .fake_api import Answer, FakeApi, Request, error, nobody
from .states import NO_COOKIES, lose_cookies
from .test_page import heading, login_query
from .views import fill, press

CODES = (
    *(
        "access_denied",
        "account_disabled",
        "login_expired",
        "login_used",
        "login_unknown",
        "login_failed",
    ),
    *("temporarily_unavailable", "unknown_provider", "not_found", "<b>"),
)
THROWS = "() => { throw new DOMException('The operation is insecure.', 'SecurityError'); }"
#: Browsers with blocked storage and cookies, as in Firefox and in a sandboxed frame.
BROKEN = {
    "no channel": f"globalThis.BroadcastChannel = class {{ constructor() {{ ({THROWS})(); }} }};",
    "channel missing": "delete globalThis.BroadcastChannel;",
    "cookies ignored": NO_COOKIES,
    "cookies throw": f"Object.defineProperty(Document.prototype, 'cookie', {{get: {THROWS}, set: {THROWS}}});",
    "locks throw": f"Object.defineProperty(Navigator.prototype, 'locks', {{get: () => ({{request: async {THROWS}}})}});",
    "storage throws": f"for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) "
    f"Object.defineProperty(globalThis, name, {{get: {THROWS}}});",
}
NO_COOKIES_HERE = "This browser blocks cookies"
#: This script drops each Secure cookie and keeps all other cookies, as WebKit does on http.
SECURE_DROPPED = """{
  const own = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', {
    get() { return own.get.call(this); },
    set(text) { if (!/; *secure/i.test(text)) own.set.call(this, text); },
  });
}"""


@pytest.mark.parametrize("code", CODES)
def test_no_error_over_a_living_session(page: Page, api: FakeApi, code: str) -> None:
    """First the page asks the server who is signed in. Then the page shows a failed attempt in one line. The page does
    not mention a login that was used twice."""
    api.sign_in()
    page.goto(f"{api.url}?error={code}")
    heading(page, "Hello, Ada")
    line = page.get_by_text("You are still signed in.")
    expect(line).to_have_count(0 if code == "login_used" else 1)


def test_an_error_waits_for_the_answer_and_an_outage_hides_none(page: Page, api: FakeApi) -> None:
    """Until the server has answered who is signed in, the page shows a waiting text. Then the page shows the error."""
    api.answers["POST /auth/refresh"] = error(503, "temporarily_unavailable", {"Retry-After": "60"})
    page.goto(f"{api.url}?error=login_failed")
    heading(page, "We\u2019ll be right back")
    api.answers["POST /auth/refresh"] = error(401, "no_session")
    page.evaluate("dispatchEvent(new Event('online'))")
    heading(page, "Signing in did not work")


def test_an_error_leaves_when_a_session_appears_in_another_tab(
    context: BrowserContext, api: FakeApi
) -> None:
    first, second = context.new_page(), context.new_page()
    first.goto(f"{api.url}?error=login_expired")
    heading(first, "That took a little too long")
    api.sign_in()
    second.goto(api.url)
    heading(second, "Hello, Ada")
    heading(first, "Hello, Ada")


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("signed_in", [False, True])
def test_whatever_storage_does_the_page_does_not_hang(
    page: Page, api: FakeApi, broken: str, signed_in: bool
) -> None:
    """The page shows a view. If cookies do not work, the view explains the fault and the remedy."""
    if signed_in:
        api.sign_in()
    lose_cookies(page, BROKEN[broken])
    page.goto(api.url)
    heading(page, "Hello, Ada" if signed_in else "Sign in")
    expect(page.get_by_text(NO_COOKIES_HERE)).to_have_count(1 if "cookies" in broken else 0)


@pytest.mark.parametrize("script", [NO_COOKIES, SECURE_DROPPED], ids=["blocked", "Secure on http"])
def test_blocked_cookies_are_said_at_every_door(page: Page, api: FakeApi, script: str) -> None:
    """The page explains the fault in four places: in the first view, above the form, after a failed callback, and in
    the profile. The session of this profile would not survive a reload."""
    api.embed()
    lose_cookies(page, script)
    for fragment in ("", "#email", "#sign-up"):
        page.goto("about:blank")
        page.goto(api.url + fragment)
        expect(page.get_by_text(NO_COOKIES_HERE)).to_be_visible()
        expect(page.get_by_text("Allow cookies for this site in the browser")).to_be_visible()
    page.goto(f"{api.url}?error=login_unknown")
    heading(page, "This sign-in cannot continue here")
    expect(page.get_by_text(NO_COOKIES_HERE)).to_be_visible()
    api.accept_password()
    page.goto("about:blank")
    page.goto(f"{api.url}#email")
    fill(page, Email="bo@example.com", Password="a good password")
    press(page, "Sign in")
    heading(page, "Hello, Bo")
    expect(page.get_by_text("until you close or reload this page")).to_be_visible()


#: This script acts like another tab that tests the cookies at the same moment and has just deleted the test cookie.
ANOTHER_TAB_CLEARS = """{
  const own = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  let cleared = '__Host-gatehouse-test=; Path=/; Secure; SameSite=Strict; Max-Age=0';
  Object.defineProperty(Document.prototype, 'cookie', {
    get() { return own.get.call(this); },
    set(text) {
      own.set.call(this, text);
      if (/Max-Age=0$/.test(text)) cleared = text;
      else own.set.call(this, cleared);
    },
  });
}"""


def test_another_tabs_trial_of_the_cookies_does_not_count_here(page: Page, api: FakeApi) -> None:
    """Tabs share their cookies. If another tab deletes the test cookie at the same time, this tab must not report
    blocked cookies."""
    api.sign_in()
    lose_cookies(page, ANOTHER_TAB_CLEARS)
    page.goto(api.url)
    heading(page, "Hello, Ada")
    expect(page.get_by_text("until you close or reload this page")).to_have_count(0)


def test_nobody_is_sent_away_in_vain(page: Page, api: FakeApi) -> None:
    """If the browser cannot store a session, the page starts no sign-in, even if the person presses the button."""
    api.config["auto_sign_in"] = "Okta"
    lose_cookies(page)
    page.goto(f"{api.url}?error=login_unknown")
    press(page, "Try again")
    heading(page, "Sign in")
    assert api.sent("GET /auth/login") == []


def test_a_configuration_that_never_comes_is_an_outage(page: Page, api: FakeApi) -> None:
    """The request has a time limit, and the page reports the outage before that limit."""
    script = (api.files.asset(api.files.version, "app.js") or pytest.fail("no app.js")).text
    assert "AbortSignal.timeout" in script
    api.answers["GET /auth/config"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    heading(page, "We\u2019ll be right back")


WISHES = ["https://notes.example.com/a?b=1#c", "/api/reports"]


@pytest.mark.security("S-07")
@pytest.mark.parametrize("wish", WISHES)
def test_every_door_leads_back_to_where_the_person_wanted_to_go(
    page: Page, api: FakeApi, wish: str
) -> None:
    """Links, reloads and views keep the target. A sign-in by password leads to the target."""
    api.embed()
    page.route("https://notes.example.com/**", lambda route: route.fulfill(body="notes"))
    api.answers["GET /reports"] = Answer(200, "reports", {"Content-Type": "text/plain"})
    page.goto(f"{api.url}?{_query(wish)}")
    assert login_query(page, "Continue with Okta")["return_to"] == [wish]
    page.get_by_role("link", name="Continue with email").click()
    heading(page, "Sign in with email")
    page.reload()
    assert login_query(page, "Continue with Okta")["return_to"] == [wish]
    api.accept_password()
    fill(page, Email="bo@example.com", Password="a good password")
    press(page, "Sign in")
    page.wait_for_url(wish if "://" in wish else f"**{wish}")


def _query(wish: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"return_to": wish})


@pytest.mark.security("S-07")
@pytest.mark.parametrize(
    "wish", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "data:text/html,x"]
)
def test_the_page_goes_only_where_the_server_says(page: Page, api: FakeApi, wish: str) -> None:
    """An attacker can write the query of the page's address. With or without a session, the page does not redirect to a
    target in the query."""
    api.embed()
    page.goto(f"{api.url}?{_query(wish)}")
    heading(page, "Sign in")
    assert "return_to" not in login_query(page, "Continue with Okta")
    api.sign_in()
    page.reload()
    heading(page, "Hello, Ada")
    assert urlsplit(page.url).netloc == urlsplit(api.url).netloc


def test_who_is_signed_in_already_goes_on_and_can_come_back(page: Page, api: FakeApi) -> None:
    """The Back button shows the profile with a link to the target, so the person can still open the target."""
    api.sign_in()
    api.answers["GET /reports"] = Answer(
        200, "<title>reports</title>", {"Content-Type": "text/html"}
    )
    page.goto(f"{api.url}?{_query('/api/reports')}")
    page.wait_for_url("**/api/reports")
    page.go_back()
    heading(page, "Hello, Ada")
    assert page.get_by_role("link", name="Continue").get_attribute("href") == "/api/reports"


def test_after_a_sign_in_the_stages_own_place_comes_next(page: Page, api: FakeApi) -> None:
    """`AFTER_SIGN_IN` applies only after a sign-in. People who are already signed in must be able to see the page."""
    api.embed()
    api.config["return_to"] = "/api/reports"
    api.answers["GET /reports"] = Answer(200, "reports", {"Content-Type": "text/plain"})
    api.sign_in()
    page.goto(api.url)
    heading(page, "Hello, Ada")
    api.answers["POST /auth/refresh"] = nobody
    page.goto(f"{api.url}#email")
    page.reload()
    api.accept_password()
    fill(page, Email="bo@example.com", Password="a good password")
    press(page, "Sign in")
    page.wait_for_url("**/api/reports")


def test_the_next_try_after_an_error_has_the_way_back_and_remember(
    page: Page, api: FakeApi
) -> None:
    page.goto(f"{api.url}?error=access_denied&remember=1&{_query('/api/reports')}")
    press(page, "Try again")
    query = login_query(page, "Continue with Okta")
    assert (query["return_to"], query["remember"]) == (["/api/reports"], ["1"])


def test_a_mistyped_path_leads_to_the_page(page: Page, api: FakeApi) -> None:
    """A browser follows the Refresh header of API Gateway's own 404, and ignores the body."""
    answer = error(404, "not_found", {"Refresh": f"0; url={api.url}?error=not_found"})
    api.answers["GET /mistyped"] = answer
    page.goto(f"{api.url}mistyped")
    heading(page, "There is nothing at this address")


def test_session_js_tells_other_front_ends(page: Page, api: FakeApi) -> None:
    """The state has a separate reason for blocked cookies, with and without a session. Other front ends can show this
    reason. The request of a sign-out still contains the return address."""
    sent: list[Request] = []

    def sign_out(request: Request) -> Answer:
        sent.append(request)
        return Answer(200, {"logout_url": f"{api.url}cognito-logout"})

    api.answers["POST /auth/logout"] = sign_out
    api.answers["GET /blank"] = Answer(200, "<!doctype html>", {"Content-Type": "text/html"})
    page.goto(f"{api.url}blank")
    page.evaluate(f"() => {{ {BROKEN['no channel']} {NO_COOKIES} }}")
    asked = f"""async (stay) => {{
        const {{ createSession }} = await import('.{_asset(api)}');
        const session = createSession({{ baseUrl: '/api/', navigate: () => {{}} }});
        const {{ status, reason }} = await session.refresh();
        const answer = await session.fetch('me');
        if (!stay) await session.signOut({{ returnTo: 'https://notes.example.com/' }});
        session.close();
        return [status, reason, answer.status, (await answer.json()).error ?? null];
    }}"""
    found: list[Any] = page.evaluate(asked, True)
    assert found == ["signed_out", "cookies_blocked", 401, "cookies_blocked"]
    api.sign_in()
    found = page.evaluate(asked, False)
    assert found == ["signed_in", "cookies_blocked", 200, None]
    assert [dict(request.body) for request in sent] == [{"return_to": "https://notes.example.com/"}]
    assert parse_qs(urlsplit(page.url).query) == {}


def _asset(api: FakeApi) -> str:
    return f"/assets/{api.files.version}/session.js"
