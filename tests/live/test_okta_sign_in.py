"""Tests of a sign-in through the real Okta, in a real browser. `GATEHOUSE_LIVE_OKTA` names the provider.

`GATEHOUSE_LIVE_OKTA_USER` and `GATEHOUSE_LIVE_OKTA_PASSWORD` are the credentials of a person at Okta. The person is
assigned to the application and has no second factor at Okta.
"""

from __future__ import annotations

import os
import re

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.live.live_stage import LiveStage

PROVIDER = os.environ.get("GATEHOUSE_LIVE_OKTA", "")


def through_okta(page: Page, live: LiveStage) -> None:
    """Start at the app, fill in Okta's form (the labels are those of the Okta Sign-In Widget), and return to the app."""
    page.goto(f"{live.root}auth/login?provider={PROVIDER}")
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill(
        os.environ["GATEHOUSE_LIVE_OKTA_USER"]
    )
    password = page.get_by_label(re.compile("^password", re.IGNORECASE))
    if not password.is_visible():
        page.get_by_role("button", name=re.compile("next", re.IGNORECASE)).click()
    password.fill(os.environ["GATEHOUSE_LIVE_OKTA_PASSWORD"])
    page.get_by_role("button", name=re.compile("sign in|verify", re.IGNORECASE)).click()
    page.wait_for_url(f"{live.root}**", timeout=30_000)


def test_person_of_okta_signs_in_and_is_recorded(browser: Chromium, live: LiveStage) -> None:
    """The person signs in twice: the first sign-in creates the profile, and the second updates the profile. The record
    has the mapped names."""
    for _ in range(2):
        context = browser.new_context()
        page = context.new_page()
        with page.expect_response("**/auth/refresh") as refreshed:
            through_okta(page, live)
        assert "error=" not in page.url
        if refreshed.value.status != 200:
            with page.expect_response("**/auth/refresh") as refreshed:
                page.reload()
        user = refreshed.value.json()["user"]
        assert user["provider"] == PROVIDER
        record = live.record(user["username"])
        assert record["Email"] == user["email"]
        assert record["provider"] == PROVIDER
        assert record["given_name"]
        assert record["family_name"]
        expect(page.locator("body")).not_to_contain_text("went wrong")
        context.close()
