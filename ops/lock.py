"""This module implements the command `lock`, which locks requirements*.in for Python 3.11 to 3.14.

The locks contain hashes, but no addresses of package indexes and no local paths. The command checks the finished locks
for addresses and paths.
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
    """Write the lock of each source. Yield the path of each lock as soon as this lock is written. Raises OpsError."""
    named = [project_dir / name for name in sources] or sorted(project_dir.glob("requirements*.in"))
    if not named:
        raise OpsError(
            f"There is no requirements.in in {project_dir}: create this file with the packages "
            "that your app needs, one per line (for example the packages of requirements.txt), "
            "then "
            "run this command again."
        )
    for source in named:
        yield lock(source, upgrade=upgrade)


def add(project_dir: Path, requirement: str) -> Iterator[Path]:
    """Write a requirement into requirements.in. Then lock requirements.in, and each requirements*.in that includes
    requirements.in.

    So if the tests have a requirements file that includes requirements.in, the lock for the tests gets the package too.
    Packages that are already locked keep their versions. Raises OpsError.
    """
    source = project_dir / "requirements.in"
    if not source.exists():
        raise OpsError(
            f"There is no {source}: create this file with the packages that your app needs, one "
            "per line."
        )
    before = source.read_text(encoding="utf-8")
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    if re.search(rf"^{re.escape(name)}(?![A-Za-z0-9._-])", before, re.MULTILINE | re.IGNORECASE):
        raise OpsError(
            f"{source} already contains {name}: change its line there, then run `{PROGRAM} lock`."
        )
    source.write_text(f"{before.rstrip()}\n{requirement}\n", encoding="utf-8")
    concerned = [
        each
        for each in sorted(project_dir.glob("requirements*.in"))
        if each == source or f"-r {source.name}" in each.read_text(encoding="utf-8").splitlines()
    ]
    kept = {each.with_suffix(".txt"): _contents(each.with_suffix(".txt")) for each in concerned}
    try:
        locked = [lock(each, upgrade=False) for each in concerned]
    except OpsError:
        source.write_text(before, encoding="utf-8")
        for target, contents in kept.items():
            if contents is not None:
                target.write_bytes(contents)
        raise
    yield from locked


def _contents(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def lock(source: Path, *, upgrade: bool) -> Path:
    """Write the lock beside `source` and return the lock's path.

    Raises OpsError if `source` cannot be locked, or if the lock contains an address.
    """
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
        raise OpsError(
            f"{target} contains an address: {found.group()}. Remove the address from "
            "the .in file, and lock again."
        )
    return target
