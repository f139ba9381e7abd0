"""Tests that every route and every reachable status of the deployed API has the same set of security headers (S-53).

The tests include API Gateway's own errors: unknown path, unknown method, no token, throttled, function broken. Visitors
bypass the front proxy and call API Gateway directly, because the proxy removes HSTS.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from app import gate
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from chalicelib.gatehouse.page.static_files import load_static_files
from tests.e2e.mails import mailed_code
from tests.e2e.stack import Stack, Visitor, forget_attempts

PATHS = gate.openapi_document("https://x.example/")["paths"]
DATA = Path(__file__).parents[1] / "data" / "security_header_differences.json"
_LOADED = json.loads(DATA.read_text(encoding="utf-8"))
DIFFERENCES: list[dict[str, Any]] = _LOADED["differences"]
NOT_DRIVEN: dict[str, list[int]] = _LOADED["not_driven"]
FUNCTION = "gatehouse-local"
ALICE = "alice@example.com"
PASSWORD = "a long enough password 1"
LATER_PASSWORD = "a long enough password 2"
GOOD: dict[str, dict[str, Any]] = {
    "POST /auth/discover": {"email": "nobody@example.net"},
    "POST /auth/direct/sign-in": {"email": "nobody@example.net", "password": "wrong"},
    "POST /auth/direct/challenge": {"name": "SOFTWARE_TOKEN_MFA", "code": "000000"},
    "POST /auth/direct/sign-up": {"email": "somebody@example.net"},
    "POST /auth/direct/confirm": {
        "email": "nobody@example.net",
        "code": "000000",
        "password": PASSWORD,
        "given_name": "No",
        "family_name": "Body",
    },
    "POST /auth/direct/resend-code": {"email": "nobody@example.net"},
    "POST /auth/direct/forgot-password": {"email": "nobody@example.net"},
    "POST /auth/direct/reset-password": {
        "email": "nobody@example.net",
        "code": "000000",
        "password": PASSWORD,
    },
    "POST /auth/mfa/setup": {"password": "wrong"},
    "POST /auth/mfa/verify": {"code": "000000"},
    "POST /auth/mfa/disable": {"password": "wrong", "code": "000000"},
    "POST /auth/mfa/recovery-codes": {"password": "wrong", "code": "000000"},
    "POST /auth/direct/recovery-code": {"code": "0000-0000-0000-0000"},
    "PATCH /me": {"given_name": "Alice"},
}
Seen = dict[str, set[int]]


def deployed_routes(stack: Stack) -> list[tuple[str, str]]:
    """Return (method, path) of every resource of API Gateway."""
    listed = stack.aws("apigateway").get_resources(
        restApiId=stack.info["rest_api_id"], embed=["methods"], limit=500
    )["items"]
    return sorted((m, r["path"]) for r in listed for m in r.get("resourceMethods", {}))


def concrete(path: str) -> str:
    """Return a path that matches the route."""
    filled = path.replace("{version}", load_static_files().version).replace("{name}", "app.js")
    return filled.replace("{userName}", "nobody")


def check(seen: Seen, route: str, answer: requests.Response) -> None:
    """Compare a response's headers with the set of security headers."""
    seen.setdefault(route, set()).add(answer.status_code)
    allowed = {
        d["header"]: d["value"]
        for d in DIFFERENCES
        if (d["route"], d["status"]) == (route.replace("HEAD ", "GET "), answer.status_code)
    }
    for name, value in SECURITY_HEADERS.items():
        expected = allowed.get(name, value)
        found = answer.raw.headers.getlist(name)
        where = f"{route} -> {answer.status_code}: {name}"
        assert found == [expected] or (name in allowed and expected is None), where
    if answer.status_code not in (204, 304):
        assert "charset=utf-8" in answer.headers["Content-Type"], f"{route} {answer.status_code}"
    if answer.status_code >= 400 and not route.startswith("HEAD "):
        assert {"error", "message"} <= set(answer.json()), route
        assert "Traceback" not in answer.text, route


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[tuple[Visitor, dict[str, str]]]:
    """An administrator with cookie and access token. The fixture resets the counters of attempts."""
    visitor = Visitor(stack, past_proxy=True)
    visitor.sign_in()
    name = stack.user_name(ALICE)
    cognito, pool = stack.aws("cognito-idp"), stack.info["user_pool_id"]
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="admins")
    token = visitor.refresh()["access_token"]
    yield visitor, {"Authorization": f"Bearer {token}"}
    cognito.admin_remove_user_from_group(UserPoolId=pool, Username=name, GroupName="admins")
    forget_attempts(stack)


@pytest.fixture(scope="module")
def plain_token(stack: Stack) -> dict[str, str]:
    """The access token of a person in no group."""
    visitor = Visitor(stack, past_proxy=True)
    return {"Authorization": f"Bearer {visitor.sign_in('chloe@example.org')['access_token']}"}


@pytest.fixture
def seen(stack: Stack) -> Seen:
    return {}


def everywhere(
    stack: Stack,
    seen: Seen,
    make: Callable[[str, str], requests.Response],
    only: set[str] | None = None,
) -> None:
    for method, path in deployed_routes(stack):
        if only is not None and f"{method} {path}" not in only:
            continue
        check(seen, f"{method} {path}", make(method, concrete(path)))


def live_well(stack: Stack, seen: Seen, admin: Visitor, token: dict[str, str]) -> None:
    """Use every flow successfully: sign-up, confirmation, reset, sign-in, a change of the name, a second factor,
    sign-out."""
    forget_attempts(stack)
    email = "headers@example.net"
    person = Visitor(stack, past_proxy=True)

    def post(name: str, body: dict[str, Any]) -> requests.Response:
        answer = person.post(f"/auth/{name}", body)
        check(seen, f"POST /auth/{name}", answer)
        return answer

    names = {"given_name": "Hedda", "family_name": "Ers"}
    post("direct/sign-up", {"email": email})
    code = mailed_code(stack, email)
    post("direct/confirm", {"email": email, "code": code, "password": PASSWORD, **names})
    post("direct/forgot-password", {"email": email})
    code = mailed_code(stack, email)
    post("direct/reset-password", {"email": email, "code": code, "password": LATER_PASSWORD})
    signed_in = post("direct/sign-in", {"email": email, "password": LATER_PASSWORD}).json()
    own = {"Authorization": f"Bearer {signed_in['access_token']}"}
    check(seen, "PATCH /me", person.request("PATCH", "/me", headers=own, json=names))
    post("mfa/setup", {"password": LATER_PASSWORD})
    path = f"/users/{signed_in['user']['username']}/sign-out"
    check(seen, "POST /users/{userName}/sign-out", admin.request("POST", path, headers=token))
    post("logout", {"return_to": f"{urlsplit(stack.url).path}bye"})
    for method, status in (("HEAD", 200), ("GET", 303), ("GET", 200)):
        answer = person.request(method, "/?signed_out=1")
        check(seen, f"{method} /", answer)
        assert answer.status_code == status
    for route, address in (
        ("GET /", "/"),
        ("GET /assets/{version}/{name}", concrete("/assets/{version}/{name}")),
    ):
        tag = person.get(address).headers["ETag"]
        for method in ("GET", "HEAD"):
            again = person.request(method, address, headers={"If-None-Match": tag})
            check(seen, route.replace("GET", method), again)


@pytest.mark.security("S-53")
def test_what_callers_can_bring_about(
    stack: Stack,
    seen: Seen,
    admin: tuple[Visitor, dict[str, str]],
    plain_token: dict[str, str],
) -> None:
    """The test sends valid and invalid bodies, tokens and methods to every route. Every documented status that a caller
    can cause occurs in the responses."""
    visitor, token = admin
    page = {"X-Gatehouse": "1", "Origin": stack.origin}
    typed = {**page, "Content-Type": "application/json"}
    kinds: list[tuple[dict[str, str], Any]] = [
        ({}, None),
        (page, None),
        (token, None),
        (plain_token, None),
        ({"Authorization": "Bearer garbage"}, None),
        ({"Authorization": ""}, None),
        ({"Origin": "https://evil.example"}, None),
        ({"Origin": stack.info["allowed_origin"]}, None),
        ({**typed, **token}, "{"),
        ({**typed, **token}, "[1]"),
        ({**typed, **token}, '{"x": 1}'),
        ({**page, **token, "Content-Type": "text/plain"}, "x"),
        ({**typed, **token}, '{"x": "' + "x" * 17_000 + '"}'),
    ]
    for headers, data in kinds:
        stranger = Visitor(stack, past_proxy=True)
        everywhere(
            stack,
            seen,
            lambda m, p, h=headers, d=data, s=stranger: s.request(m, p, headers=h, data=d),  # type: ignore[misc]  # one call
        )
    for route, body in GOOD.items():
        method, path = route.split(" ")
        answer = visitor.request(method, path, headers={**page, **token}, json=body)
        check(seen, route, answer)
    live_well(stack, seen, visitor, token)
    extra = [
        ("GET /auth/login", "/auth/login?provider=Nobody"),
        ("GET /auth/login", "/auth/login?managed=1"),
        ("GET /auth/login", "/auth/login?provider=Okta&provider=Okta"),
        ("GET /auth/callback", "/auth/callback?state=a&code=b&error=c"),
        ("GET /assets/{version}/{name}", "/assets/0/app.js"),
        ("GET /users", "/users?limit=0"),
        ("GET /users", "/users?cursor=x"),
    ]
    for route, path in extra:
        check(seen, route, visitor.request("GET", path, headers=token))
    tile = visitor.request("POST", "/auth/login", data={"iss": "https://nobody.example"})
    check(seen, "POST /auth/login", tile)
    while (
        visitor.post("/auth/direct/sign-in", GOOD["POST /auth/direct/sign-in"]).status_code != 429
    ):
        pass
    for route in ("POST /auth/direct/sign-in", "POST /auth/discover"):
        check(seen, route, visitor.post(route.split(" ")[1], GOOD[route]))
    forget_attempts(stack)
    check(seen, "POST /auth/refresh", visitor.post("/auth/refresh"))
    documented = {
        f"{method.upper()} {path}": {int(s) for s in operation["responses"] if int(s) < 400}
        for path, item in PATHS.items()
        for method, operation in item.items()
    }
    assert set(documented) == {f"{method} {path}" for method, path in deployed_routes(stack)}
    unseen = {
        route: sorted(statuses - seen[route])
        for route, statuses in documented.items()
        if statuses - seen[route]
    }
    assert unseen == NOT_DRIVEN
    reached = {200, 204, 302, 303, 304, 400, 401, 403, 404, 409, 413, 415, 429}
    assert set.union(*seen.values()) >= reached


@pytest.mark.security("S-53")
def test_what_api_gateway_answers_alone(
    stack: Stack, seen: Seen, admin: tuple[Visitor, dict[str, str]]
) -> None:
    """API Gateway responds to unknown paths, and to methods that a path does not have, without a call to the app."""
    visitor, token = admin
    held = deployed_routes(stack)
    for path in sorted({path for _, path in held}):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if (method, path) not in held and method != "HEAD":
                for headers in ({}, token):
                    answer = visitor.request(method, concrete(path), headers=headers)
                    assert answer.status_code == 404
                    check(seen, f"{method} {path}", answer)
    for path in ("/no/such/path", "/auth", "/auth/refresh/x", "/.env", "/%2e%2e/", "/assets/"):
        check(seen, path, visitor.request("GET", path))
    assert set.union(*seen.values()) == {404}


@contextmanager
def broken_handler(stack: Stack) -> Iterator[None]:
    """Make the function fail at its start."""
    functions = stack.aws("lambda")
    before = functions.get_function_configuration(FunctionName=FUNCTION)["Handler"]
    functions.update_function_configuration(FunctionName=FUNCTION, Handler="app.nothing")
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Handler=before)


@contextmanager
def throttled_stage(stack: Stack) -> Iterator[None]:
    """Set the stage's request limits to zero."""
    gateway, api = stack.aws("apigateway"), stack.info["rest_api_id"]
    stage = gateway.get_stages(restApiId=api)["item"][0]
    before = stage["methodSettings"]["*/*"]

    def limit(rate: float, burst: int) -> None:
        gateway.update_stage(
            restApiId=api,
            stageName=stage["stageName"],
            patchOperations=[
                {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)}
                for name, value in (("rateLimit", rate), ("burstLimit", burst))
            ],
        )

    limit(0, 0)
    try:
        yield
    finally:
        limit(before["throttlingRateLimit"], before["throttlingBurstLimit"])


@contextmanager
def no_tables_no_secrets(stack: Stack) -> Iterator[None]:
    with (
        stack.with_setting("PROVIDERS_TABLE", "gone"),
        stack.with_setting("USERS_TABLE", "gone"),
        stack.with_setting("THROTTLE_TABLE", "gone"),
        stack.with_setting("SEALING_KEYS_SECRET_ARN", "gone"),
    ):
        yield


#: The faults. For each fault, the status that at least one route must return.
FAULTS: dict[str, tuple[Callable[[Stack], Any], int]] = {
    "function broken": (broken_handler, 502),
    "stage throttled": (throttled_stage, 429),
    "not set up": (lambda stack: stack.with_setting("COGNITO_URL", ""), 500),
    "tables and secrets gone": (no_tables_no_secrets, 503),
}
#: If a function cannot start, its error arrives slowly. API Gateway's response is the same for all routes, so the test
#: uses only one route of each kind.
SAMPLE = {
    "function broken": {
        *("GET /", "GET /me", "PATCH /me", "POST /auth/refresh", "OPTIONS /me"),
        "GET /assets/{version}/{name}",
    }
}


@pytest.mark.security("S-53")
@pytest.mark.security("S-63")
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_dressed_alike(
    stack: Stack, seen: Seen, admin: tuple[Visitor, dict[str, str]], fault: str
) -> None:
    """The test causes 5xx and 429 responses of the app and of API Gateway on every route. For a broken function, the
    test uses one route of each kind."""
    visitor, token = admin
    bring_about, expected = FAULTS[fault]
    headers = {"X-Gatehouse": "1", "Origin": stack.origin, **token}
    with bring_about(stack):
        everywhere(
            stack,
            seen,
            lambda m, p: visitor.request(m, p, headers=headers, json=GOOD.get(f"{m} {p}")),
            SAMPLE.get(fault),
        )
        followed = visitor.request(
            "GET", "/auth/login?provider=Okta", headers={"Sec-Fetch-Mode": "navigate"}
        )
    assert expected in set.union(*seen.values())
    assert set(seen) == SAMPLE.get(fault, set(seen))
    check(seen, "GET /auth/login", followed)
    assert (followed.status_code == 303) == (expected == 503), "a person is sent back to the page"
    visitor.request("GET", "/health")
