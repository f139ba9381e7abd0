"""Runs the subjects in turn, each in a fresh process, so that changes of the machine's speed affect all subjects
equally.

Each round starts with another subject (A B C, B C A, C A B …), because the cost of a process depends on the process
before it.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.processor_share import hold

ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = "from benchmarks.child import main; main()"
#: The number of rounds at the beginning that are not counted. The first round is not counted, because it writes
#: bytecode and fills the disk's cache.
_UNCOUNTED = 1
#: A third of a core. A Lambda function of 512 MB has about this share. Source: AWS Lambda developer guide, "Memory":
#: 1,769 MB are one vCPU.
THIRD = 1 / 3


class Subject(NamedTuple):
    """A measured app or function. `handler` names the Lambda handler as `module:attribute`; `plan` lists the events for
    this handler.

    `home` is the folder of the subject's code, by default this checkout. With `tls`, the subject connects over TLS, as
    on AWS. With `compiles`, the subject runs without bytecode and writes no bytecode.
    """

    name: str
    handler: str
    plan: Mapping[str, Any]
    tls: bool = False
    home: Path = ROOT
    compiles: bool = False


@dataclass
class Times:
    """The times of one subject. `cold` has one list for each process: the CPU seconds of each step. `wall` (elapsed
    seconds) and `peak` (kB of memory) are measured after the last cold step."""

    cold: list[list[float]] = field(default_factory=list)
    warm: list[list[float]] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    #: `seconds` are the elapsed seconds of one warm round. `crowds` are the CPU seconds per person when many people
    #: sign in at once.
    seconds: list[float] = field(default_factory=list)
    crowds: list[list[float]] = field(default_factory=list)

    def together(self) -> list[float]:
        """Return, for each process, the sum of the CPU seconds of all cold steps."""
        return [sum(steps) for steps in self.cold]


def plan(*steps: Mapping[str, Any], warm: int = 0, count_bundles: bool = False) -> dict[str, Any]:
    """Return the plan for a process: the process takes all steps once while cold, and then `warm` more times."""
    return {"steps": list(steps), "warm": warm, "count_bundles": count_bundles}


@dataclass(frozen=True)
class Lab:
    """The data that `measure` needs to run subjects: the peers' interpreter, the environments without and with TLS, and
    the number of runs.

    `app` is the folder of Gatehouse as on Lambda: the unpacked zip, or this checkout. `sources` has the same files
    without bytecode. `earlier` is the folder of an earlier commit, for comparison.
    """

    python: Path
    environment: Mapping[str, str]
    runs: int
    tell: Callable[[str], None]
    tls_environment: Mapping[str, str] = field(default_factory=dict)
    app: Path = ROOT
    sources: Path = ROOT
    earlier: Path = ROOT

    def measure(self, subjects: Sequence[Subject], share: float = 0) -> dict[str, Times]:
        """Run every subject `runs` times. The subjects alternate. If `share` is given, limit each process to this share
        of a core."""
        times = {subject.name: Times() for subject in subjects}
        for number in range(self.runs + _UNCOUNTED):
            first = number % len(subjects)
            for subject in (*subjects[first:], *subjects[:first]):
                result = self.run(subject, share)
                if number >= _UNCOUNTED:
                    found = times[subject.name]
                    found.cold.append(result["cold"])
                    found.warm.append(result["warm"])
                    found.wall.append(result["wall"])
                    found.peak.append(result["peak"])
                    found.seconds.append(result["seconds"])
                    found.crowds.append(result["crowds"])
            if number % 10 == 0:
                self.tell(f"round {number} of {self.runs}: {', '.join(times)}")
        return times

    def run(self, subject: Subject, share: float = 0) -> dict[str, Any]:
        """Run the subject in one process, and return the last line of its output, parsed as JSON. Raises
        RuntimeError."""
        module, _, attribute = subject.handler.partition(":")
        environment = {**(self.tls_environment if subject.tls else self.environment)}
        if subject.compiles:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        text = self._program(
            environment,
            subject.home,
            share,
            _PROGRAM,
            module,
            attribute,
            json.dumps(subject.plan),
        )
        found: dict[str, Any] = json.loads(text)
        return found

    def program(self, code: str, *arguments: str) -> str:
        """Run a line of Python in a fresh process. Return the last line of the output. Raises RuntimeError."""
        return self._program(self.environment, ROOT, 0, code, *arguments)

    def _program(
        self, environment: Mapping[str, str], home: Path, share: float, code: str, *arguments: str
    ) -> str:
        paths = [environment.get("PYTHONPATH"), str(home), str(ROOT)]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [str(self.python), "-c", code, *arguments],
                cwd=home,
                env={
                    **environment,
                    "PATH": os.environ["PATH"],
                    "PYTHONHASHSEED": "0",
                    "PYTHONSAFEPATH": "1",
                    "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                },
                stdout=out,
                stderr=errors,
            )
            if share:
                hold(process, share)
            code_of_exit = process.wait()
            out.seek(0)
            errors.seek(0)
            printed, told = out.read().decode(), errors.read().decode()
        if code_of_exit:
            raise RuntimeError(f"a measured program failed:\n{printed[-2000:]}\n{told[-2000:]}")
        return printed.splitlines()[-1]
