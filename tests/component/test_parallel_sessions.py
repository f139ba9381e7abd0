"""Tests that send the same cookie, state or code to several containers at once. Such requests come from two tabs, from
a double click, or from an attacker."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.component.world import build_world
from tests.doubles.browser import Answer, Browser
from tests.doubles.clock import Clock
from tests.soak import fleet
from tests.soak.crowd import PASSWORD, Crowd, Member

AT_ONCE = 50


@pytest.fixture
def crowd(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """Eight containers without faults. For each sign-in method, one person is signed in."""
    fleet.install(monkeypatch)
    return Crowd(build_world(clock), size=2, containers=8, fault_share=0)


def at_once(browsers: list[Browser], call: Callable[[Browser], Answer]) -> list[Answer]:
    """Let all browsers make their call at the same moment."""
    everybody = Barrier(len(browsers))

    def go(browser: Browser) -> Answer:
        everybody.wait()
        return call(browser)

    with ThreadPoolExecutor(len(browsers)) as pool:
        return list(pool.map(go, browsers))


def tabs(crowd: Crowd, member: Member, count: int = AT_ONCE) -> list[Browser]:
    """Return new browsers that have copies of the member's current cookies."""
    made = []
    for _ in range(count):
        browser = crowd.world.browser()
        browser._app = crowd.fleet
        browser.source_ip = member.browser.source_ip
        browser.cookies = dict(member.browser.cookies)
        made.append(browser)
    return made


@pytest.mark.security("S-34")
@pytest.mark.parametrize("door", [0, 1])
def test_many_tabs_refresh_with_one_cookie(crowd: Crowd, door: int) -> None:
    """During the grace period after a rotation, each tab gets a valid session. Later, the old cookie is invalid."""
    member = crowd.members[door]
    assert crowd.sign_in(member)
    (late, *opened) = tabs(crowd, member, AT_ONCE + 1)
    answers = at_once(opened, lambda browser: browser.post("/auth/refresh"))
    assert {answer.status for answer in answers} == {200}
    assert {answer.json()["user"]["sub"] for answer in answers} == {member.person.sub}
    cookies = {browser.cookies["__Host-gatehouse"].value for browser in opened}
    assert len(cookies) == AT_ONCE
    crowd.world.clock.advance(61)
    again = at_once(opened, lambda browser: browser.post("/auth/refresh"))
    assert {answer.status for answer in again} == {200}
    assert late.post("/auth/refresh").status == 401
    assert opened[0].post("/auth/refresh").status == 200


@pytest.mark.security("S-36")
def test_a_sign_out_among_refreshes_ends_every_tab(crowd: Crowd) -> None:
    """The sign-out and the refreshes arrive in any order. After the sign-out, no cookie from these refreshes works."""
    member = crowd.members[0]
    assert crowd.sign_in(member)
    opened = tabs(crowd, member)

    def call(browser: Browser) -> Answer:
        leaves = browser is opened[AT_ONCE // 2]
        return browser.post("/auth/logout" if leaves else "/auth/refresh")

    answers = at_once(opened, call)
    assert {answer.status for answer in answers} <= {200, 401}
    assert answers[AT_ONCE // 2].status == 200
    assert {browser.post("/auth/refresh").status for browser in opened} == {401}


@pytest.mark.security("S-11")
def test_one_callback_many_times_makes_one_session(crowd: Crowd) -> None:
    """The code and the state work once. Every further request clears the transaction and starts no session."""
    member = crowd.members[0]
    start = member.browser.get("/auth/login?provider=Okta")
    back = crowd.world.cognito.authorize(start.location, member.person)
    opened = tabs(crowd, member, 20)
    answers = at_once(opened, lambda browser: browser.get(back, site="cross-site"))
    assert Counter(answer.location for answer in answers) == {
        "/api/": 1,
        "/api/?error=login_failed": 19,
    }
    signed_in = [browser for browser in opened if "__Host-gatehouse" in browser.cookies]
    assert len(signed_in) == 1
    assert not any(name.startswith("__Host-gatehouse-login") for b in opened for name in b.cookies)
    # Cognito regards a repeated code as stolen, and revokes the tokens of the first exchange (RFC 6749 4.1.2).
    assert signed_in[0].post("/auth/refresh").status == 401


@pytest.mark.security("S-41")
@pytest.mark.security("S-55")
def test_one_confirmation_many_times_makes_one_person(crowd: Crowd) -> None:
    """Fifty confirmations arrive at once. Only one of them confirms the address, and there is one record."""
    browser = tabs(crowd, crowd.members[1], 1)[0]
    new = {"email": "new@example.org", "password": PASSWORD}
    names = {"given_name": "New", "family_name": "Person"}
    assert browser.post("/auth/direct/sign-up", {"email": new["email"]}).status == 200
    body = {**new, **names, "code": crowd.world.pool.last_code("sign-up")}
    answers = at_once(
        tabs(crowd, crowd.members[1]), lambda each: each.post("/auth/direct/confirm", body)
    )
    outcomes = Counter(answer.status for answer in answers)
    assert outcomes[200] == 1
    # 503 means that the request waited too long for the lock of the address.
    assert set(outcomes) <= {200, 400, 429, 503}
    rows = [row for row in crowd.world.users().values() if row["Email"] == new["email"]]
    assert [row["status"] for row in rows] == ["CONFIRMED"]
    assert browser.post("/auth/direct/sign-in", new).status == 200


@pytest.mark.security("S-41")
def test_one_reset_code_many_times_sets_one_password(crowd: Crowd) -> None:
    """Fifty requests send fifty new passwords with the same code. Exactly one password becomes valid."""
    member = crowd.members[1]
    browser = tabs(crowd, member, 1)[0]
    email = member.person.email
    assert browser.post("/auth/direct/forgot-password", {"email": email}).status == 200
    code = crowd.world.pool.last_code("reset")
    opened = tabs(crowd, member)
    passwords = {id(each): f"{PASSWORD} {number}" for number, each in enumerate(opened)}

    def reset(each: Browser) -> Answer:
        body = {"email": email, "code": code, "password": passwords[id(each)]}
        return each.post("/auth/direct/reset-password", body)

    answers = at_once(opened, reset)
    won = [each for each, answer in zip(opened, answers, strict=True) if answer.status == 200]
    assert len(won) == 1
    assert {answer.status for answer in answers} <= {200, 400, 429, 503}
    crowd.world.clock.advance(3600)
    for each in (won[0], opened[0], opened[-1]):
        body = {"email": email, "password": passwords[id(each)]}
        assert (browser.post("/auth/direct/sign-in", body).status == 200) == (each is won[0])
