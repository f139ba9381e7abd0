"""This module finds the wheel from which this program was installed. For the command `init`, the module also builds the
line of a requirements file that locks the wheel.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chalicelib.gatehouse import __version__

from .errors import OpsError

DISTRIBUTION = "chalice-gatehouse"
FOLDER = "wheels"
"""The folder of a project for a wheel that is in no package index."""


@dataclass(frozen=True)
class OwnWheel:
    """The wheel of this program. `line` is the line that locks the wheel in a requirements file. `name` is for
    messages.
    """

    line: str
    name: str


def lock_own_wheel(project_dir: Path) -> OwnWheel | None:
    """Return the wheel of this program, with a line that locks the wheel.

    If pip installed the wheel from an index, the line locks the version. Otherwise, the line locks the file, which this
    function copies into the project. Returns None in Gatehouse's own repository. Raises OpsError.
    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return None
    direct = installed.read_text("direct_url.json")
    if direct is not None:
        return _of_file(_path_of(direct), project_dir)
    return _of_index(_contents(installed.read_text("RECORD") or ""))


def _path_of(direct: str) -> Path:
    try:
        wheel = Path(unquote(urlsplit(json.loads(direct)["url"]).path)).resolve()
    except (ValueError, KeyError, TypeError):
        wheel = Path()
    if wheel.suffix != ".whl" or not wheel.is_file():
        raise OpsError(
            f"{DISTRIBUTION} {__version__} was not installed from a wheel, or that wheel no "
            f"longer exists. So {DISTRIBUTION} cannot be locked. Put its wheel into {FOLDER}/ and "
            "install the wheel: pip "
            f"install '{FOLDER}/…whl[cli]'"
        )
    return wheel


def _of_file(wheel: Path, project_dir: Path) -> OwnWheel:
    if not wheel.is_relative_to(project_dir):
        kept = project_dir / FOLDER / wheel.name
        kept.parent.mkdir(exist_ok=True)
        if not kept.exists() or kept.read_bytes() != wheel.read_bytes():
            shutil.copyfile(wheel, kept)
        wheel = kept
    place = wheel.relative_to(project_dir).as_posix()
    return OwnWheel(f"./{place} --hash={_hash(wheel)}\n", wheel.name)


def _of_index(installed: dict[str, str]) -> OwnWheel:
    """Download the wheel of this version from the index, because the installed files do not include the wheel's hash.

    pip may now use another index than at the installation. In another index, a stranger can offer a package with the
    same name and version. So the downloaded wheel must contain exactly the installed files.
    """
    pinned = f"{DISTRIBUTION}=={__version__}"
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"),
                *("download", "--quiet", "--no-deps", "--only-binary=:all:"),
                *("--dest", scratch, pinned),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = list(Path(scratch).glob("*.whl"))
        if done.returncode != 0 or len(found) != 1:
            raise OpsError(
                f"{pinned} was installed from an index, but pip cannot download the wheel from an "
                f"index now. So {DISTRIBUTION} cannot be locked. Set pip's index-url or "
                f"PIP_INDEX_URL. pip says:\n{done.stderr.strip()}"
            )
        if _contents(_record_of(found[0])) != installed:
            raise OpsError(
                f"{pinned} was installed from an index, but pip now downloads another wheel with "
                f"that name and version. So {DISTRIBUTION} was not locked. Set pip's index-url or "
                "PIP_INDEX_URL to the index of the installation."
            )
        return OwnWheel(f"{pinned} --hash={_hash(found[0])}\n", pinned)


def _record_of(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (each for each in packed.namelist() if each.endswith(".dist-info/RECORD"))
        return packed.read(name).decode()


def _contents(record: str) -> dict[str, str]:
    """Return the hash of each file of a package, by the file's path. Files that pip writes or compiles are left out.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
    """
    rows = [row for row in csv.reader(record.splitlines()) if len(row) == 3]
    return {
        path: digest
        for path, digest, _ in rows
        if digest and not path.startswith("..") and ".dist-info/" not in path
    }


def _hash(wheel: Path) -> str:
    return f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
