"""This module makes a copy of the project. The local stage is deployed from this copy.

A deployment writes into `.chalice/`. A deployment from the copy leaves the checkout unchanged, because git ignores the
copy's folder. The copy contains no bytecode and no tests, so they are not in the Lambda zip either.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from .. import json_text
from ..errors import OpsError
from ..locked import NAME, files_of, wheels_of
from ..stages import LOCAL
from ..team_file import path_of

PLACES = ("COGNITO_URL", "JWKS_URL", "PUBLIC_URL")
"""Variables with addresses that only the local stage needs."""
CHOSEN = {
    "environment_variables": (*PLACES, "ALLOWED_ORIGINS"),
    "gatehouse": ("loopback_ports",),
}
"""The values that `up` writes into the local stage of the copy, by block. The project's own file lacks these values."""
_FOLDERS = ("chalicelib", "vendor")
_IGNORED = ("__pycache__", "*.pyc", ".*")


@contextmanager
def naming_the_project(copy: Path, project_dir: Path) -> Iterator[None]:
    """In the message of an OpsError, replace paths in the copy by paths in the project. Otherwise, a person might edit
    a file of the copy, and would lose the edits.
    """
    try:
        yield
    except OpsError as error:
        raise OpsError(str(error).replace(f"{copy}/", f"{project_dir}/")) from None


def stage_copy(project_dir: Path, copy: Path) -> None:
    """Make the copy equal to the checkout. Records of earlier deployments are removed; built packages are kept."""
    copy_code(project_dir, copy)
    settings = copy / ".chalice"
    shutil.rmtree(settings / "deployed", ignore_errors=True)
    shutil.copyfile(project_dir / ".chalice" / "config.json", settings / "config.json")
    _keep_newest(settings / "deployments")


def refresh_copy(project_dir: Path, copy: Path) -> None:
    """Update code and settings of a copy. The record of the deployment and the options of `up` are kept."""
    text = refreshed_settings(project_dir, copy)
    copy_code(project_dir, copy)
    settings = copy / ".chalice"
    (settings / "config.json").write_text(text, encoding="utf-8")
    _keep_newest(settings / "deployments")


def refreshed_settings(project_dir: Path, copy: Path) -> str:
    """Return the text of the project's config.json. The values that `up` wrote into the copy's config.json are kept."""
    stage = json.loads((copy / ".chalice" / "config.json").read_text(encoding="utf-8"))
    before = stage["stages"][LOCAL]
    text = (project_dir / ".chalice" / "config.json").read_text(encoding="utf-8")
    try:
        for block, names in CHOSEN.items():
            for name in names:
                if name in before.get(block, {}):
                    text = json_text.put(text, ("stages", LOCAL, block, name), before[block][name])
    except ValueError as error:
        raise OpsError(f"{project_dir / '.chalice' / 'config.json'} is not JSON: {error}") from None
    return text


def copy_code(project_dir: Path, copy: Path) -> None:
    """Copy the app, the lock of the app's dependencies, the team's policies and `gatehouse.yaml`, but no settings."""
    (copy / ".chalice").mkdir(parents=True, exist_ok=True)
    lock = project_dir / NAME
    theirs = sorted((project_dir / ".chalice").glob("policy*.json"))
    if path_of(project_dir).exists():
        theirs.append(path_of(project_dir))
    else:
        path_of(copy).unlink(missing_ok=True)
    for file in [project_dir / "app.py", *files_of(lock), *wheels_of(lock), *theirs]:
        target = copy / file.relative_to(project_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for name in _FOLDERS:
        _mirror(project_dir / name, copy / name)


def _mirror(source: Path, target: Path) -> None:
    """Make the files in `target` equal to the files in `source`. Write only the files that have changed, because most
    edits change one file. Follow links, so that vendor/frontend becomes a real folder.
    """
    wanted = {path.relative_to(source): path for path in _files(source, _IGNORED)}
    if any(path.relative_to(target) not in wanted for path in _files(target)):
        shutil.rmtree(target)
    for name, path in wanted.items():
        copied = target / name
        if not copied.is_file() or copied.read_bytes() != path.read_bytes():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copied)


def _files(folder: Path, ignored: tuple[str, ...] = ()) -> Iterator[Path]:
    """Return the files in a folder and its subfolders. `ignored` contains patterns of names, such as `*.pyc`."""
    for where, folders, files in os.walk(folder, followlinks=True):
        folders[:] = _kept(folders, ignored)
        yield from (Path(where, file) for file in _kept(files, ignored))


def _kept(names: Iterable[str], ignored: tuple[str, ...]) -> list[str]:
    return [name for name in names if not any(fnmatch(name, each) for each in ignored)]


def _keep_newest(packages: Path) -> None:
    found = sorted(packages.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for stale in found[:-1]:
        stale.unlink()
