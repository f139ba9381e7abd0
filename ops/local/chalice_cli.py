"""For the local AWS only, this module runs Chalice's own command line with shorter waits.

Chalice waits 5 s for IAM and Lambda after making a function, and 10 s during an update of a function. In the local AWS,
changes take effect at once, so these waits are shortened to a tenth of a second. The app itself calls
ops/exact_package.py, which decides what the zip contains.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CACHE = "GATEHOUSE_DEPENDENCY_CACHE"
"""The environment variable with the folder in which ops/exact_package.py keeps verified wheels."""

PROGRAM = (sys.executable, __file__)
"""The command that starts this script."""

_LONGEST_SLEEP = 0.1
_SHOWN_LINES = 20


def run_chalice(
    arguments: Sequence[str],
    directory: Path,
    cache: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run Chalice through this script in `directory`. If Chalice fails, raises OpsError with the last lines of the
    output.
    """
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
    """Replace `time.sleep` with a function that waits a tenth of a second at most. Call this function before importing
    chalice, because chalice keeps a reference to `time.sleep`.
    """
    sleep = time.sleep

    def shorter(seconds: float) -> None:
        sleep(min(seconds, _LONGEST_SLEEP))

    vars(time)["sleep"] = shorter


def main() -> int:
    """Run `chalice` with this process's arguments."""
    # Python must not import modules from this script's own folder, so the first line below removes the folder from the
    # search path. In a checkout, the next lines append the checkout's root at the end of the search path, so Python
    # searches the app's folder first. If Gatehouse is an installed package, Python finds the package without the
    # checkout's root.
    del sys.path[0]
    above = Path(__file__).resolve().parents[2]
    if not (above / "__init__.py").exists():
        sys.path.append(str(above))
    shorten_sleeps()
    from chalice.cli import main as chalice

    return int(chalice() or 0)


if __name__ == "__main__":
    sys.exit(main())
