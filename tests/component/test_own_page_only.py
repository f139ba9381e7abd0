"""Tests that cookie routes accept only requests from our page. The tests cover the proof of the origin, methods, and
CORS."""

import pytest

from tests.component.world import World
from tests.doubles.browser import Browser

CSRF: dict[str, tuple[list[str], list[tuple[str, str]]]] = {
    "no header": (["X-Gatehouse"], []),
    "another value": ([], [("X-Gatehouse", "0")]),
    "empty header": ([], [("X-Gatehouse", "")]),
    "foreign origin": ([], [("Origin", "https://evil.example")]),
    "null origin": ([], [("Origin", "null")]),
    "origin over http": ([], [("Origin", "http://a1b2c3.execute-api.eu-west-1.amazonaws.com")]),
    "origin with another port": (
        [],
        [("Origin", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com:444")],
    ),
    "longer origin": (
        [],
        [("Origin", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com.evil.example")],
    ),
    "sibling origin": ([], [("Origin", "https://z9y8x7.execute-api.eu-west-1.amazonaws.com")]),
    "empty origin": ([], [("Origin", "")]),
    "foreign origin beside a good fetch site": (
        [],
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
    ),
    "neither": (["Origin", "Sec-Fetch-Site"], []),
    "same-site only": (["Origin"], [("Sec-Fetch-Site", "same-site")]),
    "cross-site only": (["Origin"], [("Sec-Fetch-Site", "cross-site")]),
    "none": (["Origin"], [("Sec-Fetch-Site", "none")]),
    "header beside nothing else, foreign host": (
        ["Sec-Fetch-Site"],
        [("Host", "evil.example"), ("Origin", "https://evil.example")],
    ),
}


@pytest.mark.security("S-28")
@pytest.mark.parametrize("case", CSRF, ids=str)
@pytest.mark.parametrize("route", ["/auth/refresh", "/auth/logout"])
def test_cookie_routes_refuse_what_our_page_did_not_send(
    world: World, signed_in: Browser, route: str, case: str
) -> None:
    """The server responds with 403 and changes nothing, so the session continues."""
    drop, headers = CSRF[case]
    before = dict(signed_in.cookies)
    calls = len(world.cognito.requests)
    answer = signed_in.post(route, drop=drop, headers=headers)
    assert (answer.status, answer.json()["error"]) == (403, "csrf")
    assert signed_in.cookies == before
    assert len(world.cognito.requests) == calls


@pytest.mark.security("S-28")
@pytest.mark.parametrize("drop", [["Origin"], ["Sec-Fetch-Site"]])
def test_one_of_origin_and_fetch_site_is_enough(signed_in: Browser, drop: list[str]) -> None:
    """Some browsers send only one of the two headers."""
    assert signed_in.post("/auth/refresh", drop=drop).status == 200


@pytest.mark.security("S-29")
def test_get_and_head_change_nothing(world: World, signed_in: Browser) -> None:
    """Refresh and logout are possible only with POST. The page, the configuration and the health check do not write
    anything."""
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        for route in ("/auth/refresh", "/auth/logout"):
            assert signed_in.send(method, route).status == 405
    requests, writes = len(world.cognito.requests), world.dynamodb.writes
    for route in ("/", "/auth/config", "/health"):
        assert signed_in.get(route).status == 200
    assert (len(world.cognito.requests), world.dynamodb.writes) == (requests, writes)
    assert signed_in.post("/auth/refresh").status == 200


@pytest.mark.security("S-30")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"]
)
def test_no_answer_carries_cors_headers(signed_in: Browser, origin: str) -> None:
    """No response has a CORS header. The server refuses every preflight."""
    for route in ("/auth/refresh", "/auth/logout"):
        answer = signed_in.post(route, headers=[("Origin", origin)])
        assert not [name for name in answer.headers if name.startswith("access-control")]
        preflight = signed_in.send("OPTIONS", route, [("Origin", origin)])
        assert (preflight.status, preflight.json()["error"]) == (403, "forbidden")
        assert not [name for name in preflight.headers if name.startswith("access-control")]
