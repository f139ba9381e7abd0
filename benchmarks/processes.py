"""Runs subjects in fresh processes, in turn, so that a machine whose speed drifts is fair to all.

Each round starts with another subject (A B C, B C A, C A B …): what a process costs depends on what ran just before it.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = "from benchmarks.child import main; main()"
#: Of 31 rounds the first is not counted: it writes bytecode and warms the disk's cache.
_UNCOUNTED = 1


@dataclass(frozen=True)
class Subject:
    """Something that is measured: `module:attribute` is a Lambda handler, `plan` what it is sent."""

    name: str
    handler: str
    plan: Mapping[str, Any]


@dataclass
class Times:
    """CPU seconds of one subject, a list of steps per process."""

    cold: list[list[float]] = field(default_factory=list)
    warm: list[list[float]] = field(default_factory=list)


def plan(*steps: Mapping[str, Any], warm: int = 0) -> dict[str, Any]:
    """Return what a process does: the steps once, cold, then `warm` times more."""
    return {"steps": list(steps), "warm": warm}


@dataclass(frozen=True)
class Lab:
    """Where subjects run: the peers' interpreter, the environment, and how often."""

    python: Path
    environment: Mapping[str, str]
    runs: int
    tell: Callable[[str], None]

    def measure(self, subjects: list[Subject]) -> dict[str, Times]:
        """Run every subject `runs` times in turn."""
        times = {subject.name: Times() for subject in subjects}
        for number in range(self.runs + _UNCOUNTED):
            first = number % len(subjects)
            for subject in (*subjects[first:], *subjects[:first]):
                result = self.run(subject)
                if number >= _UNCOUNTED:
                    times[subject.name].cold.append(result["cold"])
                    times[subject.name].warm.append(result["warm"])
            if number % 10 == 0:
                self.tell(f"round {number} of {self.runs}: {', '.join(times)}")
        return times

    def run(self, subject: Subject) -> dict[str, Any]:
        """Run one process and return what it printed last. Raises RuntimeError."""
        module, _, attribute = subject.handler.partition(":")
        arguments = [module, attribute, json.dumps(subject.plan)]
        found: dict[str, Any] = json.loads(self.program(_PROGRAM, *arguments))
        return found

    def program(self, code: str, *arguments: str) -> str:
        """Run a line of Python in a fresh process and return its last line. Raises RuntimeError."""
        done = subprocess.run(
            [str(self.python), "-c", code, *arguments],
            cwd=ROOT,
            env={**self.environment, "PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"a subject failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout.splitlines()[-1]
