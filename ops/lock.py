"""Locks requirements*.in for all of Python 3.11 to 3.14: `lock`.

Hashes are kept; addresses of package indexes and local paths are removed, and a check makes sure of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import OpsError
from .program import PROGRAM

_ADDRESS = re.compile(r"https?://|file:|^--(index|extra-index|find-links)", re.MULTILINE)


def lock_all(project_dir: Path, sources: Sequence[str], *, upgrade: bool) -> Iterator[Path]:
    """Write the lock of each source, and yield it when it is written. Raises OpsError."""
    named = [project_dir / name for name in sources] or sorted(project_dir.glob("requirements*.in"))
    if not named:
        raise OpsError(
            f"There is no requirements.in in {project_dir}: create it with the packages that "
            "your app needs, one per line (for example those of requirements.txt), then run "
            "this again."
        )
    for source in named:
        yield lock(source, upgrade=upgrade)


def lock(source: Path, *, upgrade: bool) -> Path:
    """Write the lock beside `source` and return it. Raises OpsError, also if the lock contains an address."""
    target = source.with_suffix(".txt")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", *["--upgrade"] * upgrade),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-emit-find-links"),
            *("--custom-compile-command", f"{PROGRAM} lock"),
            *(source.name, "--output-file", target.name),
        ],
        cwd=source.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OpsError(f"{source} cannot be locked. uv says:\n{done.stderr.strip()}")
    found = _ADDRESS.search(target.read_text(encoding="utf-8"))
    if found:
        raise OpsError(f"{target} contains an address: {found.group()}")
    return target
