"""Tests of repeated, late, replaced and prefetched callbacks."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.component.direct import Direct
from tests.component.test_callback_state import TOKEN, begin, come_back
from tests.component.world import World
from tests.doubles.browser import Answer, Browser, Cookie

AHEAD = [
    ("Sec-Purpose", "prefetch"),
    ("Sec-Purpose", "prefetch;prerender"),
    ("Sec-Purpose", "Prefetch;anonymous-client-ip"),
    ("Purpose", "prefetch"),
    ("X-Moz", "prefetch"),
    ("X-Purpose", "preview"),
]


def told(answer: Answer) -> dict[str, list[str]]:
    """Return the query of the page's address after the redirect."""
    assert answer.status == 303
    assert urlsplit(answer.location).path == "/api/"
    return parse_qs(urlsplit(answer.location).query)


def test_a_callback_once_more_says_that_it_was_used(world: World, browser: Browser) -> None:
    """People repeat a callback with the Back button, a restored tab or a bookmark. The test repeats the callbacks of a
    successful sign-in and of a failed sign-in."""
    good, bad = begin(world, browser), begin(world, browser)
    assert come_back(browser, good).location == "/api/"
    come_back(browser, {"state": bad["state"], "error": "access_denied"})
    for query in (good, bad, good):
        assert told(come_back(browser, query)) == {"error": ["login_used"]}
    assert world.cognito.calls(TOKEN) == 1
    assert "__Host-gatehouse" in browser.cookies


def test_a_late_callback_says_that_it_is_late_and_not_that_it_is_unknown(
    world: World, browser: Browser
) -> None:
    """The browser has already dropped the transaction's cookie. The server recognizes a late callback by the state,
    which contains the start time of the sign-in."""
    query = begin(world, browser)
    world.clock.advance(601)
    assert told(come_back(browser, query)) == {"error": ["login_expired"]}


def test_the_oldest_of_six_sign_ins_is_unknown_and_ends_no_other(
    world: World, browser: Browser
) -> None:
    """Newer sign-ins have replaced the oldest sign-in, so its callback is unknown. A person who finished another
    sign-in stays signed in."""
    queries = []
    for _ in range(6):
        world.clock.advance(1)
        queries.append(begin(world, browser))
    assert come_back(browser, queries[-1]).location == "/api/"
    session = browser.cookies["__Host-gatehouse"]
    assert told(come_back(browser, queries[0])) == {"error": ["login_unknown"]}
    assert browser.cookies["__Host-gatehouse"] == session
    assert browser.post("/auth/refresh").status == 200


def test_the_list_of_used_sign_ins_stays_small_and_lets_nobody_in(
    world: World, browser: Browser
) -> None:
    """The list keeps at most four short names, even if the cookie had an invalid value before."""
    name = "__Host-gatehouse-used"
    for _ in range(6):
        come_back(browser, begin(world, browser))
    assert len(browser.notes[name].value) == 4 * 8 + 3
    for value in ("x" * 3000, "a.b.c", "....", "6155eb33." * 300):
        browser.notes[name] = Cookie(value, "Lax", None)
        query = begin(world, browser)
        assert come_back(browser, {**query, "state": "guessed"}).status == 303
        assert come_back(browser, query).location == "/api/"
        assert len(browser.notes[name].value) <= 4 * 8 + 3


@pytest.mark.security("S-11")
@pytest.mark.parametrize("header", AHEAD, ids=str)
def test_a_prefetched_callback_spends_neither_state_nor_code(
    world: World, browser: Browser, header: tuple[str, str]
) -> None:
    """The server refuses the prefetch, and its response forbids caching. Then the person opens the callback and is
    signed in."""
    query = begin(world, browser)
    before = dict(browser.cookies)
    target = f"/auth/callback?{urlencode(query)}"
    answer = browser.get(target, site="cross-site", headers=[header])
    assert (answer.status, answer.json()["error"]) == (503, "prefetch_refused")
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.set_cookies, browser.cookies) == ([], before)
    assert world.cognito.calls(TOKEN) == 0
    assert come_back(browser, query).location == "/api/"


@pytest.mark.security("S-29")
@pytest.mark.parametrize("header", AHEAD, ids=str)
def test_a_prefetched_login_begins_nothing(direct: Direct, header: tuple[str, str]) -> None:
    """The response sets no cookie. The server counts no attempt and reads no table."""
    calls = len(direct.world.dynamodb.calls)
    for query in ("provider=Okta", "email=bo@elsewhere.example", "iss=https://x.example", ""):
        answer = direct.browser.get(f"/auth/login?{query}", headers=[header])
        assert (answer.status, answer.set_cookies) == (503, [])
        assert "location" not in answer.headers
    assert len(direct.world.dynamodb.calls) == calls


@pytest.mark.parametrize(
    ("header", "value"), [("Purpose", "navigate"), ("Sec-Purpose", ""), ("X-Moz", "no-prefetch")]
)
def test_nothing_else_counts_as_a_prefetch(browser: Browser, header: str, value: str) -> None:
    assert browser.get("/auth/login?provider=Okta", headers=[(header, value)]).status == 302
