"""Chalice's own command line, unmodified but for two waits, for the local AWS only.

- Chalice sleeps 5 s after making a function and 10 s while one updates, for IAM and Lambda to
  settle. The local AWS settles at once, so sleeps are cut to a tenth of a second.
- It downloads the dependencies anew when a line of the app changes. They are kept by the hash of
  requirements.txt in the directory that GATEHOUSE_DEPENDENCY_CACHE names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

CACHE = "GATEHOUSE_DEPENDENCY_CACHE"
_LONGEST_SLEEP = 0.1
_SHOWN_LINES = 20


def run_chalice(
    arguments: Sequence[str],
    directory: Path,
    cache: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run Chalice through this script in `directory`; an OpsError with its last lines if it fails."""
    from ops.errors import OpsError

    done = subprocess.run(
        [sys.executable, __file__, *arguments],
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
    """Cut sleeps; to be called before chalice is imported, which keeps a reference."""
    sleep = time.sleep

    def shorter(seconds: float) -> None:
        sleep(min(seconds, _LONGEST_SLEEP))

    vars(time)["sleep"] = shorter


def cached(build: Callable[..., None], cache: Path) -> Callable[..., None]:
    """Wrap DependencyBuilder.build_site_packages so that equal requirements are built once."""

    def build_site_packages(
        self: Any, abi: str, requirements_filepath: str, target_directory: str
    ) -> None:
        requirements = Path(requirements_filepath).read_bytes()
        kept = cache / f"{abi}-{hashlib.sha256(requirements).hexdigest()[:16]}"
        if not kept.is_dir():
            build(self, abi, requirements_filepath, target_directory)
            partial = kept.with_suffix(f".{os.getpid()}")
            shutil.copytree(target_directory, partial)
            partial.rename(kept)
            return
        shutil.copytree(kept, target_directory, dirs_exist_ok=True)

    return build_site_packages


def main() -> int:
    """Run `chalice` with this process's arguments."""
    # This script's own folder is no place to import from.
    del sys.path[0]
    shorten_sleeps()
    from chalice.cli import main as chalice
    from chalice.deploy.packager import DependencyBuilder

    cache = os.environ.get(CACHE)
    if cache:
        build = cached(DependencyBuilder.build_site_packages, Path(cache))
        type.__setattr__(DependencyBuilder, "build_site_packages", build)
    return int(chalice() or 0)


if __name__ == "__main__":
    sys.exit(main())
