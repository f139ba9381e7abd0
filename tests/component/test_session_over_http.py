"""Tests of refresh and logout with the real HTTP client and a real socket. The token endpoint hangs, fails, or sends an
invalid response."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.http_client import HttpAnswer, HttpClient
from chalicelib.gatehouse.deadline import Budget, Limits
from chalicelib.gatehouse.services import Services
from tests.component.world import World
from tests.doubles.browser import Browser
from tests.doubles.cognito import GRACE_SECONDS, Fault, Person, answers, times_out
from tests.doubles.cognito_http import served

SESSION = "__Host-gatehouse"
TIMEOUT_SECONDS = 0.3


def raw(status: int, body: bytes) -> Fault:
    """Return a fault that responds with these bytes."""
    content: Any = body
    return lambda: HttpAnswer(status, content)


class Wire:
    """Cognito's endpoints behind a socket. A hanging response waits for the event `gate`, which is set when the test
    ends."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def hang(self) -> HttpAnswer:
        self.gate.wait(10)
        return HttpAnswer(500, None)


@pytest.fixture
def wire(world: World) -> Iterator[Wire]:
    """The world's container, with our HTTP client and short timeouts."""
    clients = {"dynamodb": world.dynamodb, "secretsmanager": world.secrets}
    wire = Wire()
    with served(world.cognito, Person()) as url:
        settings = world.settings._replace(
            cognito_url=url, jwks_url=f"{url}/pool/.well-known/jwks.json"
        )
        limits = Limits(post=TIMEOUT_SECONDS, get=TIMEOUT_SECONDS, get_try=TIMEOUT_SECONDS / 2)
        http = HttpClient(Budget(limits), pause=lambda: None)
        gate.services = Services(settings, clock=world.clock, aws=clients.__getitem__, http=http)
        yield wire
        wire.gate.set()
        http.close()


@pytest.fixture
def signed_in_over_http(world: World, wire: Wire, browser: Browser) -> Browser:
    world.sign_in(browser)
    return browser


OUTAGES: dict[str, Callable[[Wire], Fault]] = {
    "hangs": lambda wire: wire.hang,
    "hangs up": lambda wire: times_out,
    "500": lambda wire: answers(500, {"error": "server_error"}),
    "502 with a page": lambda wire: raw(502, b"<html>Bad gateway</html>"),
    "503 that says invalid_grant": lambda wire: answers(503, {"error": "invalid_grant"}),
    "400 without a body": lambda wire: answers(400),
    "200 with a page": lambda wire: raw(200, b"<html>invalid_grant</html>"),
    "200 with half of an answer": lambda wire: raw(200, b'{"access_token": "eyJ'),
    "200 with a list": lambda wire: raw(200, b'["invalid_grant"]'),
    "200 with bytes": lambda wire: raw(200, bytes(range(256))),
    "200 with too much": lambda wire: raw(200, b'{"error":"' + b"x" * 300_000 + b'"}'),
    "400 with garbage": lambda wire: raw(400, b"error=invalid_grant"),
}


@pytest.mark.security("S-35")
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_on_the_wire_keeps_the_session(
    world: World, wire: Wire, signed_in_over_http: Browser, outage: str
) -> None:
    """During the outage, the response is 503 and the cookie is unchanged. After the outage, the session works."""
    before = dict(signed_in_over_http.cookies)
    world.cognito.fail("token", OUTAGES[outage](wire))
    answer = signed_in_over_http.post("/auth/refresh")
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.set_cookies == []
    assert signed_in_over_http.cookies == before
    assert signed_in_over_http.post("/auth/refresh").status == 200


@pytest.mark.security("S-25")
@pytest.mark.parametrize("outage", ["hangs", "hangs up", "500", "200 with a page"])
def test_keys_that_cannot_be_had_keep_the_session(
    world: World, wire: Wire, signed_in_over_http: Browser, outage: str
) -> None:
    """The refresh fails before the server uses the token, and the server does not call the token endpoint. The server
    tries twice to fetch the keys."""
    for _ in range(2):
        world.clock.advance(1700)
        signed_in_over_http.post("/auth/refresh")
    world.clock.advance(1700)
    spent = world.cognito.calls("/oauth2/token")
    world.cognito.fail("jwks", OUTAGES[outage](wire), OUTAGES[outage](wire))
    answer = signed_in_over_http.post("/auth/refresh")
    assert (answer.status, answer.set_cookies) == (503, [])
    assert world.cognito.calls("/oauth2/token") == spent
    world.clock.advance(61)
    assert signed_in_over_http.post("/auth/refresh").status == 200


@pytest.mark.security("S-34")
def test_rotation_grace_and_reuse_on_the_wire(
    world: World, signed_in_over_http: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The token endpoint accepts the old token in the grace period, but refuses the old token after the grace period.
    The new token still works."""
    old = dict(signed_in_over_http.cookies)
    assert signed_in_over_http.post("/auth/refresh").status == 200
    other = world.browser()
    other.cookies = dict(old)
    world.clock.advance(GRACE_SECONDS - 1)
    assert other.post("/auth/refresh").status == 200
    thief = world.browser()
    thief.cookies = dict(old)
    world.clock.advance(2)
    refused = thief.post("/auth/refresh")
    assert (refused.status, refused.json()["error"]) == (401, "session_expired")
    assert thief.cookies == {}
    (line,) = [line for line in log_lines() if line["event"] == "refresh_refused"]
    assert line["user"] == Person().username
    assert signed_in_over_http.post("/auth/refresh").status == 200
    assert other.post("/auth/refresh").status == 200


@pytest.mark.security("S-36")
@pytest.mark.parametrize("outage", ["hangs", "hangs up", "500", "502 with a page"])
def test_a_logout_forgets_although_revoking_failed_on_the_wire(
    world: World, wire: Wire, signed_in_over_http: Browser, outage: str
) -> None:
    """The person is signed out in this browser. The log says that Cognito has not revoked the token."""
    world.cognito.fail("revoke", OUTAGES[outage](wire))
    answer = signed_in_over_http.post("/auth/logout")
    assert answer.status == 200
    assert signed_in_over_http.cookies == {}


@pytest.mark.security("S-36")
def test_a_stolen_cookie_is_dead_after_the_logout_on_the_wire(
    world: World, signed_in_over_http: Browser
) -> None:
    """The stolen cookie contains the token from before the rotation. After the logout, the server refuses the stolen
    cookie, even in the grace period."""
    copies = [dict(signed_in_over_http.cookies)]
    signed_in_over_http.post("/auth/refresh")
    copies.append(dict(signed_in_over_http.cookies))
    assert signed_in_over_http.post("/auth/logout").status == 200
    for copy in copies:
        thief = world.browser()
        thief.cookies = copy
        assert thief.post("/auth/refresh").json()["error"] == "session_expired"


@pytest.mark.security("S-34")
@pytest.mark.parametrize(
    ("remember", "idle", "absolute"), [(0, 1800, 43_200), (1, 14 * 86_400, 30 * 86_400)]
)
def test_deadlines_of_ordinary_and_remembered_sessions(
    world: World, browser: Browser, remember: int, idle: int, absolute: int
) -> None:
    """Each refresh extends the idle deadline, up to the absolute deadline."""
    world.sign_in(browser, query=f"provider=Okta&remember={remember}")
    start = int(world.clock())
    world.clock.advance(idle - 1)
    session = browser.post("/auth/refresh").json()["session"]
    assert session["idle_expires_at"] == min(int(world.clock()) + idle, start + absolute)
    assert session["expires_at"] == start + absolute
    while session["idle_expires_at"] < session["expires_at"]:
        world.clock.now = session["idle_expires_at"] - 1
        session = browser.post("/auth/refresh").json()["session"]
        assert session["expires_at"] == start + absolute
    world.clock.now = start + absolute
    ended = browser.post("/auth/refresh")
    assert ended.status == 401
    assert browser.cookies == {}


@pytest.mark.security("S-31")
def test_a_cookie_has_room_for_cognitos_largest_tokens(world: World) -> None:
    """The longest observed refresh token has 1.9 kB. The cookie has room for a token of 2.5 kB and the longest user
    name."""
    sizes = {}
    for length in (1900, 2500):
        world.cognito.refresh_token_length = length
        browser = world.browser()
        person = Person(username="O" * 128)
        answer = world.sign_in(browser, person, query="provider=Okta&remember=1")
        (cookie,) = [text for text in answer.set_cookies if text.startswith(f"{SESSION}=")]
        sizes[length] = len(cookie)
        assert browser.rejected == []
    assert sizes == {1900: pytest.approx(3054, abs=8), 2500: pytest.approx(3854, abs=8)}
    assert max(sizes.values()) <= 4096
