"""Unpacks Gatehouse as Lambda does. The module also unpacks an earlier commit, so that the benchmarks over TLS can
compare both versions."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from benchmarks.processes import ROOT
from ops.bytecode import is_bytecode
from ops.package import package

EARLIER = "4be4ef5"


def unpack_ours(folder: Path) -> Path:
    """Build the zip, unpack it, and return the folder."""
    home = folder / "ours"
    shutil.unpack_archive(package(ROOT, folder), home, "zip")
    return home


def unpack_sources(home: Path, folder: Path) -> Path:
    """Return a copy of the unpacked zip. The copy contains no bytecode."""
    copy = folder / "sources"
    for path in home.rglob("*"):
        name = path.relative_to(home)
        if path.is_file() and not is_bytecode(path.name):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(path.read_bytes())
    return copy


def unpack_earlier(folder: Path) -> Path:
    """Unpack the app of the earlier commit, and return the folder. The earlier app uses the same dependencies as the
    other subjects. Raises RuntimeError if the commit is not in this clone."""
    asked = ["git", "archive", EARLIER, "app.py", "chalicelib", "frontend", "vendor"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"commit {EARLIER} of the comparison is not in this clone: run `git fetch --unshallow`"
        )
    home = folder / EARLIER
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
        packed.extractall(home, filter="data")
    return home
