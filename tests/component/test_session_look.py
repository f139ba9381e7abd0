"""Tests of the request that a page sends when its window gets the focus again. The response says whether the session
still exists."""

from dataclasses import replace
from typing import Any

import pytest

from app import gate
from tests.component.direct import SESSION_COOKIE
from tests.component.world import SESSIONS_TABLE, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Browser
from tests.doubles.cognito import Person


def goes_on(browser: Browser) -> Any:
    """Return whether the session continues. Check that the request leaves the browser's cookies unchanged."""
    cookies = dict(browser.cookies)
    answer = browser.get("/auth/session")
    assert (answer.status, browser.cookies) == (200, cookies)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["goes_on"]


def end_all(world: World) -> None:
    for key in world.dynamodb.items(SESSIONS_TABLE):
        world.dynamodb.delete(SESSIONS_TABLE, key)


@pytest.mark.security("S-99")
def test_a_session_goes_on_until_somebody_ends_it(world: World, signed_in: Browser) -> None:
    """If the cookie is missing or invalid, the response says that no session exists."""
    assert goes_on(signed_in) is True
    end_all(world)
    assert goes_on(signed_in) is False
    assert goes_on(world.browser()) is False
    kept = signed_in.cookies[SESSION_COOKIE]
    signed_in.cookies[SESSION_COOKIE] = replace(kept, value="broken")
    assert goes_on(signed_in) is False


@pytest.mark.security("S-99")
def test_asking_keeps_no_idle_session_alive(world: World, signed_in: Browser) -> None:
    """The request writes nothing to the table and does not call Cognito. Although the page sends the request, the
    session ends half an hour after its last refresh."""
    before = dict(world.dynamodb.items(SESSIONS_TABLE))
    asked = len(world.cognito.requests)
    for _ in range(29):
        world.clock.advance(60)
        assert goes_on(signed_in) is True
    assert world.dynamodb.items(SESSIONS_TABLE) == before
    assert len(world.cognito.requests) == asked
    world.clock.advance(60)
    assert goes_on(signed_in) is False
    assert signed_in.post("/auth/refresh").json()["error"] == "session_expired"


def test_a_session_without_a_row_goes_on_until_all_of_its_person_end(
    world: World, browser: Browser
) -> None:
    """The session has no row, because the session began under an earlier release or during an outage of the table."""
    world.dynamodb.faults["sessions"] = client_error("InternalServerError")
    world.sign_in(browser)
    world.dynamodb.faults.clear()
    assert goes_on(browser) is True
    world.clock.advance(2)
    assert gate.services
    assert gate.services.users.record_signed_out(Person().username)
    assert goes_on(browser) is False


def test_where_nobody_can_tell_the_cookie_stays(world: World, signed_in: Browser) -> None:
    """If the table fails, nobody can tell whether the session continues. The page stays unchanged, and repeats the
    request later."""
    cookies = dict(signed_in.cookies)
    world.dynamodb.faults["sessions"] = client_error("InternalServerError")
    answer = signed_in.get("/auth/session")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert signed_in.cookies == cookies
