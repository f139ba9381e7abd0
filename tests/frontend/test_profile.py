"""Tests of the profile's sections: the shown text, the requests, and the loading when the person opens a section."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .fake_api import RECORD, SESSIONS, Answer, FakeApi, error, signed_in
from .states import STATES

OTHER = f"DELETE /me/sessions/{'B' * 22}"


def test_sessions_are_asked_for_when_somebody_looks(page: Page, api: FakeApi) -> None:
    """The person can also open the list with the keyboard. Each device has a readable name. The list has no button to
    end the current browser's session."""
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
    expect(rows.nth(2)).to_contain_text("Email and password, since ")


@pytest.mark.security("S-86")
@pytest.mark.security("S-54")
def test_a_device_with_markup_in_its_name_is_text(page: Page, api: FakeApi) -> None:
    """The page shows any name from the server as text."""
    STATES["sessions"](page, api)
    expect(page.get_by_text("<img src=x onerror=alert(1)>", exact=True)).to_be_visible()
    assert page.locator("main img, main b b").count() == 0


def test_ending_a_session_asks_again_and_says_so(page: Page, api: FakeApi) -> None:
    """If the session has already ended, the page shows no error. The focus stays in the section, although the button
    has disappeared."""
    STATES["sessions"](page, api)
    api.answers[OTHER] = error(404, "not_found")
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS[:1]})
    page.get_by_role("button", name="Sign out <img").click()
    expect(page.get_by_text("The other browser will be signed out")).to_be_visible()
    expect(page.get_by_text("You are not signed in anywhere else.")).to_be_visible()
    expect(page.locator("summary", has_text="Where you are signed in")).to_be_focused()
    assert len(api.sent(OTHER)) == 1


def test_everywhere_else_at_once(page: Page, api: FakeApi) -> None:
    """After an outage the page reports the error, and the list stays unchanged."""
    STATES["sessions"](page, api)
    api.answers["POST /me/sessions/end-others"] = error(503, "temporarily_unavailable")
    others = page.get_by_role("button", name="Sign out everywhere else")
    others.click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    api.answers["POST /me/sessions/end-others"] = Answer(200, {"ended": 2})
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS[:1]})
    others.click()
    expect(page.get_by_text("All other browsers will be signed out")).to_be_visible()


def test_a_list_that_failed_can_be_loaded_again(page: Page, api: FakeApi) -> None:
    """Until the person loads the list again, the other sections still work."""
    api.sign_in()
    api.answers["GET /me/sessions"] = error(503, "temporarily_unavailable")
    page.goto(api.url)
    page.get_by_text("Where you are signed in").click()
    expect(page.get_by_text("The list could not be loaded right now.")).to_be_visible()
    api.answers["GET /me/sessions"] = Answer(200, {"sessions": SESSIONS})
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("This browser")).to_be_visible()


def _native(page: Page, api: FakeApi) -> None:
    """Sign in a person with a password, on a stage with our own form."""
    api.embed()
    api.native()
    api.answers["GET /me/second-factor"] = Answer(200, {"on": False, "factors": []})
    page.goto(api.url)
    expect(page.get_by_role("heading", name="Hello, Bo")).to_be_visible()


def test_a_name_is_changed_and_greeted_by(page: Page, api: FakeApi) -> None:
    """The page sends the given name and the family name. Then the heading has the focus."""
    _native(page, api)
    page.get_by_text("Change your name").click()
    first = page.get_by_role("textbox", name="First name")
    expect(first).to_have_value("Bo")
    first.fill("Bodil")
    record = {**RECORD, "given_name": "Bodil", "family_name": "Ek", "provider": "COGNITO"}
    api.answers["PATCH /me"] = api.answers["GET /me"] = Answer(200, record)
    page.get_by_role("button", name="Save").click()
    title = page.get_by_role("heading", name="Hello, Bodil")
    expect(title).to_be_focused()
    (sent,) = api.sent("PATCH /me")
    assert sent.body == {"given_name": "Bodil", "family_name": "Ek"}


def test_a_password_is_changed_against_the_old_one(page: Page, api: FakeApi) -> None:
    """If the old password is wrong, the page shows the error at the field of the old password. After the change, no
    password stays on the page."""
    _native(page, api)
    page.get_by_text("Change your password").click()
    page.get_by_label("Current password", exact=True).fill("not the old one")
    page.get_by_label("New password", exact=True).fill("another good one 34")
    api.answers["POST /auth/password"] = error(401, "invalid_credentials")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is not your current password.")).to_be_visible()
    page.get_by_label("Current password", exact=True).fill("the old one")
    api.answers["POST /auth/password"] = Answer(200, {})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    expect(page.locator("input[type=password]")).to_have_count(0)
    sent = api.sent("POST /auth/password")[-1]
    assert sent.body == {"password": "the old one", "new_password": "another good one 34"}


def test_the_second_factor_says_whether_it_is_on(page: Page, api: FakeApi) -> None:
    """The label of the button says whether the second factor is on. If the state is unknown, the label does not mention
    the state."""
    _native(page, api)
    expect(page.get_by_role("link", name="Two-step verification: off")).to_be_visible()
    api.answers["GET /me/second-factor"] = Answer(200, {"on": True, "factors": ["X"]})
    page.reload()
    expect(page.get_by_role("link", name="Two-step verification: on")).to_be_visible()


def test_what_a_provider_manages_is_said_by_its_label(page: Page, api: FakeApi) -> None:
    """The page also shows the label of a provider that the public configuration does not list."""
    api.sign_in(provider="acme")
    providers = [{"name": "acme", "label": "ACME staff"}]
    record = {**RECORD, "provider": "acme", "providers": providers}
    api.answers["GET /me"] = Answer(200, record)
    page.goto(api.url)
    expect(page.get_by_text("managed by ACME staff. Change them there.")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="ACME staff")).to_be_visible()
    expect(page.get_by_text("Change your password")).to_have_count(0)


def test_linked_providers_are_listed(page: Page, api: FakeApi) -> None:
    """The person can change the names only at the provider, but can change the password on the page."""
    _native(page, api)
    providers = [{"name": "acme", "label": "ACME staff"}]
    record = {**RECORD, "given_name": "Bo", "provider": "COGNITO", "linked": "acme"}
    api.answers["GET /me"] = Answer(200, {**record, "providers": providers})
    page.reload()
    expect(page.get_by_role("term").filter(has_text="You can also sign in with")).to_be_visible()
    expect(page.get_by_text("Your name is managed by ACME staff. Change it there.")).to_be_visible()
    expect(page.get_by_text("Change your name")).to_have_count(0)
    expect(page.get_by_text("Change your password")).to_be_visible()


@pytest.mark.parametrize(
    ("idle", "absolute", "text"),
    [
        (1800, 43_200, "Without activity you are signed out at 10:30."),
        (43_200, 1800, "At 10:30 you will have to sign in again."),
        (14 * 86_400, 30 * 86_400, "Without activity you are signed out on 15 May 2024, 10:00."),
        (30 * 86_400, 14 * 86_400, "On 15 May 2024, 10:00 you will have to sign in again."),
    ],
)
def test_the_end_of_the_session_has_a_date_if_it_is_not_today(
    context: BrowserContext, page: Page, api: FakeApi, idle: float, absolute: float, text: str
) -> None:
    """ "Signed out at 10:00" would be wrong for a session that goes on for two weeks."""
    page.clock.set_fixed_time("2024-05-01T10:00:00")
    api.answers["POST /auth/refresh"] = signed_in(idle=idle, absolute=absolute)
    page.goto(api.url)
    expect(page.locator("#idle")).to_have_text(text)
