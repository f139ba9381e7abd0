"""Measures the time and the memory that `ops reconcile` needs for 100,000 people, and counts the requests. The pool and
the table are in memory, so the figures describe only our own code.

On AWS the pool's quota determines the duration of the first pass: 20 pages of 60 people in a second.
"""

import io
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Section
from benchmarks.processes import Lab
from ops.pool import CALLS_PER_SECOND, Pace, PoolReader
from ops.progress_file import ProgressFile
from ops.reconcile import Reconciler
from ops.report import Reporter

NAME = "reconcile"
PEOPLE = 100_000
#: One record in a thousand is missing, and another record in a thousand differs.
_FAULTS = 1000


class _Pool:
    """A fake pool that makes each page when the page is requested. The pool itself therefore takes no memory."""

    def __init__(self, people: int) -> None:
        self._people = people

    def list_users(self, **asked: Any) -> dict[str, Any]:
        start = int(asked.get("PaginationToken", "0"))
        end = min(start + int(asked["Limit"]), self._people)
        answer: dict[str, Any] = {"Users": [_user(n) for n in range(start, end)]}
        if end < self._people:
            answer["PaginationToken"] = str(end)
        return answer


class _Table:
    """A fake table that returns the trigger's records. Every thousandth record is missing."""

    def __init__(self, people: int) -> None:
        self._people = people
        self.reads = 0
        self.writes = 0

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:
        self.reads += 1
        ((table, request),) = asked["RequestItems"].items()
        numbers = [int(key["userName"]["S"]) for key in request["Keys"]]
        return {"Responses": {table: [_item(n) for n in numbers if n % _FAULTS]}}

    def scan(self, **asked: Any) -> dict[str, Any]:
        self.reads += 1
        after = asked.get("ExclusiveStartKey")
        start = int(after["userName"]["S"]) + 1 if after else 0
        end = min(start + int(asked["Limit"]), self._people)
        answer: dict[str, Any] = {"Items": [_item(n) for n in range(start, end)]}
        if end < self._people:
            answer["LastEvaluatedKey"] = {"userName": {"S": _name(end - 1)}}
        return answer

    def update_item(self, **_: Any) -> dict[str, Any]:
        self.writes += 1
        return {}


@dataclass(frozen=True)
class _Result:
    """The result of one run. `memory_mb` is the growth of the process's peak memory, in MB."""

    people: int
    seconds: float
    memory_mb: float
    list_users: int
    reads: int
    writes: int

    def row(self) -> tuple[str, ...]:
        """Return the figures as cells of a table."""
        figures = (self.list_users, self.reads, self.writes)
        return (
            f"{self.people:,}",
            f"{self.seconds:.1f}",
            f"{self.memory_mb:.1f}",
            *(f"{figure:,}" for figure in figures),
            f"{self.list_users / CALLS_PER_SECOND:.0f}",
        )


def run(lab: Lab) -> list[Section]:
    """Reconcile a tenth of the people, then all people. If both runs need about the same memory, the memory does not
    depend on the number of people."""
    lab.tell(f"reconciling {PEOPLE:,} people")
    results = [_run(count) for count in (PEOPLE // 10, PEOPLE)]
    return [
        Section(
            "Reconciling pool and table",
            "`ops reconcile` with the pool and the table in memory. One record in a thousand is missing, and one "
            "in a thousand is wrong. The figures are our own time and the growth of the process's peak memory. The "
            f"last column is the minimum time on AWS, because the pool's quota is {CALLS_PER_SECOND} `ListUsers` a "
            "second.",
            ("people", "s", "MB more", "ListUsers", "reads", "writes", "s at quota"),
            [result.row() for result in results],
        )
    ]


def _run(people: int) -> _Result:
    pool, table = PoolReader(_Pool(people), "pool", Pace(sleep=lambda _: None)), _Table(people)
    before = _peak_mb()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        progress = ProgressFile(Path(folder) / "progress.sqlite")
        Reconciler(
            pool=pool,
            dynamodb=table,
            table="users",
            refuse_address=lambda *_: None,
            client_id="client",
            progress=progress,
            report=Reporter(io.StringIO()),
        ).run()
        progress.close(remove=True)
    seconds = time.perf_counter() - began
    memory = _peak_mb() - before
    return _Result(people, seconds, memory, pool.requests, table.reads, table.writes)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _name(number: int) -> str:
    return f"{number:036d}"


def _user(number: int) -> dict[str, Any]:
    attributes = {
        "sub": _name(number),
        "email": f"person{number}@example.org",
        "email_verified": "true",
        "given_name": "Ada",
        "family_name": "Lovelace",
    }
    return {
        "Username": _name(number),
        "Attributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
        "Enabled": True,
        "UserStatus": "CONFIRMED",
    }


def _item(number: int) -> dict[str, Any]:
    given_name = "Old" if number % _FAULTS == 1 else "Ada"
    texts = {
        "userName": _name(number),
        "ClientId": "client",
        "Email": f"person{number}@example.org",
        "given_name": given_name,
        "family_name": "Lovelace",
        "sub": _name(number),
        "provider": "COGNITO",
        "status": "CONFIRMED",
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
    }
    return {name: {"S": value} for name, value in texts.items()}
