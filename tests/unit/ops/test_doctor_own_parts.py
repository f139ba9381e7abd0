"""Tests of doctor's checks for a team's own functions, queues and streams. botocore's models check the doubles.

tests/e2e/own_data_soak.py runs the checks on a local stack.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.doctor.check import diagnose
from ops.doctor.deployment import Deployment
from ops.doctor.own_parts import CHECKS
from ops.mount import Mount, OwnFunction
from ops.stages import Stage
from tests.unit.ops.fakes import stage as make_stage
from tests.unit.ops.stubs import StubbedSession

BY_ID = {check.id: check for check in CHECKS}
FILE = """
tables:
  orders: {key: {owner: S}, stream: true}
queues:
  parcels: {}
functions:
  pack: {queues: {parcels: receive}}
  on_order: {tables: {orders: stream}}
"""
ROLES = {"pack": "arn:aws:iam::1:role/pack", "on_order": "arn:aws:iam::1:role/on-order"}
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:gatehouse-dev-{}"
STREAM = "arn:aws:dynamodb:eu-west-1:111122223333:table/gatehouse-dev-orders/stream/2026"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:gatehouse-dev-parcels"
URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/gatehouse-dev-parcels"
NUMBER = "ApproximateNumberOfMessages"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return a stage on AWS with two functions, a queue and a stream."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "gatehouse.yaml").write_text(FILE)
    return make_stage(tmp_path, PARCELS_QUEUE_URL=URL)


class Seen(Deployment):
    """A healthy deployment. Each test changes the part that the tested check reads."""

    mount: Any = Mount(
        functions=(
            *(OwnFunction("pack", "gatehouse-dev-parcels"), OwnFunction("on_order", STREAM)),
            OwnFunction("leaving", "gatehouse-dev-leaving"),
        )
    )
    outputs: Any = {
        "TeamFunctionPackRole": ROLES["pack"],
        "TeamFunctionOnOrderRole": ROLES["on_order"],
    }
    deployed: Any = SimpleNamespace(
        functions={
            **{name: ARN.format(name) for name in ("pack", "on_order", "leaving")},
            # The key that Chalice gives to the queue's mapping.
            "pack-sqs-event-source": ARN.format("pack"),
        }
    )


def look(check: str, stage: Stage, aws: StubbedSession, **parts: Any) -> list[str]:
    """Run one check. Return the messages of the findings."""
    deployment = Seen(aws, stage)  # type: ignore[arg-type]
    for name, part in parts.items():
        setattr(deployment, name, part)
    found = diagnose(deployment, [BY_ID[check]])
    aws.verify()
    return [finding.says for finding in found.findings]


def functions(aws: StubbedSession, **changed: dict[str, Any]) -> None:
    """Expect the calls in which Lambda describes the two functions."""
    for name, role in ROLES.items():
        answer = {"Role": role, "State": "Active", **changed.get(name, {})}
        aws.expect("lambda", "get_function_configuration", answer)


def mappings(aws: StubbedSession, **changed: dict[str, Any] | None) -> None:
    """Expect the calls in which Lambda lists one mapping of each function."""
    for name, source in (("pack", QUEUE), ("on_order", STREAM)):
        found = changed.get(name, {})
        made = [] if found is None else [{"EventSourceArn": source, "State": "Enabled", **found}]
        asked = {"FunctionName": ARN.format(name)}
        aws.expect("lambda", "list_event_source_mappings", {"EventSourceMappings": made}, asked)


def test_functions_as_declared_are_no_finding(stage: Stage) -> None:
    """Other checks cover Gatehouse's own functions."""
    aws = StubbedSession()
    functions(aws)
    assert look("own-functions", stage, aws) == []


def test_a_project_without_parts_of_its_own_asks_nothing(tmp_path: Path) -> None:
    """For a project with only Gatehouse's own function, no check of these parts calls AWS or has a finding."""
    nothing = Mount(functions=(OwnFunction("leaving"),))
    ours = SimpleNamespace(functions={"leaving": ARN.format("leaving")})
    for check in BY_ID:
        parts = {"mount": nothing, "deployed": ours}
        assert look(check, make_stage(tmp_path), StubbedSession(), **parts) == []


@pytest.mark.security("S-96")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Role": ROLES["on_order"]}, "gatehouse-dev-pack uses the role arn:aws:iam::1:role/on"),
        ({"State": "Failed", "StateReason": "no image"}, "gatehouse-dev-pack is Failed: no image"),
    ],
)
def test_a_function_of_another_role_or_state_is_found(
    stage: Stage, changed: dict[str, Any], said: str
) -> None:
    """A function must use its own role, so the role of another function in the same stack is also a finding."""
    aws = StubbedSession()
    functions(aws, pack=changed)
    (found,) = look("own-functions", stage, aws)
    assert said in found


@pytest.mark.security("S-96")
def test_a_function_without_a_role_in_the_stack_is_found(stage: Stage) -> None:
    """The function was deployed with a role that is not this function's role in the identity stack. If config.json
    names a role, doctor does not check the function."""
    aws = StubbedSession()
    functions(aws)
    (found,) = look("own-functions", stage, aws, outputs={"TeamFunctionPackRole": ROLES["pack"]})
    assert "not one of its own" in found
    given = Stage(**{**vars(stage), "own_roles": frozenset({"pack", "on_order"})})
    aws = StubbedSession()
    functions(aws)
    assert look("own-functions", given, aws, outputs={}) == []
    aws = StubbedSession()
    functions(aws, pack={"Role": "arn:aws:iam::1:role/admin"})
    assert len(look("own-functions", given, aws)) == 1


def test_functions_that_are_missing_or_left_over_are_found(stage: Stage) -> None:
    """In one case, a function in app.py is not deployed. In the other case, a deployed function is not in app.py."""
    aws = StubbedSession()
    aws.refuse("lambda", "get_function_configuration", "ResourceNotFoundException")
    aws.expect("lambda", "get_function_configuration", {"Role": ROLES["on_order"]})
    old = SimpleNamespace(functions={**Seen.deployed.functions, "tidy": ARN.format("tidy")})
    missing, left = look("own-functions", stage, aws, deployed=old)
    assert "app.py declares pack, but the function gatehouse-dev-pack is missing" in missing
    assert "gatehouse-dev-tidy still runs" in left


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        (None, "on_order is not called for items in arn"),
        ({"State": "Disabled"}, "is not enabled (Disabled)"),
        ({"LastProcessingResult": "PROBLEM: Function call failed"}, "PROBLEM: Function call"),
    ],
)
def test_sources_call_their_function(
    stage: Stage, changed: dict[str, Any] | None, said: str | None
) -> None:
    """The check finds a mapping that a person switched off or removed, and a mapping that Lambda has stopped."""
    aws = StubbedSession()
    mappings(aws, on_order=changed)
    found = look("own-sources", stage, aws)
    assert len(found) == (said is not None)
    assert (said or "") in "".join(found)


def test_a_mapping_of_another_queue_does_not_count(stage: Stage) -> None:
    """The other queue's name may begin with the right queue's name."""
    aws = StubbedSession()
    mappings(aws, pack={"EventSourceArn": f"{QUEUE}-dead"})
    (found,) = look("own-sources", stage, aws)
    assert (
        "gatehouse-dev-parcels, because the event source mapping is not enabled (no mapping exists)"
        in found
    )


@pytest.mark.parametrize(("number", "found"), [("0", 0), ("3", 1)])
def test_messages_that_were_given_up_are_found(stage: Stage, number: str, found: int) -> None:
    """A message in the dead-letter queue is a finding; a message in the queue itself is normal."""
    aws = StubbedSession()
    for url, count in ((URL, "12"), (f"{URL}-dead", number)):
        asked = {"QueueUrl": url, "AttributeNames": [NUMBER]}
        aws.expect("sqs", "get_queue_attributes", {"Attributes": {NUMBER: count}}, asked)
    said = look("own-queues", stage, aws)
    assert len(said) == found
    assert "3 messages of the queue parcels" in "".join(said) or not found


@pytest.mark.parametrize("code", ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"])
def test_a_queue_that_is_missing_is_found(stage: Stage, code: str) -> None:
    """AWS has two error codes for a missing queue."""
    aws = StubbedSession()
    aws.expect("sqs", "get_queue_attributes", {"Attributes": {NUMBER: "0"}})
    aws.refuse("sqs", "get_queue_attributes", code)
    assert look("own-queues", stage, aws) == ["the queue gatehouse-dev-parcels-dead is missing."]


@pytest.mark.parametrize(
    ("queue_seconds", "stream_milliseconds", "said"),
    [
        (3_600, 3_600_000, []),
        (7_200, 0, ["parcels have waited for 2.0 hours"]),
        (0, 5_400_000, ["on_order have waited for 1.5 hours"]),
    ],
)
def test_what_waits_too_long_is_found(
    stage: Stage, queue_seconds: int, stream_milliseconds: int, said: list[str]
) -> None:
    """The test covers two units: a queue's age is in seconds, a stream's age in milliseconds."""
    aws = StubbedSession()
    for highest in (queue_seconds, stream_milliseconds):
        points = [{"Maximum": 1.0}, {"Maximum": float(highest)}]
        aws.expect("cloudwatch", "get_metric_statistics", {"Datapoints": points})
    found = look("own-waits", stage, aws)
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))
