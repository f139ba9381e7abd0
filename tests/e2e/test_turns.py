"""Tests of everyday situations on the real stack, in Chromium: a repeated callback, a prefetched callback, and six
sign-ins in progress."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.stack import Stack

ALICE = "alice@example.com"
CALLBACK = re.compile(r"/auth/callback\?")
STILL = "You are still signed in."


def greeted(page: Page) -> None:
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()


def at_okta(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    page.get_by_role("link", name="Continue with Okta").click()
    expect(page.get_by_text(ALICE)).to_be_visible()


def session(context: BrowserContext) -> str:
    return next(c["value"] for c in context.cookies() if c["name"] == "__Host-gatehouse")


@pytest.mark.security("S-11")
def test_a_callback_once_more_shows_the_person(
    page: Page, context: BrowserContext, stack: Stack
) -> None:
    """The person opens the callback a second time: from the history, a bookmark or a restored tab. The page shows no
    error, and the session continues."""
    seen: list[str] = []
    page.on("request", lambda asked: seen.append(asked.url) if CALLBACK.search(asked.url) else None)
    at_okta(page, stack)
    page.get_by_text(ALICE, exact=True).click()
    greeted(page)
    before = session(context)
    for tab in (page, context.new_page()):
        tab.goto(seen[0])
        greeted(tab)
        expect(tab.get_by_text("Member since")).to_be_visible()
        expect(tab.get_by_text(STILL)).to_have_count(0)
        assert tab.url == stack.url
    assert session(context)
    assert before


@pytest.mark.security("S-11")
def test_a_callback_that_was_fetched_ahead_still_signs_in(page: Page, stack: Stack) -> None:
    """The browser prefetches the callback before the person opens the callback. The prefetch uses neither the state nor
    the code."""
    held: list[str] = []
    browser = page.context.new_cdp_session(page)

    def hold(event: dict[str, Any]) -> None:
        held.append(event["request"]["url"])
        refused = {"requestId": event["requestId"], "errorReason": "Aborted"}
        browser.send("Fetch.failRequest", refused)

    browser.on("Fetch.requestPaused", hold)  # Playwright's own routes do not receive redirects
    browser.send("Fetch.enable", {"patterns": [{"urlPattern": "*/auth/callback?*"}]})
    at_okta(page, stack)
    with page.expect_event("requestfailed", lambda asked: bool(CALLBACK.search(asked.url))):
        page.get_by_text(ALICE, exact=True).click(no_wait_after=True)
    browser.detach()
    page.goto(stack.url)
    with page.expect_response(CALLBACK) as told:
        page.evaluate(
            """(href) => document.head.append(Object.assign(document.createElement('link'), {rel: 'prefetch', href}))""",
            held[0],
        )
    assert told.value.request.headers["sec-purpose"].startswith("prefetch")
    assert told.value.status == 503
    page.goto(held[0])
    greeted(page)


def test_the_oldest_of_six_sign_ins_ends_beside_the_session(
    context: BrowserContext, stack: Stack
) -> None:
    """Newer sign-ins have replaced the oldest sign-in. The person stays signed in, and one line on the page says that
    the oldest sign-in was replaced."""
    tabs = [context.new_page() for _ in range(6)]
    for tab in tabs:
        at_okta(tab, stack)
    for tab, lines in ((tabs[-1], 0), (tabs[0], 1)):
        tab.get_by_text(ALICE, exact=True).click()
        greeted(tab)
        expect(tab.get_by_text(STILL)).to_have_count(lines)
