"""Tests that send malformed bodies to every route with a body. The bodies come from tests/data/malformed_bodies.json,
or have members of the wrong type."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.gatehouse.edge.bodies import parse_object, verify_body
from chalicelib.gatehouse.errors import InvalidRequest
from tests.component.direct import EMAIL, PASSWORD, SESSION_COOKIE, Direct
from tests.component.test_authorized_routes import CLAIMS
from tests.doubles.browser import Answer, Browser

CORPUS = Path(__file__).parents[1] / "data" / "malformed_bodies.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]
JSON = "application/json"
WRITER = {**CLAIMS, "scope": "openid api/read api/write"}
#: Every POST route that needs no access token, with the members that the route requires. All members are strings.
ROUTES: dict[str, dict[str, str]] = {
    "/auth/refresh": {},
    "/auth/logout": {},
    "/auth/discover": {"email": EMAIL},
    "/auth/direct/sign-in": {"email": EMAIL, "password": PASSWORD},
    "/auth/direct/challenge": {"name": "SOFTWARE_TOKEN_MFA"},
    "/auth/direct/sign-up": {"email": "new@example.org"},
    "/auth/direct/confirm": {
        "email": "new@example.org",
        "code": "123456",
        "password": "a good password",
        "given_name": "N",
        "family_name": "E",
    },
    "/auth/direct/resend-code": {"email": EMAIL},
    "/auth/direct/forgot-password": {"email": EMAIL},
    "/auth/direct/reset-password": {"email": EMAIL, "code": "123456", "password": PASSWORD},
    "/auth/password": {"password": PASSWORD, "new_password": PASSWORD},
    "/auth/mfa/setup": {"password": PASSWORD},
    "/auth/mfa/verify": {"code": "123456"},
    "/auth/mfa/disable": {"password": PASSWORD, "code": "123456"},
    "/auth/mfa/recovery-codes": {"password": PASSWORD, "code": "123456"},
    "/auth/direct/recovery-code": {"code": "7KQ2-M0XD-0000-ABCD"},
    "/auth/direct/passkey": {},
    "/auth/passkeys/open": {"password": PASSWORD},
    "/auth/passkeys/setup": {},
    "/auth/passkeys/verify": {},
    "/auth/passkeys/rename": {"id": "x", "name": "x"},
    "/auth/passkeys/remove": {"id": "x"},
    "/auth/passkeys/close": {},
    "/auth/passkeys/offer": {},
}
NO_TEXT: tuple[Any, ...] = (None, 7, 1.5, True, False, [], ["x"], {}, {"x": 1}, "", "\ud800")
TOO_LONG = "x" * 16_000


def content(case: dict[str, Any]) -> bytes:
    """Return the body of a case as bytes."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    text = case.get("body", "")
    text += case.get("before", "") + case.get("repeat", "") * case.get("times", 0)
    return str(text + case.get("after", "")).encode(case.get("encode", "utf-8"))


def sent(browser: Browser, path: str, case: dict[str, Any]) -> Iterator[Answer]:
    """Send the body as base64. If API Gateway would pass on this body as text, send it as text as well."""
    headers = [
        ("X-Gatehouse", "1"),
        ("Origin", browser.origin),
        ("Content-Type", case.get("content_type", JSON)),
    ]
    data = content(case)
    method, claims = ("PATCH", WRITER) if path == "/me" else ("POST", None)
    encoded = base64.b64encode(data).decode()
    if len(data) < 1_000_000:
        yield browser.send(method, path, headers, body=encoded, claims=claims, base64_encoded=True)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    yield browser.send(method, path, headers, body=text, claims=claims)


def test_the_corpus_is_whole_and_every_route_is_meant() -> None:
    """Every case has a unique name. The list has every POST route without an access token."""
    from chalicelib.gatehouse.routes.table import FOR_SERVERS, FORMS_OF_OTHERS, PUBLIC_ROUTES

    assert len({case["id"] for case in CASES}) == len(CASES) >= 150
    json_routes = {
        path for method, path in PUBLIC_ROUTES - FORMS_OF_OTHERS - FOR_SERVERS if method == "POST"
    }
    assert set(ROUTES) == json_routes


@pytest.mark.security("S-28")
@pytest.mark.security("S-63")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_malformed_body_has_the_same_decided_answer_at_every_route(
    direct: Direct, case: dict[str, Any]
) -> None:
    """The server refuses the body before the route uses it. The server does not call Cognito, writes nothing and sets
    no cookie. The response contains no part of the body."""
    calls, writes = len(direct.pool.calls), direct.world.dynamodb.writes
    for path in [*ROUTES, "/me"]:
        for answer in sent(direct.browser, path, case):
            if case.get("good"):
                assert answer.status < 500, path
                assert answer.json().get("error") != "unsupported_media_type", path
                continue
            assert (answer.status, answer.json()["error"]) == (case["status"], case["error"]), path
            assert set(answer.json()) == {"error", "message"}
            assert answer.set_cookies == []
    if not case.get("good"):
        assert (len(direct.pool.calls), direct.world.dynamodb.writes) == (calls, writes)
        assert direct.world.cognito.requests == []


@pytest.mark.security("S-63")
@pytest.mark.parametrize("path", [path for path, members in ROUTES.items() if members])
def test_members_of_the_wrong_kind_are_bad_requests(direct: Direct, path: str) -> None:
    """Each request has one wrong member. The member is missing, not a string, empty, an unpaired surrogate, or too
    long. The server calls no other service."""
    direct.restart(passkey_domain="app.example.org")
    calls, writes = len(direct.pool.calls), direct.world.dynamodb.writes
    for name in ROUTES[path]:
        good = ROUTES[path]
        bodies = [{**good, name: value} for value in NO_TEXT]
        bodies += [{n: v for n, v in good.items() if n != name}, {}]
        if not (name == "password" and path.endswith(("confirm", "reset-password"))):
            bodies.append({**good, name: TOO_LONG})
        for body in bodies:
            answer = direct.browser.post(path, body)
            assert (answer.status, answer.json()["error"]) == (400, "invalid_request"), body
    assert (len(direct.pool.calls), direct.world.dynamodb.writes) == (calls, writes)


@pytest.mark.security("S-63")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["email", "password", "code", "name", "remember", "captcha", "x"]),
                inner,
            )
        ),
        max_leaves=10,
    )
)
def test_no_json_whatever_is_a_5xx_or_a_session(direct: Direct, value: Any) -> None:
    """The route either ignores a JSON value or refuses it in our error format."""
    for path in ROUTES:
        answer = direct.browser.post(path, json.dumps(value))
        assert answer.status < 500
        assert SESSION_COOKIE not in direct.browser.cookies


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """The reader of bodies returns an object or raises InvalidRequest."""
    try:
        verify_body(data, JSON)
        assert isinstance(parse_object(data), dict)
    except InvalidRequest:
        pass
