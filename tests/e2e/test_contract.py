"""Tests of the OpenAPI document against the running stack. Schemathesis sends allowed requests and forbidden requests."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import gate
from tests.e2e.stack import Stack, Visitor, forget_attempts

PATHS = gate.openapi_document("https://x.example/")["paths"]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [(method, path) for path, item in PATHS.items() for method in item]
EXAMPLES = 12


@pytest.fixture(scope="module")
def described(stack: Stack) -> Any:
    """The OpenAPI document that the stack serves."""
    return schemathesis.openapi.from_url(f"{stack.url}openapi.json", verify=stack.verify)


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[dict[str, str]]:
    """Headers of an administrator's browser: cookie and access token. The fixture resets the counters of attempts."""
    visitor = Visitor(stack)
    visitor.sign_in()
    pool, name = stack.info["user_pool_id"], stack.user_name("alice@example.com")
    cognito = stack.aws("cognito-idp")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="admins")
    token = visitor.refresh()["access_token"]
    cookie = "; ".join(f"{n}={v}" for n, v in visitor.cookies.items())
    yield {"Authorization": f"Bearer {token}", "Cookie": cookie, "X-Gatehouse": "1"}
    cognito.admin_remove_user_from_group(UserPoolId=pool, Username=name, GroupName="admins")
    forget_attempts(stack)


def explore(stack: Stack, operation: Any, mode: GenerationMode, headers: dict[str, str]) -> int:
    """Send examples of one kind and compare the responses with the document. Return the number of examples."""
    sent = 0

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal sent
        answer = case.call(headers=headers, allow_redirects=False, timeout=30, verify=stack.verify)
        case.validate_response(answer, checks=CHECKS)
        sent += 1

    check()
    return sent


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(
    stack: Stack, described: Any, admin: dict[str, str], method: str, path: str
) -> None:
    """A stranger and an administrator's page send allowed and forbidden requests."""
    operation = described[path][method]
    origin = stack.info["allowed_origin"] if method == "options" else stack.origin
    own_page = {**admin, "Origin": origin}
    assert explore(stack, operation, GenerationMode.POSITIVE, {}) > 0
    explore(stack, operation, GenerationMode.POSITIVE, own_page)
    raw = operation.definition.raw
    # Without a JSON body, every value of a form is a string, so no value can have a wrong type.
    json_body = "application/json" in raw.get("requestBody", {}).get("content", {})
    if json_body or any(p.get("in") == "query" for p in raw.get("parameters", [])):
        assert explore(stack, operation, GenerationMode.NEGATIVE, own_page) > 0


def test_the_document_is_served_as_it_is_written(stack: Stack) -> None:
    """The served document differs from the written document in one member: `servers`, which contains the address of the
    stack."""
    served = requests.get(f"{stack.url}openapi.json", timeout=30, verify=stack.verify).json()
    assert served["paths"] == PATHS
    assert served["servers"] == [{"url": stack.origin}]
