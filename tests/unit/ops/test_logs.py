"""Tests of `ops logs`, which prints a stage's log lines for people."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.logs import Line, follow, groups_of, parse_since, read, shown
from tests.unit.ops.fakes import FakeSession, dev_block, project, stage

GROUPS = {"api_handler": "/aws/lambda/g", "job": "/aws/lambda/g-job"}


class FakeLogs:
    """A CloudWatch client with only FilterLogEvents. The argument maps a log group to its events."""

    def __init__(self, **events: list[str]) -> None:
        self.events = {
            group.replace("g_", "/aws/lambda/g-") if group != "g" else "/aws/lambda/g": texts
            for group, texts in events.items()
        }
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> "FakeLogs":
        assert name == "filter_log_events"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.asked.append(request)
        texts = self.events.get(request["logGroupName"], [])
        return [
            {
                "events": [
                    {"eventId": f"{request['logGroupName']}{at}", "timestamp": at, "message": text}
                    for at, text in enumerate(texts, 1000)
                ]
            }
        ]


def lines(logs: FakeLogs, **how: Any) -> list[str]:
    found = read(FakeSession(logs=logs), GROUPS, 0.0, **how)  # type: ignore[arg-type]  # a fake session
    return [f"{line.function}: {line.text}" for line in found]


FAILED = json.dumps(
    {
        "event": "job_failed",
        "request_id": "r-1",
        "level": "error",
        "lacks": "dynamodb:Scan",
        "where": ["orders.py:57 count_orders"],
    }
)


def test_lines_of_all_functions_come_in_the_order_of_time(tmp_path: Path) -> None:
    """The output omits Lambda's own lines, and Lambda's tracebacks of exceptions that our functions raise on purpose."""
    logs = FakeLogs(
        g=["START RequestId: x", "hello", "REPORT RequestId: x"],
        g_job=[FAILED, "Traceback (most recent call last):", '  File "x"', "a.JobFailed: KeyError"],
    )
    assert lines(logs) == [f"job: {FAILED}", "api_handler: hello"]
    assert lines(logs, only_errors=True) == [f"job: {FAILED}"]
    assert lines(logs, request_id="r-1") == [f"job: {FAILED}"]
    assert logs.asked[-1]["filterPattern"] == '"r-1"'


def test_other_tracebacks_stay(tmp_path: Path) -> None:
    """If a function cannot be imported, only Lambda's traceback reports the error."""
    event = "[ERROR] Runtime.ImportModuleError: no module\nTraceback (most recent call last):"
    texts = ["Traceback (most recent call last):", '  File "x"', "KeyError: 'x'", event]
    assert lines(FakeLogs(g=texts)) == [f"api_handler: {text}" for text in texts]


def test_a_failure_is_written_with_its_place() -> None:
    """The output omits control characters, because a terminal would execute them."""
    told = shown(Line(0.0, "job", FAILED, json.loads(FAILED)), several=False)
    first, second = told.splitlines()
    assert first[10:] == "job_failed  lacks=dynamodb:Scan request=r-1"
    assert second == "    orders.py:57 count_orders"
    assert "\x1b" not in shown(Line(0.0, "job", "\x1b[2Jx", None), several=True)


def test_following_shows_each_line_once() -> None:
    """Each request asks for events from some seconds before the end of the last request, because lines arrive late."""
    logs = FakeLogs(g=["one"])
    found = follow(FakeSession(logs=logs), GROUPS, 0.0, sleep=lambda _: None)  # type: ignore[arg-type]  # a fake session
    assert next(found).text == "one"
    logs.events["/aws/lambda/g"].append("two")
    assert next(found).text == "two"


def test_functions_and_times_that_are_mistyped_are_told(tmp_path: Path) -> None:
    there = stage(project(tmp_path, dev=dev_block()))
    assert groups_of(there, (), ["api_handler", "job"]) == {
        "api_handler": "/aws/lambda/gatehouse-dev",
        "job": "/aws/lambda/gatehouse-dev-job",
    }
    with pytest.raises(OpsError, match="did you mean user_records"):
        groups_of(there, ["user_record"], ["api_handler", "user_records"])
    assert parse_since("2h") == 7200
    with pytest.raises(OpsError, match="such as 15m"):
        parse_since("yesterday")
