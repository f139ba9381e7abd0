"""Tests of a team's own Lambda functions and data. Gatehouse guards, limits and logs the functions, but does not change
their signatures."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice import Rate
from chalice.app import Chalice

from chalicelib.gatehouse import Gatehouse, log
from chalicelib.gatehouse.errors import ConfigurationError, TemporarilyUnavailable
from chalicelib.gatehouse.guard.jobs import JobFailed
from chalicelib.gatehouse.testing import use
from tests.component.world import ENVIRONMENT

CANARY = "canary-ann@example.com"


class Context:
    """The context that Lambda passes to a function."""

    aws_request_id = "r-1"
    function_name = "orders-dev-job"

    def get_remaining_time_in_millis(self) -> int:
        return 3_500


@pytest.fixture
def gate() -> Gatehouse:
    return Gatehouse(
        Chalice("orders"), environ={**ENVIRONMENT, "ORDERS_TABLE": "orders-dev-orders"}
    )


@pytest.fixture
def told() -> Iterator[None]:
    log.tell_messages(True)
    yield
    log.tell_messages(False)


def fired(gate: Gatehouse, job: Any) -> Any:
    names = ("version", "account", "region", "detail-type", "source", "time", "id")
    event = {**dict.fromkeys(names, ""), "detail": {}, "resources": []}
    return gate.app.schedule(Rate(1, unit=Rate.MINUTES), name="job")(job)(event, Context())


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def denied(event: Any) -> None:
    from botocore.exceptions import ClientError

    said = (
        "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: dynamodb:PutItem on resource: "
        f"arn:aws:dynamodb:…:table/orders because {CANARY}"
    )
    raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": said}}, "PutItem")


def test_a_job_leaves_a_line_with_its_request_id(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job returns the same result as without Gatehouse. The log has a line with the request id."""
    assert fired(gate, lambda event: "done") == "done"
    assert lines(capsys) == [
        {"event": "job_done", "request_id": Context.aws_request_id, "function": "orders-dev-job"}
    ]


@pytest.mark.security("S-98")
@pytest.mark.security("S-61")
def test_a_right_that_is_missing_is_named_and_nothing_else_of_the_message(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every stage, the log names the operation, the error code and the missing IAM action. Lambda logs every raised
    error. The function therefore raises an error that contains only the name of the original type."""
    with pytest.raises(JobFailed) as failed:
        fired(gate, denied)
    assert str(failed.value) == "ClientError"
    assert failed.value.__suppress_context__
    (line,) = lines(capsys)
    assert line["event"] == "job_failed"
    assert line["aws_operation"] == "PutItem"
    assert line["aws_code"] == "AccessDeniedException"
    assert line["lacks"] == "dynamodb:PutItem"
    assert CANARY not in json.dumps(line)


@pytest.mark.security("S-98")
@pytest.mark.security("S-61")
def test_what_looks_like_no_right_is_not_taken_for_one(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS may change the text of its errors."""

    def job(event: Any) -> None:
        from botocore.exceptions import ClientError

        message = f"not authorized to perform: {CANARY}"
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "PutItem")

    with pytest.raises(JobFailed):
        fired(gate, job)
    assert CANARY not in capsys.readouterr().out


@pytest.mark.usefixtures("told")
def test_the_local_stack_tells_message_and_traceback(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """Developers can find the cause without a debugger."""

    def job(event: Any) -> None:
        raise KeyError("order_id")

    with pytest.raises(JobFailed):
        fired(gate, job)
    (line,) = lines(capsys)
    assert line["message"] == "'order_id'"
    assert 'raise KeyError("order_id")' in line["traceback"]


@pytest.mark.security("S-98")
@pytest.mark.security("S-63")
@pytest.mark.parametrize(
    ("environ", "local"),
    [
        ({"STAGE": "local", "COGNITO_URL": "http://127.0.0.1:4566"}, True),
        ({"STAGE": "local", "COGNITO_URL": "https://x.auth.eu-west-1.amazoncognito.com"}, False),
        ({"STAGE": "dev", "COGNITO_URL": "http://127.0.0.1:4566"}, False),
    ],
)
def test_only_the_local_stack_tells_messages(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], local: bool
) -> None:
    """Somebody may deploy a stage named "local" to AWS. There, error messages stay hidden, as on any other stage."""
    asked: list[bool] = []
    monkeypatch.setattr("chalicelib.gatehouse.gate.tell_messages", asked.append)
    Gatehouse(Chalice("orders"), environ={**ENVIRONMENT, **environ})
    assert asked == ([True] if local else [])


def test_a_jobs_calls_end_before_lambda_ends_the_job(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call may take the time that Lambda has left, but the time for the last log line is kept free."""
    left: list[float] = []
    fired(gate, lambda event: left.append(gate.services.budget.left()))
    assert 2.0 < left[0] <= 3.0


def test_an_outage_in_a_job_is_told_by_its_detail(
    gate: Gatehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    def job(event: Any) -> None:
        raise TemporarilyUnavailable("dynamodb PutItem: no answer in 3.0 s")

    with pytest.raises(JobFailed):
        fired(gate, job)
    assert lines(capsys)[0]["detail"] == "dynamodb PutItem: no answer in 3.0 s"


def test_tables_and_clients_are_the_stages_or_a_tests_doubles(gate: Gatehouse) -> None:
    """The clients are boto3 clients, so they have every operation. Each container keeps one connection."""
    orders = gate.table("orders")
    assert orders.name == "orders-dev-orders"
    assert gate.table("orders") is orders
    client = gate.client("dynamodb")
    assert client.meta.service_model.operation_model("ExecuteStatement")
    assert client.exceptions.ConditionalCheckFailedException
    use(gate, tables={"orders": "double"}, clients={"sqs": "queue"})
    assert gate.table("orders") == "double"
    assert gate.client("sqs") == "queue"


def test_a_teams_calls_end_in_time(gate: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test includes the calls of a paginator after the time limit of the request."""
    monkeypatch.setattr(gate.services.budget, "left", lambda: 0.0)
    with pytest.raises(TemporarilyUnavailable, match="no time is left"):
        list(gate.client("dynamodb").get_paginator("query").paginate(TableName="orders"))
    with pytest.raises(TemporarilyUnavailable, match="dynamodb PutItem"):
        gate.table("orders").put_item(Item={"owner": "x"})


def test_what_was_not_declared_is_named_with_its_mend(gate: Gatehouse) -> None:
    with pytest.raises(ConfigurationError) as refused:
        gate.table("parcels")
    assert "PARCELS_TABLE is not set" in refused.value.detail
    assert "gatehouse.yaml" in refused.value.detail


def test_decorators_have_placeholders_in_tests_and_none_when_chalice_deploys() -> None:
    """In tests, the decorators use a placeholder if a name is missing. During a deployment, a missing name is an
    error."""
    assert Gatehouse(Chalice("orders"), environ={}).queue("parcels") == "parcels"
    deploying = Gatehouse(
        Chalice("orders"), environ={"AWS_CHALICE_CLI_MODE": "true", "USER_POOL_ARN": "arn:pool"}
    )
    with pytest.raises(ConfigurationError):
        deploying.queue("parcels")
    with pytest.raises(ConfigurationError):
        deploying.stream("orders")
