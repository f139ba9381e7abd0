"""Writes to a file how a Cognito responds in each case. The module can also run the same cases on the test double, to
show where AWS behaves differently.

`python -m tests.cognitos.transcript FILE` replays a file and prints one line for each difference. The exit code is 1 if
the double gives a different result. If only intermediate calls differ, the line begins with `note:`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.cognitos.case import Case, load_cases
from tests.cognitos.mask import Masks
from tests.cognitos.on_double import DoubleCognito
from tests.cognitos.run import as_json, observe
from tests.cognitos.world import AppClient, Port

VERSION = 1


class Recorder:
    """A port that passes on every call and records the response."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {"operation": operation, "arguments": arguments}
        self.calls.append(kept)
        try:
            answer = self._port.call(operation, arguments)
        except ClientError as error:
            kept["error"] = error.response["Error"]["Code"]
            kept["message"] = error.response["Error"].get("Message", "")
            raise
        kept["answer"] = {n: v for n, v in answer.items() if n != "ResponseMetadata"}
        return answer

    def post(
        self, path: str, form: Mapping[str, str], client: AppClient
    ) -> tuple[int, dict[str, Any]]:
        status, body = self._port.post(path, form, client)
        self.calls.append({"path": path, "form": dict(form), "status": status, "body": body})
        return status, body

    def visit(self, query: Mapping[str, str], person: Mapping[str, Any] | None) -> dict[str, str]:
        back = self._port.visit(query, person)
        self.calls.append({"visit": dict(query), "back": back})
        return back


@dataclass
class Transcript:
    """The recorded cases of one run. `about` describes where and with which versions the run took place. `stage`
    contains the observations of a stage's tests."""

    about: dict[str, Any]
    masks: Masks = field(default_factory=Masks)
    cases: dict[str, Any] = field(default_factory=dict)
    stage: dict[str, Any] = field(default_factory=dict)

    def run(self, case: Case, port: Port) -> Any:
        """Run a case and record the result. Return the case's observation."""
        recorder = Recorder(port)
        seen = observe(case, recorder)
        self.cases[case.name] = {"seen": seen, "calls": self.masks.take(recorder.calls)}
        return seen

    def left_out(self, case: Case, why: str) -> None:
        """Record that a case was not run."""
        self.cases[case.name] = {"left_out": why}

    def write(self, path: Path) -> None:
        document = {
            "version": VERSION,
            "about": self.about,
            "stage": self.stage,
            "cases": self.cases,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.masks.text(document), encoding="utf-8")


@dataclass(frozen=True)
class Finding:
    """A difference between the recording and the double, or a fault in the case itself. If `is_note` is true, the case
    has the same result, and only intermediate calls differ."""

    case: str
    says: str
    is_note: bool = False


def replay(
    recorded: Mapping[str, Any], make_port: Callable[[], Port] = DoubleCognito
) -> list[Finding]:
    """Run a transcript's cases on the double, and list the differences."""
    if recorded.get("version") != VERSION:
        return [Finding("", f"this is no transcript of version {VERSION}")]
    return [
        finding
        for name, entry in recorded["cases"].items()
        for finding in _differences(name, load_cases().get(name), entry, make_port())
    ]


def _differences(
    name: str, case: Case | None, entry: Mapping[str, Any], port: Port
) -> Iterable[Finding]:
    if "left_out" in entry:
        return
    if case is None:
        yield Finding(name, "there is no such case any more")
        return
    saw = f"recorded {_short(entry['seen'])}"
    if entry["seen"] != as_json(case.expected):
        yield Finding(name, f"{saw}, documented {_short(case.expected)} ({case.page})")
    if case.needs & port.lacks:
        return
    recorder = Recorder(port)
    seen = observe(case, recorder)
    if seen != entry["seen"]:
        yield Finding(name, f"{saw}, the double shows {_short(seen)}")
    for number, (there, here) in enumerate(zip(entry["calls"], recorder.calls, strict=False), 1):
        if _outcome(there) != _outcome(here):
            way = f"call {number}: recorded {_outcome(there)}, the double {_outcome(here)}"
            yield Finding(name, way, is_note=True)
            return
    if len(entry["calls"]) != len(recorder.calls):
        way = f"recorded {len(entry['calls'])} calls, the double took {len(recorder.calls)}"
        yield Finding(name, way, is_note=True)


def _outcome(call: Mapping[str, Any]) -> str:
    """Return the result of a call, without those values that are different in each run."""
    if "operation" in call:
        return f"{call['operation']}: {call.get('error', 'answered')}"
    if "path" in call:
        return f"{call['path']}: {call['status']} {call['body'].get('error', '')}".rstrip()
    return f"visit: {' '.join(sorted(call['back']))}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Replay the given files."""
    if not arguments:
        print(__doc__)
        return 2
    found = 0
    for name in arguments:
        recorded = json.loads(Path(name).read_text(encoding="utf-8"))
        for finding in replay(recorded):
            found += not finding.is_note
            print(f"{'note: ' if finding.is_note else ''}{finding.case}: {finding.says}")
        run = sum(1 for entry in recorded.get("cases", {}).values() if "seen" in entry)
        print(f"{name}: {run} cases, {found} differences in all")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
