"""Tests of sessions in a real Chromium on the running stack: tabs, sleep, idleness, outages."""

import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, Route, expect

from chalicelib.gatehouse.sealed.sealing import KeyRing, Sealer
from chalicelib.gatehouse.session.sessions import PURPOSE
from tests.e2e.stack import Stack, Visitor

ALICE = "alice@example.com"
CHLOE = "chloe@example.org"
SESSION = "__Host-gatehouse"
#: `make soak` uses a larger number.
ROUNDS = 50 if os.environ.get("GATEHOUSE_SOAK") else 15


def sign_in(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text(ALICE, exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()


def sealer(stack: Stack) -> Sealer:
    """The stack's sealer, with a secret that nobody except operators can read."""
    secret = stack.aws("secretsmanager").get_secret_value(SecretId="gatehouse/local/sealing-keys")
    ring = KeyRing.parse(json.loads(secret["SecretString"]))
    return Sealer(lambda renew: ring)


def change_session(context: BrowserContext, stack: Stack, **changes: Any) -> None:
    """Change the deadlines in the browser's sealed cookie, as if some time had passed."""
    (cookie,) = [c for c in context.cookies() if c["name"] == SESSION]
    seal = sealer(stack)
    session = {**json.loads(seal.open(PURPOSE, cookie["value"])), **changes}
    cookie["value"] = seal.seal(PURPOSE, json.dumps(session).encode())
    context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's two types of one cookie


REFRESH_LOOP = """async ([rounds, locked]) => {
  const script = [...document.querySelectorAll('script[src]')].find((s) => /app\\.js/.test(s.src)).src;
  const { createSession } = await import(script.replace('app.js', 'session.js'));
  const root = document.querySelector('meta[name=gatehouse-base]').content;
  const session = createSession({ baseUrl: root, channel: null, ...(locked ? {} : { locks: null }) });
  const seen = [];
  window.rounds = (async () => {
    for (let round = 0; round < rounds; round++) {
      // Both tabs start each round at the same tick of the wall clock.
      await new Promise((go) => setTimeout(go, 100 - (Date.now() % 100)));
      const { status, reason } = await session.refresh();
      seen.push(`${status} ${reason}`);
    }
    session.close();
    return seen;
  })();
}"""


@pytest.mark.security("S-34")
@pytest.mark.parametrize("locked", [True, False], ids=["one at a time", "really at once"])
def test_two_tabs_refresh_at_the_same_moment_and_neither_is_signed_out(
    context: BrowserContext, stack: Stack, locked: bool
) -> None:
    """The tabs refresh at the same time, and do so many times. In the first case, tabs of one origin share a lock. In
    the second case, the tabs have no lock, and the server accepts the old token in the grace period."""
    tabs = [context.new_page(), context.new_page()]
    sign_in(tabs[0], stack)
    tabs[1].goto(stack.url)
    expect(tabs[1].get_by_role("heading", name="Hello, Alice")).to_be_visible()
    for tab in tabs:
        tab.evaluate(REFRESH_LOOP, [ROUNDS, locked])
    for tab in tabs:
        assert tab.evaluate("window.rounds") == ["signed_in null"] * ROUNDS
    for tab in tabs:
        tab.reload()
        expect(tab.get_by_role("heading", name="Hello, Alice")).to_be_visible()


@pytest.mark.security("S-38")
def test_a_sign_out_reaches_the_other_tab_within_a_second(
    context: BrowserContext, stack: Stack
) -> None:
    """The test measures the time from the server's response in the first tab to the signed-out view in the other tab."""
    first, second = context.new_page(), context.new_page()
    sign_in(first, stack)
    second.goto(stack.url)
    expect(second.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    second.evaluate(
        """() => {
          new MutationObserver(() => {
            if (/signed out in another tab/.test(document.body.innerText)) window.out ??= Date.now();
          }).observe(document.body, {childList: true, subtree: true, characterData: true});
        }"""
    )
    with first.expect_response("**/auth/logout") as answered:
        first.get_by_role("button", name="Sign out").click()
    timing = answered.value.request.timing
    expect(second.get_by_text("You signed out in another tab.")).to_be_visible()
    answer_came = timing["startTime"] + timing["responseStart"]
    assert second.evaluate("window.out") - answer_came < 1000


def test_a_laptops_sleep_is_survived(page: Page, stack: Stack) -> None:
    """Twenty minutes pass at once, so that the access token expires. The next call works without a new sign-in."""
    page.clock.install()
    sign_in(page, stack)
    with page.expect_response("**/auth/refresh") as answered:
        page.clock.fast_forward("20:00")
        page.mouse.click(5, 5)
        page.clock.run_for(2000)
    assert answered.value.status == 200
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()


def test_idleness_warns_and_then_ends_the_session(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The page warns before the deadline. At the deadline, the page asks the server. The server says that the session
    has ended, and deletes the cookie."""
    page.clock.install()
    sign_in(page, stack)
    page.clock.fast_forward("28:30")
    expect(page.get_by_text("Are you still there?")).to_be_visible()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_visible()
    change_session(context, stack, idle_expires_at=1)
    page.clock.fast_forward("02:00")
    page.clock.run_for(2000)
    expect(page.get_by_text("Your session ended. Sign in again to continue.")).to_be_visible()
    assert [c for c in context.cookies() if c["name"] == SESSION] == []


def test_staying_averts_the_end(page: Page, stack: Stack) -> None:
    """The button renews the session, and the warning disappears."""
    page.clock.install()
    sign_in(page, stack)
    page.clock.fast_forward("28:30")
    with page.expect_response("**/auth/refresh") as answered:
        page.get_by_role("button", name="Stay signed in").click()
    assert answered.value.status == 200
    expect(page.get_by_text("Are you still there?")).to_be_hidden()


@pytest.mark.security("S-35")
def test_a_minute_without_the_api_ends_nothing(page: Page, stack: Stack) -> None:
    """Every call fails for a minute, and the page shows an error. After the outage, the person is still signed in."""
    page.clock.install()
    sign_in(page, stack)
    down: list[str] = []

    def fail(route: Route) -> None:
        down.append(route.request.url)
        route.abort("connectionrefused")

    page.route(re.compile(r"/auth/refresh"), fail)
    page.clock.fast_forward("11:00")  # by this time the access token has expired
    page.mouse.click(5, 5)
    for _ in range(60):
        page.clock.run_for(1000)
    assert len(down) >= 3
    expect(page.get_by_text("Sign-in is temporarily unavailable").first).to_be_visible()
    page.unroute_all()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/refresh") else None)
    with page.expect_response("**/auth/refresh") as answered:
        for _ in range(120):  # at most one minute passes between two attempts
            page.clock.run_for(1000)
            if asked:
                break
    assert answered.value.status == 200
    expect(page.get_by_text("Sign-in is temporarily unavailable")).to_have_count(0)
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()


@pytest.mark.security("S-36")
def test_a_person_whom_an_administrator_signs_out_is_out_at_the_next_refresh(
    stack: Stack, administrator: Visitor
) -> None:
    """An administrator's sign-out ends all sessions of the person. The administrator can repeat the sign-out. Other
    people stay signed in."""
    alice, second = Visitor(stack), Visitor(stack)
    alice.sign_in()
    second.sign_in()
    token = administrator.refresh()["access_token"]
    issued = int(time.time())
    while int(time.time()) == issued:
        continue  # the local AWS compares only whole seconds
    for _ in range(2):
        answer = sign_out(stack, ALICE, token)
        assert (answer.status_code, answer.json()) == (200, {"userName": stack.user_name(ALICE)})
    for visitor in (alice, second):
        refused = visitor.post("/auth/refresh")
        assert (refused.status_code, refused.json()["error"]) == (401, "session_expired")
        assert SESSION not in visitor.cookies
    administrator.refresh()


def test_only_administrators_sign_others_out(stack: Stack, administrator: Visitor) -> None:
    """If the caller is not an administrator, the response is 403. If the caller sends no token, the response is 401. If
    the person is unknown, the response is 404."""
    refused = sign_out(stack, CHLOE, Visitor(stack).sign_in()["access_token"])
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    refused = sign_out(stack, CHLOE, None)
    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized")
    token = administrator.refresh()["access_token"]
    unknown = sign_out(stack, "nobody", token)
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


def sign_out(stack: Stack, person: str, token: str | None) -> requests.Response:
    """Call the sign-out route for one of Okta's people, or for an unknown name."""
    name = stack.user_name(person) if "@" in person else person
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Visitor(stack).request("POST", f"/users/{name}/sign-out", headers=headers)


@pytest.fixture(scope="module")
def administrator(stack: Stack) -> Iterator[Visitor]:
    """A signed-in person in the group `admins`."""
    cognito, pool = stack.aws("cognito-idp"), stack.info["user_pool_id"]
    visitor = Visitor(stack)
    visitor.sign_in(CHLOE)
    who = {"UserPoolId": pool, "Username": stack.user_name(CHLOE), "GroupName": "admins"}
    cognito.admin_add_user_to_group(**who)
    yield visitor
    cognito.admin_remove_user_from_group(**who)


@pytest.mark.security("S-83")
@pytest.mark.security("S-84")
def test_a_session_is_ended_from_another_browser(stack: Stack) -> None:
    """The test uses the real table, the function's own role, and API Gateway. A third browser stays signed in."""
    lost, mine, third = Visitor(stack), Visitor(stack), Visitor(stack)
    headers = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    }
    lost.http.headers.update(headers)
    bearer = {}
    for visitor in (lost, third, mine):
        bearer = {"Authorization": f"Bearer {visitor.sign_in(CHLOE)['access_token']}"}
    listed = mine.request("GET", "/me/sessions", headers=bearer).json()["sessions"]
    assert [each for each in listed if each["current"]] == listed[:1]
    (old,) = [each for each in listed if each["device"] == "Firefox, Linux"]
    assert old["provider_label"]
    ended = mine.request("DELETE", f"/me/sessions/{old['id']}", headers=bearer)
    assert (ended.status_code, ended.json()) == (200, {"id": old["id"]})
    assert mine.request("DELETE", f"/me/sessions/{old['id']}", headers=bearer).status_code == 404
    refused = lost.post("/auth/refresh", {})
    assert (refused.status_code, refused.json()["error"]) == (401, "session_expired")
    assert third.post("/auth/refresh", {}).status_code == 200
    others = mine.request("POST", "/me/sessions/end-others", headers=bearer)
    assert others.status_code == 200, others.text
    assert third.post("/auth/refresh", {}).status_code == 401
    assert mine.post("/auth/refresh", {}).status_code == 200
