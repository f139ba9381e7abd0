"""Tests of boto3's clients: the calls that are retried, and the responses that are valid."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import ParamValidationDecorator

from chalicelib.gatehouse import __version__
from chalicelib.gatehouse.aws_clients import (
    MAX_ANSWER_BYTES,
    AwsClients,
    UnreadableAnswer,
    is_passing,
)
from chalicelib.gatehouse.aws_clients import _verify_answer as verify_answer
from chalicelib.gatehouse.deadline import Budget
from tests.doubles.clock import Clock
from tests.doubles.service_model import operation

USERS, THROTTLE = "gatehouse-dev-users", "gatehouse-dev-throttle"


@pytest.fixture
def clients() -> AwsClients:
    return AwsClients("eu-west-1", Budget(), repeatable_tables=frozenset({USERS}))


@pytest.mark.security("S-41")
@pytest.mark.parametrize(
    ("name", "arguments", "twice"),
    [
        ("get_item", {"TableName": THROTTLE}, True),
        ("scan", {"TableName": USERS}, True),
        ("get_secret_value", {}, True),
        ("list_users", {}, True),
        ("admin_get_user", {}, True),
        ("update_item", {"TableName": USERS}, True),
        ("update_item", {"TableName": THROTTLE}, False),
        ("admin_initiate_auth", {}, False),
        ("admin_respond_to_auth_challenge", {}, False),
        ("sign_up", {}, False),
        ("confirm_sign_up", {}, False),
        ("resend_confirmation_code", {}, False),
        ("forgot_password", {}, False),
        ("confirm_forgot_password", {}, False),
        ("associate_software_token", {}, False),
        ("verify_software_token", {}, False),
        ("set_user_mfa_preference", {}, False),
        ("revoke_token", {}, False),
        ("admin_update_user_attributes", {}, False),
        ("admin_link_provider_for_user", {}, False),
        ("something_new", {}, False),
    ],
)
def test_only_what_may_happen_twice_is_tried_twice(
    clients: AwsClients, name: str, arguments: Mapping[str, Any], twice: bool
) -> None:
    """Reads are retried, and so are conditional writes to the users table. Calls with a password, a mail, a code or a
    counter are not retried."""
    assert clients.may_repeat(name, arguments) is twice


def test_clients_name_themselves_and_dynamodb_looks_at_what_it_gets(clients: AwsClients) -> None:
    """The User-Agent is fixed, so that boto3 does not build the header again for each call. botocore validates requests
    to Cognito, which contain people's input. botocore does not validate requests to DynamoDB."""
    for service, validated in (
        ("dynamodb", False),
        ("secretsmanager", True),
        ("cognito-idp", True),
    ):
        made: Any = clients(service)
        assert made._client.meta.config.user_agent == f"chalice-gatehouse/{__version__}"
        assert isinstance(made._client._serializer, ParamValidationDecorator) is validated


def refused(status: int, code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetItem")


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (refused(500, "InternalServerError"), True),
        (refused(503, "503"), True),
        (refused(429, "429"), True),
        (refused(400, "ThrottlingException"), True),
        (refused(400, "ProvisionedThroughputExceededException"), True),
        (refused(400, "ValidationException"), False),
        (refused(400, "ConditionalCheckFailedException"), False),
        (refused(400, "AccessDeniedException"), False),
        (exceptions.ReadTimeoutError(endpoint_url="x"), True),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), True),
        (exceptions.EndpointConnectionError(endpoint_url="x"), True),
        (exceptions.ConnectionClosedError(endpoint_url="x"), True),
        (exceptions.SSLError(endpoint_url="x", error="expired"), False),
        (exceptions.NoCredentialsError(), False),
        (UnreadableAnswer("half of one"), True),
        (KeyError("a bug"), False),
    ],
    ids=str,
)
def test_only_what_may_pass_is_tried_again(error: Exception, passing: bool) -> None:
    """A refusal, a bad certificate and a bug are permanent, so the call is not repeated."""
    assert is_passing(error) is passing


def verify(
    body: bytes, status: int = 200, service: str = "dynamodb", name: str = "GetItem"
) -> None:
    verify_answer(operation(service, name), {"body": body, "status_code": status})


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"text"', b"<html>", b'{"Item": {', bytes(range(256)), b"[" * 100_000],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_what_is_no_json_object_is_no_answer(body: bytes, status: int) -> None:
    """botocore would read most of these bodies as a missing item. Only the body of an error may be empty."""
    if body == b"" and status != 200:
        return verify(body, status)
    with pytest.raises(UnreadableAnswer):
        verify(body, status)
    return None


def test_more_than_a_page_of_dynamodb_is_no_answer() -> None:
    """The limit for a response is above the size of DynamoDB's largest possible page."""
    padding = MAX_ANSWER_BYTES - len(json.dumps({"x": ""}))
    verify(json.dumps({"x": "x" * padding}).encode())
    with pytest.raises(UnreadableAnswer):
        verify(json.dumps({"x": "x" * (padding + 1)}).encode())


def test_another_protocol_is_not_held_to_json() -> None:
    """A later botocore may use another protocol, which botocore reads from the service's model. AWS decides which
    version of botocore is in Lambda."""
    cbor = ServiceModel(
        {"metadata": {"protocols": ["smithy-rpc-v2-cbor"]}, "operations": {"GetItem": {}}},
        "dynamodb",
    ).operation_model("GetItem")
    verify_answer(cbor, {"body": b"\xbf\xff", "status_code": 200})
    with pytest.raises(UnreadableAnswer):
        verify_answer(cbor, {"body": b"\xbf" * (MAX_ANSWER_BYTES + 1), "status_code": 200})


def test_cognito_may_answer_with_nothing() -> None:
    """RevokeToken and AdminUserGlobalSignOut have empty responses. The contents of every other response are checked by
    the code that uses the response."""
    verify(b"", service="cognito-idp", name="RevokeToken")


def test_a_call_that_nobody_waits_for_is_not_made_again(clock: Clock) -> None:
    """Lambda may freeze the container and resume the container much later. A write that is retried at that time would
    be outdated."""
    clients = AwsClients("eu-west-1", Budget(), pause=lambda: None, clock=clock)
    made: list[float] = []

    def fails(**_: Any) -> None:
        made.append(clock())
        clock.advance(3)
        raise refused(500, "InternalServerError")

    for seconds, tries in ((5.0, 2), (2.0, 1)):
        made.clear()
        with pytest.raises(ClientError):
            clients._try(seconds, fails, {})
        assert len(made) == tries
