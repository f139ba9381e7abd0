"""Tests that send unusual and malformed events to the app. API Gateway can send some of these events, and never sends
others."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import app, gate
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from chalicelib.gatehouse.guard.gateway_events import find_problem
from tests.component.world import World
from tests.doubles.browser import Browser, LambdaContext, build_event

CORPUS = Path(__file__).parents[1] / "data" / "gateway_events.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]
CANARY = "canary-in-the-event"


def good_event(browser: Browser) -> dict[str, Any]:
    """Return the event of a refresh from our page."""
    headers = [
        ("X-Gatehouse", "1"),
        ("Origin", browser.origin),
        ("Content-Type", "application/json"),
        ("Cookie", browser.cookie_header("POST", "same-origin")),
    ]
    return build_event(
        app.routes,
        "POST",
        "/auth/refresh",
        domain=browser.domain,
        stage=browser.stage,
        headers=headers,
    )


def malformed(case: dict[str, Any], event: dict[str, Any]) -> Any:
    """Return the malformed event of a case."""
    if "event" in case:
        return case["event"]
    *way, last = case["at"]
    place = event
    for name in way:
        place = place[name]
    if case.get("drop"):
        del place[last]
    else:
        place[last] = case["set"]
    if case.get("base64"):
        event["isBase64Encoded"] = True
    return event


def assert_envelope(raw: dict[str, Any], status: int, code: str) -> None:
    assert (raw["statusCode"], json.loads(raw["body"])["error"]) == (status, code)
    assert SECURITY_HEADERS.items() <= raw["headers"].items()


def test_the_corpus_is_whole() -> None:
    """Every case has a unique name."""
    assert len({case["id"] for case in CASES}) == len(CASES) >= 80


@pytest.mark.security("S-63")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_malformed_event_has_its_decided_answer(
    world: World, signed_in: Browser, case: dict[str, Any]
) -> None:
    """The response has our error format and the security headers. The server calls no other service and writes nothing,
    and the session continues."""
    calls, writes = len(world.cognito.requests), world.dynamodb.writes
    event = malformed(case, good_event(signed_in))
    assert_envelope(app(event, LambdaContext()), case["status"], case["error"])
    assert (len(world.cognito.requests), world.dynamodb.writes) == (calls, writes)
    assert app(good_event(signed_in), LambdaContext())["statusCode"] == 200


@pytest.mark.security("S-61")
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.just(CANARY),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["headers", "requestContext", "body", CANARY]), inner)
        ),
        max_leaves=12,
    )
)
def test_no_event_whatever_is_reflected_or_raises(event: Any) -> None:
    """If the event is any JSON value, the response is 400 and contains no part of the value."""
    raw = app(event, LambdaContext())
    assert raw["statusCode"] == 400
    assert CANARY not in json.dumps(raw)


@pytest.mark.security("S-63")
@given(data=st.data())
def test_one_changed_value_anywhere_is_no_crash(data: st.DataObject) -> None:
    """Each test case replaces one value of a valid event. The app always responds, and never uses Chalice's own error
    format."""
    event = copy.deepcopy(EVENT)
    place: Any = event
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or not place[name] or data.draw(st.booleans()):
            break
        place = place[name]
    place[name] = data.draw(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.lists(st.text())
        | st.just({})
    )
    problem = find_problem(event, app.routes)
    gate.services = None
    raw = app(event, LambdaContext())
    assert set(json.loads(raw["body"])) >= {"error", "message"} or raw["statusCode"] == 200
    assert (raw["statusCode"] == 400) or problem is None


#: The event of GET /health. This route needs no services, so a failure can come only from the event or the guard.
EVENT = build_event(
    app.routes, "GET", "/health", domain="a.example", stage="api", headers=[("Accept", "*/*")]
)


@pytest.mark.security("S-61")
@pytest.mark.security("S-63")
def test_an_answer_that_is_no_json_is_a_plain_500(
    world: World,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """A team's view returns a value that JSON cannot represent, so the error occurs after the view. The response and
    the log do not contain the error's message."""
    entry = app.routes["/health"]["GET"]
    monkeypatch.setattr(entry, "view_function", lambda: {"x": type(CANARY, (), {})()})
    answer = browser.get("/health")
    assert (answer.status, answer.json()["error"]) == (500, "internal_error")
    (line,) = log_lines()
    assert line["event"] == "unhandled_error"
    assert "canary" not in json.dumps(line)


@pytest.mark.security("S-61")
def test_chalices_own_errors_are_logged_without_their_message(
    world: World,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Chalice refuses a header with a line break. By itself, Chalice would log the header's value."""
    from chalice.app import Response

    entry = app.routes["/health"]["GET"]
    broken = Response("", {"Location": f"/\n{CANARY}"}, 302)
    monkeypatch.setattr(entry, "view_function", lambda: broken)
    answer = browser.get("/health")
    assert (answer.status, answer.json()["error"]) == (500, "internal_error")
    out, err = capsys.readouterr()
    assert "unhandled_error" in out
    assert CANARY not in out + err + answer.body
