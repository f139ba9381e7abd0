"""Switches off each defence of the catalogue in a run of its own, and checks that a test fails. Part of `make soak`.

`python -m tests.soak.defences [--list] [--only NAME …]`. Each entry runs in a separate process. The exit code is 1 in
three cases: no test fails for an entry, the app does not run, or the catalogue does not match the code.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.soak.catalogue import DEFENCES, NOT_SWITCHED
from tests.soak.defence import Defence, Stale, check

ROOT = Path(__file__).resolve().parents[2]
_SUITES = ("tests/unit", "tests/component")
_ORDINARY_DAY = "tests/soak/test_ordinary_day.py"
_TIMEOUT_SECONDS = 240
#: The process ids of the runs at this moment. Each run leads a process group.
_running: set[int] = set()
#: The time limit of the control run, which runs the files of all entries in one process.
_CONTROL_SECONDS = 1800


@dataclass(frozen=True)
class Outcome:
    """The result of the tests with one defence off. `problem` is empty if a test noticed the missing defence."""

    entry: Defence | None
    failed: tuple[str, ...]
    passed: int
    problem: str

    def line(self) -> str:
        """Return one line of the report."""
        if self.entry is None:
            counts = f"{self.passed} tests pass, {len(self.failed)} fail"
            return f"control: nothing off, {self.problem or counts}"
        first = re.sub(r"^tests/", "", self.failed[0]) if self.failed else ""
        told = self.problem or f"{len(self.failed):3} fail, first {first[:110]}"
        return f"{' '.join(self.entry.ids):11} {self.entry.name:42} {told}"


def run(entry: Defence | None, files: Sequence[str] = _SUITES) -> Outcome:
    """Run the tests of an entry without the entry's defence. For None (the control run), run all `files` with every
    defence on."""
    chosen = files if entry is None else _files(entry)
    seconds = _TIMEOUT_SECONDS if entry else _CONTROL_SECONDS
    problem, seen = _pytest(entry.name if entry else "", [*chosen, _ORDINARY_DAY], seconds)
    if problem:
        return Outcome(entry, (), 0, problem)
    failed = tuple(seen["failed"])
    return Outcome(entry, failed, seen["passed"], _judge(entry, seen, failed))


def _judge(entry: Defence | None, seen: dict[str, Any], failed: tuple[str, ...]) -> str:
    if seen["broken"]:
        return f"A MODULE DOES NOT IMPORT: {', '.join(seen['broken'])}"
    if entry is None:
        return f"THE SUITE FAILS BY ITSELF: {', '.join(failed[:5])}" if failed else ""
    if any(name.startswith(_ORDINARY_DAY) for name in failed):
        return "THE APP DOES NOT RUN without this defence: the entry breaks more than the defence"
    return "" if failed else "NOT NOTICED: no test fails without this defence"


def _files(entry: Defence) -> Sequence[str]:
    """Return the files to run: the files that the entry names, or all files with tests of the entry's ids."""
    if entry.tests:
        return entry.tests
    return sorted({name for identifier in entry.ids for name in _marked_files()[identifier]})


@cache
def _marked_files() -> dict[str, list[str]]:
    """Return a mapping from each security id to the files with the id's tests. Many ids come from data files, so pytest
    must collect the tests."""
    _, seen = _pytest("", [*_SUITES, "--collect-only"])
    return dict(seen["files"])


def _pytest(
    name: str, arguments: Sequence[str], seconds: float = _TIMEOUT_SECONDS
) -> "tuple[str, dict[str, Any]]":
    """Run pytest with a defence off, for at most `seconds`. Return the problem, and the plugin's report."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "GATEHOUSE_SWITCHED_OFF": name,
            "GATEHOUSE_SWITCHED_OFF_REPORT": str(report),
            # This folder is deleted at the end, together with the files of an aborted run.
            "TMPDIR": folder,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        plugins = ["-q", "-p", "tests.soak.switched_off", "-p", "no:cacheprovider"]
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            _running.add(process.pid)
            try:
                told, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                # Otherwise, programs that the tests started would go on and keep writing into the folder.
                os.killpg(process.pid, signal.SIGKILL)
                return "THE RUN DID NOT END", {}
            finally:
                _running.discard(process.pid)
        if not report.exists():
            return f"THE RUN BROKE: {' '.join(told.split())[-300:]}", {}
        return "", json.loads(report.read_text(encoding="utf-8"))


def run_all(entries: Sequence[Defence]) -> list[Outcome]:
    """Run the control run and every entry, several at a time. Print a line for each result."""
    outcomes = []
    files = sorted({name for entry in entries for name in _files(entry)})
    with ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1))) as pool:
        waiting = [pool.submit(run, None, files), *(pool.submit(run, entry) for entry in entries)]
        try:
            for number, future in enumerate(waiting):
                outcome = future.result()
                outcomes.append(outcome)
                print(f"[{number:3}/{len(entries)}] {outcome.line()}", flush=True)
        except KeyboardInterrupt:
            # The terminal's Ctrl-C does not reach the runs, because each run is a session of its own.
            pool.shutdown(wait=False, cancel_futures=True)
            for leader in list(_running):
                os.killpg(leader, signal.SIGKILL)
            raise
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.defences", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the catalogue and stop")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="run these entries only")
    given = parser.parse_args(arguments)
    entries = [entry for entry in DEFENCES if not given.only or entry.name in given.only]
    if given.only and len(entries) < len(set(given.only)):
        unknown = sorted(set(given.only) - {entry.name for entry in entries})
        print(f"The catalogue has no {', '.join(unknown)}", file=sys.stderr)
        return 1
    if given.list:
        for entry in entries:
            print(f"{' '.join(entry.ids):11} {entry.name:42} {entry.without}")
        return 0
    stale = list(_stale(entries))
    if stale:
        print("The catalogue no longer matches the code:", *stale, sep="\n  ", file=sys.stderr)
        return 1
    began = time.monotonic()
    outcomes = run_all(entries)
    problems = [outcome.line() for outcome in outcomes if outcome.problem]
    ids = {identifier for entry in entries for identifier in entry.ids}
    print(
        f"\n{len(entries)} defences of {len(ids)} requirements switched off one by one, "
        f"{sum(not outcome.problem for outcome in outcomes[1:])} noticed, in {time.monotonic() - began:.0f} s"
    )
    for identifier, why in NOT_SWITCHED.items():
        print(f"{identifier} cannot be switched off here: {why}")
    if problems:
        print("\nProblems:", *problems, sep="\n  ", file=sys.stderr)
    return 1 if problems else 0


def _stale(entries: Sequence[Defence]) -> Sequence[str]:
    found = []
    for entry in entries:
        try:
            check(entry)
        except Stale as error:
            found.append(str(error))
    return found


if __name__ == "__main__":
    sys.exit(main())
