"""Tests of the list of sessions, and of all routes that end sessions. Some of these routes are for the person, and some
are for administrators."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.gatehouse.store.session_rows import SessionRows
from tests.component.direct import EMAIL, SESSION_COOKIE, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.component.test_global_sign_out import ADA, ADMIN, add_administrator
from tests.component.world import SESSIONS_TABLE, World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0"
BOB = Person(sub="s2", username="Okta_00u2bob", email="bob@example.org")
BOBS = {**CLAIMS, "sub": BOB.sub, "username": BOB.username}
DOWN = client_error("InternalServerError")


def listed(browser: Browser, claims: dict[str, str] = CLAIMS) -> list[dict[str, Any]]:
    answer = browser.get("/me/sessions", claims=claims)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["sessions"]
    return found


def end(browser: Browser, session_id: str, claims: dict[str, str] | None = CLAIMS) -> Answer:
    return browser.send("DELETE", f"/me/sessions/{session_id}", claims=claims)


def end_others(browser: Browser, claims: dict[str, str] | None = CLAIMS) -> Answer:
    return browser.send("POST", "/me/sessions/end-others", claims=claims)


def rows(world: World) -> list[dict[str, Any]]:
    return list(world.dynamodb.items(SESSIONS_TABLE).values())


@pytest.fixture
def second(world: World, signed_in: Browser) -> Browser:
    """Ada's second browser. She signed in there one minute after she signed in with the first browser."""
    world.clock.advance(60)
    browser = world.browser()
    browser.user_agent = FIREFOX
    world.sign_in(browser)
    return browser


def test_a_person_sees_every_session_with_device_door_and_times(
    world: World, signed_in: Browser, second: Browser
) -> None:
    """The session that was used last is the first in the list. A refresh changes only the time of its own session."""
    newer, older = listed(second)
    assert newer == {
        "id": newer["id"],
        "device": "Firefox, Windows",
        "provider": "Okta",
        "provider_label": "Acme Okta",
        "started_at": "2026-01-02T03:05:05.000Z",
        "last_used_at": "2026-01-02T03:05:05.678Z",
        "current": True,
    }
    assert (older["device"], older["current"]) == ("", False)
    assert older["started_at"] == "2026-01-02T03:04:05.000Z"
    world.clock.advance(30)
    signed_in.post("/auth/refresh")
    assert [each["id"] for each in listed(signed_in)] == [older["id"], newer["id"]]
    assert listed(signed_in)[0]["last_used_at"] == "2026-01-02T03:05:35.678Z"
    assert [each["current"] for each in listed(signed_in)] == [True, False]


def test_sessions_that_are_over_by_their_deadlines_are_on_no_list(
    world: World, signed_in: Browser
) -> None:
    """Expired sessions may still be in the table, because DynamoDB's TTL may take days to delete them."""
    world.clock.advance(1799)
    assert len(listed(signed_in)) == 1
    world.clock.advance(1)
    assert listed(signed_in) == []
    assert len(rows(world)) == 1


def add_rows(world: World, count: int) -> None:
    """Add sessions of Ada in other browsers. Each session was last used one second after the session before."""
    rows = SessionRows(world.dynamodb, SESSIONS_TABLE, world.clock)
    for number in range(count):
        world.clock.advance(1)
        now = int(world.clock())
        rows.begin(
            sub=Person().sub,
            session_id=f"row-{number}",
            provider="Okta",
            device="",
            started_at=now,
            idle_expires_at=now + 1800,
            expires_at=now + 3600,
        )


@pytest.mark.security("S-114")
def test_one_session_too_many_ends_the_least_recently_used(
    world: World, signed_in: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The new session also counts towards the limit. The browser whose session has ended shows the sign-in form."""
    add_rows(world, 98)
    signed_in.post("/auth/refresh")
    second, third = world.browser(), world.browser()
    world.sign_in(second)
    assert len(rows(world)) == 100
    world.clock.advance(1)
    world.sign_in(third)
    assert len(rows(world)) == 100
    assert "row-0" not in {row["id"]["S"] for row in rows(world)}
    for browser in (signed_in, second, third):
        world.clock.advance(1)
        assert browser.post("/auth/refresh").status == 200
    kept = SessionRows(world.dynamodb, SESSIONS_TABLE, world.clock)
    world.clock.advance(1)
    for number in range(1, 98):
        assert kept.touch(Person().sub, f"row-{number}", int(world.clock()) + 1800)
    world.sign_in(world.browser())
    refused = signed_in.post("/auth/refresh")
    assert (refused.status, refused.json()["error"]) == (401, "session_expired")
    assert second.post("/auth/refresh").status == 200
    ended = [line for line in log_lines() if line["event"] == "oldest_sessions_ended"]
    assert [(line["user"], line["count"]) for line in ended] == [(ADA, 1), (ADA, 1)]


@pytest.mark.security("S-114")
def test_expired_sessions_go_first(world: World, signed_in: Browser) -> None:
    """DynamoDB deletes expired rows late, so they still count towards the limit. The server deletes them before it ends
    a session that is still valid."""
    world.clock.advance(60)
    add_rows(world, 100)
    kept = SessionRows(world.dynamodb, SESSIONS_TABLE, world.clock)
    for number in range(100):
        assert kept.touch(Person().sub, f"row-{number}", int(world.clock()) + 60)
    world.clock.advance(120)
    world.sign_in(world.browser())
    assert len(rows(world)) == 100
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-114")
def test_very_many_sessions_of_an_earlier_release_end_step_by_step(
    world: World, browser: Browser
) -> None:
    """Each sign-in ends at most twenty sessions, because a sign-in must stay fast. Sessions of other people continue."""
    world.sign_in(world.browser(), BOB)
    add_rows(world, 130)
    counts = []
    for _ in range(4):
        world.sign_in(browser := world.browser())
        counts.append(len(rows(world)) - 1)
        assert browser.post("/auth/refresh").status == 200
    assert counts == [111, 100, 100, 100]


@pytest.mark.security("S-83")
def test_an_ended_session_gets_no_token_and_its_own_is_revoked(
    world: World, signed_in: Browser, second: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The server refuses the session before it calls Cognito, and clears the cookie. A copy of the cookie is refused as
    well."""
    other = listed(second)[1]["id"]
    answer = end(second, other)
    assert (answer.status, answer.json()) == (200, {"id": other})
    copy, issued = dict(signed_in.cookies), len(world.cognito.refresh_tokens())
    for _ in range(2):
        refused = signed_in.post("/auth/refresh")
        assert (refused.status, refused.json()["error"]) == (401, "session_expired")
        assert signed_in.cookies == {}
        signed_in.cookies = dict(copy)
    assert len(world.cognito.refresh_tokens()) == issued
    assert world.cognito.is_revoked(world.cognito.refresh_tokens()[0])
    assert second.post("/auth/refresh").status == 200
    events = [(line["event"], line.get("by")) for line in log_lines()]
    assert ("session_ended", ADA) in events


@pytest.mark.security("S-83")
def test_where_the_table_does_not_answer_nobody_is_refreshed_and_nothing_is_lost(
    world: World, signed_in: Browser
) -> None:
    """During an outage, the server cannot know whether a session has ended, so it refuses the refresh. The browser
    keeps its cookie, which works again after the outage."""
    issued = len(world.cognito.refresh_tokens())
    world.dynamodb.faults["sessions"] = DOWN
    answer = signed_in.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert (SESSION_COOKIE in signed_in.cookies, answer.set_cookies) == (True, [])
    assert len(world.cognito.refresh_tokens()) == issued
    world.dynamodb.faults.clear()
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-84")
def test_end_others_keeps_this_one(world: World, signed_in: Browser, second: Browser) -> None:
    """Sessions of other people continue."""
    bob = world.browser()
    world.sign_in(bob, BOB)
    third = world.browser()
    world.sign_in(third)
    answer = end_others(second)
    assert (answer.status, answer.json()) == (200, {"ended": 2})
    assert [each["current"] for each in listed(second)] == [True]
    assert [b.post("/auth/refresh").status for b in (second, bob, signed_in, third)] == [
        200, 200, 401, 401,
    ]  # fmt: skip
    assert end_others(second).json() == {"ended": 0}


@pytest.mark.security("S-84")
@pytest.mark.parametrize("cookie", ["none", "somebody else's", "ended", "junk"])
def test_end_others_needs_a_living_session_of_ones_own(
    world: World, signed_in: Browser, second: Browser, cookie: str
) -> None:
    """Somebody has ended a thief's session, but the thief's access token may still be valid. With this token, the thief
    must not end the owner's session."""
    if cookie == "none":
        second.cookies.clear()
    elif cookie == "junk":
        second.cookies[SESSION_COOKIE].value = "junk"
    elif cookie == "ended":
        end(signed_in, listed(second)[0]["id"])
    else:
        world.sign_in(second, BOB)
    before = rows(world)
    answer = end_others(second)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert rows(world) == before


@pytest.mark.security("S-84")
def test_somebody_elses_id_is_as_unknown_as_any(world: World, signed_in: Browser) -> None:
    """The test uses missing, malformed and ended ids, and an id of another person's session. The response is always the
    same, and Ada's session continues."""
    (session,) = listed(signed_in)
    bob = world.browser()
    world.sign_in(bob, BOB)
    (own,) = listed(bob, BOBS)
    end(bob, own["id"], BOBS)
    ids = (session["id"], own["id"], "A" * 22, "a", "%2F", "'", "x" * 900, "%F0%9F%94%91")
    bodies = {(answer.status, answer.body) for each in ids for answer in [end(bob, each, BOBS)]}
    assert bodies == {(404, end(bob, "none", BOBS).body)}
    assert listed(bob, BOBS) == []
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-84")
def test_ids_are_random_and_their_own(world: World, signed_in: Browser, second: Browser) -> None:
    """An id has 128 random bits."""
    ids = {each["id"] for each in listed(second)}
    assert len(ids) == 2
    assert all(len(each) == 22 for each in ids)


@pytest.mark.security("S-84")
def test_administrators_see_and_end_a_persons_sessions(
    world: World, signed_in: Browser, second: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The administrator ends one of two sessions, and the log names the administrator. If the id belongs to another
    person's session, the response is the same as for a missing id."""
    add_administrator(world)
    world.pool.add(PoolUser(Person().email, "x" * 12, sub=Person().sub, username=ADA))
    root = world.browser()
    target = f"/users/{ADA}/sessions"
    found = root.get(target, claims=ADMIN).json()["sessions"]
    assert [each["device"] for each in found] == ["Firefox, Windows", ""]
    wrong = f"/users/{ADMIN['username']}/sessions/{found[0]['id']}"
    assert root.send("DELETE", wrong, claims=ADMIN).status == 404
    assert root.send("DELETE", f"{target}/{found[0]['id']}", claims=ADMIN).status == 200
    assert (second.post("/auth/refresh").status, signed_in.post("/auth/refresh").status) == (
        401,
        200,
    )
    ended = [line for line in log_lines() if line["event"] == "session_ended"]
    assert [(line["user"], line["by"]) for line in ended] == [(ADA, ADMIN["username"])]
    assert root.get("/users/nobody/sessions", claims=ADMIN).status == 404


@pytest.mark.security("S-84")
@pytest.mark.parametrize(
    ("claims", "status"),
    [(None, 401), (CLAIMS, 403), ({**ADMIN, "scope": "openid"}, 403), ({**ADMIN, "sub": "x"}, 401)],
)
def test_nobody_else_sees_a_persons_sessions(
    world: World, signed_in: Browser, claims: dict[str, str] | None, status: int
) -> None:
    """A former administrator with the same name still has a token. The server asks the pool, and refuses the token."""
    add_administrator(world)
    (session,) = listed(signed_in)
    target = f"/users/{ADA}/sessions"
    assert signed_in.get(target, claims=claims).status == status
    refused = signed_in.send("DELETE", f"{target}/{session['id']}", claims=claims)
    assert refused.status == status
    assert len(listed(signed_in)) == 1


@pytest.mark.security("S-85")
def test_sign_out_takes_the_row_away(world: World, signed_in: Browser) -> None:
    """Even if Cognito does not respond, a copy of the cookie no longer works."""
    copy = dict(signed_in.cookies)
    from tests.doubles.cognito import times_out

    world.cognito.fail("revoke", times_out)
    signed_in.post("/auth/logout")
    assert rows(world) == []
    signed_in.cookies = copy
    assert signed_in.post("/auth/refresh").status == 401


@pytest.mark.security("S-85")
def test_a_new_password_ends_the_rows_though_the_pool_is_down(direct: Direct) -> None:
    """Although Cognito fails, the sessions that began with the old password end, because their rows are deleted from
    the table."""
    direct.sign_in()
    stranger = direct.world.browser()
    direct.post("direct/forgot-password", stranger, email=EMAIL)
    direct.pool.fail("admin_user_global_sign_out", client_error("InternalErrorException"))
    body = {"email": EMAIL, "code": direct.pool.last_code("reset"), "password": "another horse 34"}
    assert direct.post("direct/reset-password", stranger, **body).status == 200
    assert rows(direct.world) == []
    assert direct.post("refresh").json()["error"] == "session_expired"


@pytest.mark.security("S-85")
def test_sign_out_everywhere_takes_all_rows_away(
    world: World, signed_in: Browser, second: Browser
) -> None:
    """As soon as an administrator has ended all sessions, the list of sessions is empty."""
    add_administrator(world)
    world.pool.add(PoolUser(Person().email, "x" * 12, sub=Person().sub, username=ADA))
    assert second.send("POST", f"/users/{ADA}/sign-out", claims=ADMIN).status == 200
    assert (rows(world), listed(second)) == ([], [])


def test_a_sign_in_over_another_ends_that_one(direct: Direct) -> None:
    """At the second sign-in, the browser sent the cookie of the earlier session (S-47)."""
    direct.sign_in()
    (before,) = rows(direct.world)
    direct.sign_in()
    (after,) = rows(direct.world)
    assert before["id"] != after["id"]
    assert after["provider"] == {"S": "COGNITO"}


@pytest.mark.parametrize("why", ["an earlier release", "table down"])
def test_a_session_without_a_row_gets_one_at_its_next_refresh(
    world: World, browser: Browser, why: str
) -> None:
    """Two tabs may refresh with one cookie, or a tab may repeat a refresh after a lost response. The two refreshes
    write only one row. After the first one, the session has an id."""
    world.dynamodb.faults["sessions"] = DOWN
    world.sign_in(browser)
    assert rows(world) == []
    if why == "table down":
        assert browser.post("/auth/refresh").status == 200
    world.dynamodb.faults.clear()
    cookie = dict(browser.cookies)
    assert browser.post("/auth/refresh").status == 200
    browser.cookies = cookie
    assert browser.post("/auth/refresh").status == 200
    (row,) = listed(browser)
    assert (row["current"], row["provider"], row["device"]) == (True, "Okta", "")
    assert row["started_at"] == "2026-01-02T03:04:05.000Z"
    end(browser, row["id"])
    assert browser.post("/auth/refresh").status == 401


@pytest.mark.security("S-86")
def test_a_row_holds_no_token_address_or_name(world: World, signed_in: Browser) -> None:
    """The row stores names from the User-Agent header, but only names that are in our list."""
    browser = world.browser()
    browser.user_agent = "<script>alert(1)</script> Firefox/1 ada@example.org\u202e" + "x" * 5000
    world.sign_in(browser)
    stored = json.dumps(rows(world))
    token = world.cognito.refresh_tokens()[-1]
    for secret in (token, token[:12], "example.org", "Ada", "Lovelace", "script", "xxx", ADA):
        assert secret not in stored
    assert {row["device"]["S"] for row in rows(world)} == {"", "Firefox"}


def test_a_provider_that_is_gone_is_called_by_its_name(world: World, signed_in: Browser) -> None:
    """If a provider no longer exists, the response must not be 503."""
    world.dynamodb.delete(world.settings.providers_table, "Okta")
    world.restart()
    assert listed(signed_in)[0]["provider_label"] == "Okta"
