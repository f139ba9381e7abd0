"""This module implements the command `logs`, which reads a stage's log lines from CloudWatch and formats the lines for
people.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import boto3
from botocore.exceptions import ClientError

from . import aws
from .errors import OpsError
from .nearest import nearest
from .printable import printable
from .stages import Stage
from .team_file import API

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PAUSE_SECONDS = 2.0
# A new line appears in CloudWatch some seconds late. So each request reads the previous ten seconds again, and lines
# that were already shown are skipped.
_OVERLAP_SECONDS = 10
_LAMBDAS_OWN = ("START ", "END ", "REPORT ", "INIT_START ", "EXTENSION")
# Gatehouse's functions raise these exceptions to Lambda after they have logged the reason of a failure. So Lambda's
# traceback of such an exception is left out.
_SAID_BEFORE = ("JobFailed", "TriggerFailed")
_NOT_SHOWN = ("event", "level", "request_id", "where", "message", "traceback", "_aws")


@dataclass(frozen=True)
class Line:
    """One line of a log: its time (Unix seconds), its function, and its text."""

    at: float
    function: str
    text: str
    said: Mapping[str, Any] | None

    @property
    def is_error(self) -> bool:
        """Tell whether the line reports an error."""
        if self.said is not None:
            return self.said.get("level") == "error"
        return self.text.startswith(("[ERROR]", "Traceback")) or "Task timed out" in self.text


def parse_since(text: str) -> int:
    """Convert a text such as `30s`, `15m`, `2h` or `1d` to seconds. Raises OpsError."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if found is None:
        raise OpsError(f"--since must be a number with s, m, h or d, such as 15m, not {text!r}.")
    return int(found[1]) * _SECONDS[found[2]]


def groups_of(stage: Stage, names: Sequence[str], functions: Sequence[str]) -> dict[str, str]:
    """Return the log group of each function in `names`, or of all `functions` if `names` is empty. Raises OpsError."""
    for name in names:
        if name not in functions:
            meant = nearest(name, functions)
            said = (
                f"did you mean {meant}?"
                if meant
                else f"the stage's functions are {', '.join(functions)}."
            )
            raise OpsError(f"The stage has no function {name}: {said}")
    return {
        name: f"/aws/lambda/{stage.api_function if name == API else stage.function(name)}"
        for name in names or functions
    }


def read(
    session: boto3.Session,
    groups: Mapping[str, str],
    since: float,
    *,
    request_id: str = "",
    only_errors: bool = False,
    seen: set[str] | None = None,
) -> list[Line]:
    """Return the lines of the log groups since the time `since` (Unix seconds), the oldest first. Raises OpsError.

    `seen` contains the ids of lines that earlier calls have returned. Such lines are left out, and the ids of new lines
    are added to `seen`.
    """
    client, known = aws.client(session, "logs"), set() if seen is None else seen
    found: list[Line] = []
    with aws.explained("reading logs"):
        for function, group in groups.items():
            lines: list[Line] = []
            for event in _events(client, group, since, request_id):
                name = event.get("eventId") or f"{event['timestamp']} {event['message']}"
                if name not in known:
                    known.add(name)
                    lines.append(_line(function, event))
            found += _without_repetition(sorted(lines, key=lambda line: line.at))
    wanted = (
        line
        for line in found
        if not line.text.startswith(_LAMBDAS_OWN) and (line.is_error or not only_errors)
    )
    return sorted(wanted, key=lambda line: line.at)


def _without_repetition(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines without the tracebacks that Lambda prints for the exceptions in `_SAID_BEFORE`.

    On AWS, a traceback is one event. On the local AWS, each line of a traceback is an event.
    """
    held: list[Line] = []
    for line in lines:
        begins = line.said is None and line.text.startswith(("Traceback", "[ERROR]"))
        if not begins and not held:
            yield line
            continue
        held.append(line)
        if line.said is not None or not line.text.startswith((" ", "Traceback")):
            last = [each for each in held if each.said is None][-1].text
            if not any(name in last for name in _SAID_BEFORE):
                yield from held
            elif line.said is not None:
                yield line
            held = []
    yield from held


def follow(
    session: boto3.Session,
    groups: Mapping[str, str],
    since: float,
    *,
    request_id: str = "",
    only_errors: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Line]:
    """Yield new lines as they arrive, until the program is interrupted."""
    seen: set[str] = set()
    while True:
        lines = read(
            session, groups, since, request_id=request_id, only_errors=only_errors, seen=seen
        )
        yield from lines
        if lines:
            since = max(since, lines[-1].at - _OVERLAP_SECONDS)
        sleep(_PAUSE_SECONDS)


def shown(line: Line, *, several: bool) -> str:
    """Return a line as text for people: time, event, other fields and traceback. If `several` is true, the text also
    contains the function's name.
    """
    at = datetime.fromtimestamp(line.at, timezone.utc).astimezone().strftime("%H:%M:%S")
    head = f"{at}  {line.function:<14}  " if several else f"{at}  "
    if line.said is None:
        return head + printable(line.text.expandtabs())
    facts = [
        f"{name}={_short(value)}" for name, value in line.said.items() if name not in _NOT_SHOWN
    ]
    rest = [f"request={line.said['request_id']}"] if line.said.get("request_id", "-") != "-" else []
    first = head + printable("  ".join([str(line.said["event"]), " ".join([*facts, *rest])]))
    below = [str(line.said[name]) for name in ("message", "traceback") if line.said.get(name)]
    if not below and isinstance(line.said.get("where"), list):
        below = [str(place) for place in line.said["where"]]
    indented = (f"    {printable(each)}" for text in below for each in text.splitlines())
    return "\n".join([first, *indented])


def _events(client: Any, group: str, since: float, request_id: str) -> Iterator[dict[str, Any]]:
    request = {"logGroupName": group, "startTime": int(since * 1000)}
    if request_id:
        # With quotes, CloudWatch searches for the whole id as one term.
        request["filterPattern"] = json.dumps(request_id)
    try:
        for page in client.get_paginator("filter_log_events").paginate(**request):
            # The local AWS does not support the filter pattern, so the lines are filtered again here.
            yield from (each for each in page["events"] if request_id in each["message"])
    except ClientError as error:
        if aws.error_code(error) != "ResourceNotFoundException":
            raise


def _line(function: str, event: Mapping[str, Any]) -> Line:
    text = str(event["message"]).rstrip()
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    is_ours = isinstance(said, dict) and "event" in said
    return Line(event["timestamp"] / 1000, function, text, said if is_ours else None)


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
