"""Tests that need the whole deployment: roles, the trigger, API Gateway's own errors, the package."""

import io
import urllib.request
import zipfile
from importlib.util import cache_from_source

import pytest

from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS
from tests.e2e.stack import Stack, Visitor

ALICE = "alice@example.com"
BRUNO = "bruno@example.com"


@pytest.mark.security("S-60")
def test_a_missing_permission_shows_at_once(stack: Stack) -> None:
    """The stack enforces IAM. Without the permission GetItem, the app cannot read the record. After the permission is
    back, the app can read the record again."""
    visitor = Visitor(stack)
    token = visitor.sign_in()["access_token"]
    role = api_role(stack)
    with stack.without_permission(role, "dynamodb:GetItem"):
        answer = visitor.get("/me", token)
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert visitor.get("/me", token).status_code == 200


@pytest.mark.security("S-55")
def test_without_the_triggers_permission_a_new_person_is_refused_cleanly(stack: Stack) -> None:
    """The trigger cannot write the record. Cognito therefore refuses the sign-in, and the page shows our own
    message."""
    stack.forget_person(BRUNO)
    visitor = Visitor(stack)
    with stack.without_permission(trigger_role(stack), "dynamodb:UpdateItem"):
        url = visitor.callback_url(stack.sub(BRUNO))
        answer = visitor.request("GET", url)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/?error=temporarily_unavailable"
    assert stack.user_item(stack.user_name(BRUNO)) is None
    assert visitor.sign_in(BRUNO)["user"]["email"] == BRUNO


@pytest.mark.security("S-57")
def test_a_lost_record_is_healed_by_the_next_sign_in(stack: Stack) -> None:
    """The record that the trigger wrote was lost. The next sign-in writes the record again."""
    Visitor(stack).sign_in()
    name = stack.user_name(ALICE)
    before = stack.user_item(name)
    stack.delete_user_item(name)
    Visitor(stack).sign_in()
    after = stack.user_item(name)
    assert before is not None
    assert after is not None
    kept = ("userName", "ClientId", "Email", "given_name", "family_name", "sub", "status")
    assert {n: after[n] for n in kept} == {n: before[n] for n in kept}


@pytest.mark.security("S-53")
@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/no/such/path", {}, 404, "not_found"),
        ("DELETE", "/me", {}, 404, "not_found"),
        ("GET", "/me", {}, 401, "unauthorized"),
        ("GET", "/assets/0/app.js", {}, 404, "not_found"),
        ("GET", "/auth/login?provider=Nobody", {}, 400, "unknown_provider"),
        ("POST", "/auth/refresh", {}, 403, "csrf"),
        ("POST", "/auth/refresh", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ],
)
def test_errors_of_gateway_and_app_look_alike(
    stack: Stack, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    """All errors of API Gateway and of the app have the same format and security headers."""
    answer = Visitor(stack, past_proxy=True).request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert set(answer.json()) == {"error", "message"}
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_an_oversized_body_is_413(stack: Stack) -> None:
    """API Gateway refuses the body before the body reaches the app."""
    answer = Visitor(stack).post("/auth/refresh", {"padding": "x" * 20_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")


@pytest.mark.parametrize("value", ["", "garbage", "k1.AAAA", "k9." + "A" * 200])
def test_a_malformed_session_cookie_is_no_session_and_is_cleared(stack: Stack, value: str) -> None:
    """The server responds with 401 and clears the cookie. The next request, without the cookie, then works."""
    visitor = Visitor(stack, cookies={"__Host-gatehouse": value})
    answer = visitor.post("/auth/refresh")
    assert (answer.status_code, answer.json()["error"]) == (401, "no_session")
    assert visitor.cookies == {}


@pytest.mark.security("S-66")
def test_the_package_holds_what_it_needs_and_nothing_else(stack: Stack) -> None:
    """The zip must contain cryptography. The emulator has its own copy of cryptography, so a missing copy in the zip
    would otherwise stay undetected. The zip contains neither tests nor `ops`."""
    functions = stack.aws("lambda")
    location = functions.get_function(FunctionName="gatehouse-local")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        data = answer.read()
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    roots = {name.split("/")[0] for name in names}
    assert {"app.py", "chalicelib", "frontend", "cryptography", "jwt", "urllib3"} <= roots
    assert not {"tests", "ops", "boto3", "botocore", ".venv"} & roots
    compiled = {name for name in names if "__pycache__" in name and name.startswith("chalicelib")}
    sources = {name for name in names if name.endswith(".py")}
    # One file contains the compiled code of all Gatehouse modules. The modules' source files are not in the zip.
    assert compiled <= {
        cache_from_source(name) for name in (*sources, "chalicelib/gatehouse/modules.py")
    }
    assert len(data) < 10_000_000


def api_role(stack: Stack) -> str:
    return role_of(stack, "gatehouse-local")


def trigger_role(stack: Stack) -> str:
    return role_of(stack, "gatehouse-local-user_records")


def role_of(stack: Stack, function: str) -> str:
    configuration = stack.aws("lambda").get_function_configuration(FunctionName=function)
    return str(configuration["Role"].rsplit("/", 1)[1])
