"""Tests of the federated sign-in in a real Chromium: page, callback, table, sign-out."""

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.e2e.stack import Stack, Visitor

ALICE = "alice@example.com"
SESSION = "__Host-gatehouse"
JWT = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


def sign_in(page: Page, stack: Stack, email: str = ALICE) -> None:
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text(email, exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()


def session_cookie(context: BrowserContext) -> str | None:
    return next((c["value"] for c in context.cookies() if c["name"] == SESSION), None)


def test_a_person_signs_in_sees_the_record_reloads_and_signs_out(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The test signs in through Okta, opens /me, reloads, and signs out. Afterwards the server refuses the old cookie."""
    sign_in(page, stack)
    expect(page.get_by_text("Alice Moreau")).to_be_visible()
    expect(page.get_by_text(ALICE)).to_be_visible()
    assert page.url == stack.url

    page.reload()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()

    cookie = session_cookie(context)
    assert cookie is not None
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    assert session_cookie(context) is None

    replay = Visitor(stack, cookies={SESSION: cookie}).post("/auth/refresh")
    assert (replay.status_code, replay.json()["error"]) == (401, "session_expired")


def test_the_table_holds_exactly_the_fields_filled_from_oktas_claims(
    page: Page, stack: Stack
) -> None:
    """The trigger wrote the person's data under the required attribute names, and wrote no other claim of Okta."""
    sign_in(page, stack)
    item = stack.user_item(stack.user_name(ALICE))
    assert item is not None
    seed = {
        name: item[name] for name in ("userName", "ClientId", "Email", "given_name", "family_name")
    }
    assert seed == {
        "userName": stack.user_name(ALICE),
        "ClientId": stack.info["client_id"],
        "Email": ALICE,
        "given_name": "Alice",
        "family_name": "Moreau",
    }
    assert set(item) - set(seed) == {
        "sub",
        "provider",
        "status",
        "createdAt",
        "updatedAt",
        "lastSignInAt",
        "lastSessionAt",
        "previousSignInAt",
    }
    assert (item["provider"], item["status"]) == ("Okta", "CONFIRMED")


@pytest.mark.security("S-32")
@pytest.mark.security("S-08")
def test_tokens_are_in_no_storage_cookie_or_body_that_must_not_have_them(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The page keeps the access token in memory alone. No body, URL or storage contains the refresh token or the ID
    token."""
    bodies: dict[str, str] = {}
    urls: list[str] = []

    def note(response: Response) -> None:
        urls.append(response.url)
        if response.url.startswith(stack.url) and response.status == 200:
            bodies[response.url] = response.text()

    page.on("response", note)
    sign_in(page, stack)
    answer = json.loads(bodies[f"{stack.url}auth/refresh"])
    token = answer["access_token"]
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope", "user", "session"}

    stored = page.evaluate("[JSON.stringify(localStorage), JSON.stringify(sessionStorage)]")
    assert stored == ["{}", "{}"]
    assert page.evaluate("indexedDB.databases().then((found) => found.length)") == 0
    assert page.evaluate("caches.keys().then((found) => found.length)") == 0
    assert page.evaluate("document.cookie") == ""
    assert all(token not in cookie["value"] for cookie in context.cookies())
    for url, body in bodies.items():
        tokens_here = JWT.findall(body)
        assert tokens_here == ([token] if url.endswith("/auth/refresh") else []), url
    assert not any("eyJ" in url for url in urls)


@pytest.mark.security("S-26")
@pytest.mark.security("S-27")
def test_cookies_have_their_attributes_in_the_browser(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The session cookie is Strict and ends with the browser. The transaction's cookie is Lax. The callback deletes the
    transaction's cookie."""
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    expect(page.get_by_text(ALICE)).to_be_visible()
    [transaction] = context.cookies()
    assert transaction["name"].startswith("__Host-gatehouse-login-")
    assert (transaction["secure"], transaction["httpOnly"]) == (True, True)
    assert (transaction["sameSite"], transaction["path"]) == ("Lax", "/")

    page.get_by_text(ALICE, exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    ours = {c["name"]: c for c in context.cookies() if c["domain"] == "localhost"}
    assert set(ours) == {SESSION, "__Host-gatehouse-used"}
    session = ours[SESSION]
    assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")
    assert session["expires"] == -1


def test_remember_me_makes_the_cookie_outlive_the_browser(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """If the person ticks the box, the session cookie has an expiry."""
    page.goto(stack.url)
    page.get_by_label("Keep me signed in on this device").check()
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text(ALICE, exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    [session] = [c for c in context.cookies() if c["name"] == SESSION]
    assert session["expires"] > 0


def test_two_tabs_can_sign_in_side_by_side(context: BrowserContext, stack: Stack) -> None:
    """Each sign-in has its own transaction. The tab that started first can finish last."""
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.goto(stack.url)
        tab.get_by_role("link", name="Continue with Okta").click()
        expect(tab.get_by_text(ALICE)).to_be_visible()
    for tab in (second, first):
        tab.get_by_text(ALICE, exact=True).click()
        expect(tab.get_by_role("heading", name="Hello, Alice")).to_be_visible()


@pytest.mark.security("S-13")
def test_a_refusal_at_okta_is_explained_on_the_page(page: Page, stack: Stack) -> None:
    """The page shows our own text for error=access_denied and a link to a new attempt. The page's URL no longer
    contains the error."""
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text("Refuse").click()
    expect(page.get_by_role("heading", name="Access was not granted")).to_be_visible()
    assert page.url == stack.url
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()


@pytest.mark.security("S-10")
def test_a_callback_of_another_browser_is_refused(
    page: Page, context: BrowserContext, stack: Stack, visitor: Visitor
) -> None:
    """A callback with another person's code and state does not sign this browser in (login CSRF)."""
    page.goto(visitor.callback_url(stack.sub(ALICE)))
    expect(page.get_by_role("heading", name="This sign-in cannot continue here")).to_be_visible()
    assert session_cookie(context) is None


def test_managed_login_is_a_door_as_well(page: Page, stack: Stack) -> None:
    """A native person signs in on Cognito's page. The person gets a record, even though no trigger has run for the
    person before."""
    demo = stack.info["demo_users"][0]
    page.goto(f"{stack.url}auth/login?provider=COGNITO")
    page.locator("input[name=username]").fill(demo["email"])
    page.locator("input[name=password]").fill(demo["password"])
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_role("heading", name="Hello, Demo")).to_be_visible()
    expect(page.get_by_text(demo["email"])).to_be_visible()
