"""A test of the hosted sign-in, from the first redirect to the end of the session."""

from tests.component.world import World
from tests.doubles.browser import Browser


def test_a_person_signs_in_and_gets_a_session(world: World, browser: Browser) -> None:
    """The test runs login, callback, refresh and logout."""
    answer = world.sign_in(browser, query="provider=Okta&return_to=/api/reports?year=2026")
    assert (answer.status, answer.location) == (303, "/api/reports?year=2026")
    assert set(browser.cookies) == {"__Host-gatehouse"}
    refreshed = browser.post("/auth/refresh")
    assert refreshed.status == 200
    assert refreshed.json()["user"]["email"] == "ada@example.org"
    out = browser.post("/auth/logout")
    assert out.status == 200
    assert browser.cookies == {}
    assert browser.rejected == []
