"""Tests whether MiniStack still needs each fix: without the fix, one of the fix's tests in docs/local-aws.md must fail.

    python -m tests.mends                  print for each fix whether it is needed; exit code 1 if a fix is not needed
    python -m tests.mends NAME …           test only these fixes
    python -m tests.mends --write          if all fixes are needed, also write MiniStack's version into the fixes (SEEN_WITH)

Run the command after each new version of MiniStack (VERSION in ops/local/mends/emulator.py); a test of tests/local_aws
fails until you have done so. The command takes some minutes and is part of `make soak`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.local.mends import MENDS
from ops.local.mends.emulator import VERSION

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "local-aws.md"
FOLDER = ROOT / "ops" / "local" / "mends"
TESTS = ROOT / "tests" / "local_aws"
SEEN = re.compile(r'^SEEN_WITH = "(.*)"$', re.MULTILINE)

#: The files of the folder that are not fixes.
FRAME = ("__init__", "emulator")


def mends() -> list[str]:
    """Return the names of the fixes that are applied directly. The other modules of the folder are parts of these
    fixes."""
    return [mend.__name__.rpartition(".")[2] for mend in MENDS]


def seen_with() -> dict[str, str]:
    """Return, for each module, the last version of MiniStack that needed the module."""
    files = [path for path in sorted(FOLDER.glob("*.py")) if path.stem not in FRAME]
    return {
        path.stem: found[1] if (found := SEEN.search(path.read_text("utf-8"))) else ""
        for path in files
    }


def tests_of() -> dict[str, list[str]]:
    """Return the tests of each fix, including cases of tests/cognitos, as docs/local-aws.md lists them."""
    table = PAGE.read_text("utf-8").partition("## Patched")[2].partition("\n## ")[0]
    found: dict[str, list[str]] = {name: [] for name in mends()}
    for row in table.splitlines():
        cells = row.split(" | ")
        if len(cells) == 4:
            for name in re.findall(r"`(\w+)`", cells[2]):
                found.setdefault(name, []).extend(re.findall(r"`(\w+)`", cells[3]))
    return found


def is_needed(name: str, tests: Sequence[str]) -> bool:
    """Run the tests on a MiniStack without the fix. Return whether a test fails. With an empty name, the tests run with
    every fix."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(TESTS)]
    done = subprocess.run(
        [*command, "-k", " or ".join(tests)],
        cwd=ROOT,
        env={**os.environ, "WITHOUT_MEND": name},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or " error" in done.stdout.splitlines()[-1]:
        raise RuntimeError(f"The tests of {name} could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 1


def write_seen(version: str) -> None:
    """Write the version into every module."""
    for name in seen_with():
        path = FOLDER / f"{name}.py"
        path.write_text(SEEN.sub(f'SEEN_WITH = "{version}"', path.read_text("utf-8")), "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Check the fixes. Return the exit code."""
    wanted = [name for name in arguments if name != "--write"]
    tests: Mapping[str, list[str]] = tests_of()
    if is_needed("", [test for name in wanted or mends() for test in tests[name]]):
        print("The tests fail even with every fix of the local AWS: first repair the tests.")
        return 1
    spare = []
    for name in wanted or mends():
        needed = is_needed(name, tests[name])
        print(f"{name:<24} {'needed' if needed else 'no longer needed'}", flush=True)
        spare += [] if needed else [name]
    if spare:
        print(f"MiniStack {VERSION} no longer needs {', '.join(spare)}: remove these fixes.")
        return 1
    if "--write" in arguments:
        write_seen(VERSION)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
