"""The profile's sections: what they show, what they send, and that they wait until somebody looks."""

import pytest
from playwright.sync_api import Page, expect

from .fake_api import SESSIONS, Answer, FakeApi, error
from .states import STATES

OTHER = f"DELETE /me/sessions/{'B' * 22}"


def test_sessions_are_asked_for_when_somebody_looks(page: Page, api: FakeApi) -> None:
    """By keyboard too; each device in words, this browser without a button."""
    api.sign_in()
    page.goto(api.url)
    summary = page.get_by_text("Where you are signed in")
    expect(summary).to_be_visible()
    assert api.sent("GET /me/sessions") == []
    summary.focus()
    page.keyboard.press("Enter")
    rows = page.get_by_role("listitem").filter(has_text="Last used")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Firefox, Linux")
    expect(rows.nth(0)).to_contain_text("This browser")
    expect(rows.nth(0).get_by_role("button")).to_have_count(0)
    expect(rows.nth(2)).to_contain_text("Unknown browser")
    expect(rows.nth(2)).to_contain_text("With Email and password, since ")


@pytest.mark.security("S-86")
@pytest.mark.security("S-54")
def test_a_device_with_markup_in_its_name_is_text(page: Page, api: FakeApi) -> None:
    """Whatever the server says."""
    STATES["sessions"](page, api)
    expect(page.get_by_text("<img src=x onerror=alert(1)>", exact=True)).to_be_visible()
    assert page.locator("main img, main b b").count() == 0


def test_ending_a_session_asks_again_and_says_so(page: Page, api: FakeApi) -> None:
    """One that is gone already is ended as well; focus stays in the section, whose button is gone."""
    STATES["sessions"](page, api)
    api.answers[OTHER] = error(404, "not_found")
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS[:1]})
    page.get_by_role("button", name="Sign out <img").click()
    expect(page.get_by_text("Signed out there.")).to_be_visible()
    expect(page.get_by_text("You are signed in nowhere else.")).to_be_visible()
    expect(page.locator("summary", has_text="Where you are signed in")).to_be_focused()
    assert len(api.sent(OTHER)) == 1


def test_everywhere_else_at_once(page: Page, api: FakeApi) -> None:
    """And an outage is said, with everything as it was."""
    STATES["sessions"](page, api)
    api.answers["POST /me/sessions/end-others"] = error(503, "temporarily_unavailable")
    others = page.get_by_role("button", name="Sign out everywhere else")
    others.click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    api.answers["POST /me/sessions/end-others"] = Answer(200, {"ended": 2})
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS[:1]})
    others.click()
    expect(page.get_by_text("Signed out everywhere else.")).to_be_visible()


def test_a_list_that_failed_can_be_loaded_again(page: Page, api: FakeApi) -> None:
    """Nothing else on the page suffers."""
    api.sign_in()
    api.answers["GET /me/sessions"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    page.get_by_text("Where you are signed in").click()
    expect(page.get_by_text("The list could not be loaded right now.")).to_be_visible()
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS})
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("This browser")).to_be_visible()
