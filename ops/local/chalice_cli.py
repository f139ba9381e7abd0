"""Runs Chalice's own command line with shorter waits, for the local AWS only.

After Chalice has made a function, it waits 5 s until changes have taken effect in IAM and Lambda; while a function is being
updated, it waits 10 s. In the local AWS, changes take effect at once, so these waits are shortened to a tenth of a second.
ops/exact_package.py, which the app itself calls, decides what Chalice packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CACHE = "GATEHOUSE_DEPENDENCY_CACHE"
"""Environment variable: where ops/exact_package.py keeps verified wheels."""

PROGRAM = (sys.executable, __file__)
"""How this script is started."""

_LONGEST_SLEEP = 0.1
_SHOWN_LINES = 20


def run_chalice(
    arguments: Sequence[str],
    directory: Path,
    cache: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run Chalice through this script in `directory`; raise an OpsError with its last lines if it fails."""
    from ..errors import OpsError

    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env={
            **os.environ,
            **(environment or {}),
            CACHE: str(cache),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-_SHOWN_LINES:])
        raise OpsError(f"`chalice {' '.join(arguments)}` failed:\n{tail}")


def shorten_sleeps() -> None:
    """Shorten sleeps; call this before importing chalice, which keeps a reference to the function."""
    sleep = time.sleep

    def shorter(seconds: float) -> None:
        sleep(min(seconds, _LONGEST_SLEEP))

    vars(time)["sleep"] = shorter


def main() -> int:
    """Run `chalice` with this process's arguments."""
    # Without this line, Python would also import modules from this script's own folder. In a checkout, the
    # repository's root is then searched after the app's folder; an installed package is found in any case.
    del sys.path[0]
    above = Path(__file__).resolve().parents[2]
    if not (above / "__init__.py").exists():
        sys.path.append(str(above))
    shorten_sleeps()
    from chalice.cli import main as chalice

    return int(chalice() or 0)


if __name__ == "__main__":
    sys.exit(main())
