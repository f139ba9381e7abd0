"""Runs the suites on every other Python of Lambda that is installed on this machine. Part of `make soak`.

`python -m tests.soak.pythons [VERSION …] [--processes N] [--only PATH …]` makes an environment for each version in
`.local/python-<version>`, from the same lock as `make`. In each environment, the command runs all suites except
`tests/frontend`. In `tests/frontend`, Python only controls the browser. The command prints each version that is not
installed. A missing version is a failure only if the caller requested this version.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ops.runtimes import RUNTIMES
from tests.lambda_runtime.environment import pythons

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("unit", "component", "faults", "soak", "local_aws", "ops_e2e", "e2e", "wheel")
_LOCK = ROOT / "requirements-dev.txt"


def main(arguments: Sequence[str]) -> int:
    """Run the suites, and print the versions that failed. Return 1 if a version failed."""
    asked = _parser().parse_args(arguments)
    at_hand = pythons()
    running = "{}.{}".format(*sys.version_info[:2])
    versions = asked.versions or [version for version in at_hand if version != running]
    for version in asked.versions or RUNTIMES:
        if version not in at_hand:
            print(f"Python {version}: not on this machine (on the PATH, or pyenv's).", flush=True)
    failed = [
        version
        for version in versions
        if version in at_hand
        and not _passes(version, at_hand[version], asked.only, asked.processes)
    ]
    if failed:
        print(f"Failed on Python {', '.join(failed)}.")
    return int(bool(failed) or not set(asked.versions) <= at_hand.keys())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.pythons", description=__doc__)
    parser.add_argument(
        "versions",
        nargs="*",
        metavar="VERSION",
        help="such as 3.13; default: every other installed one",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=3,
        help="number of processes that share the tests; default 3",
    )
    parser.add_argument(
        "--only", nargs="+", default=[f"tests/{suite}" for suite in SUITES], metavar="PATH"
    )
    return parser


def _passes(version: str, base: Path, paths: Sequence[str], processes: int) -> bool:
    began = time.monotonic()
    print(f"Python {version}: installing missing packages …", flush=True)
    python = _environment(version, base)
    print(f"Python {version}: {' '.join(paths)} …", flush=True)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(processes), *paths],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    said = "passed" if done.returncode == 0 else "FAILED"
    print(f"Python {version}: {said} in {time.monotonic() - began:.0f} s.", flush=True)
    return done.returncode == 0


def _environment(version: str, base: Path) -> Path:
    directory = ROOT / ".local" / f"python-{version}"
    python, stamp = directory / "bin" / "python", directory / "lock.sha256"
    wanted = hashlib.sha256(_LOCK.read_bytes() + str(base).encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([base, "-m", "venv", directory], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", str(_LOCK)], check=True)
    stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
