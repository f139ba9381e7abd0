"""The copy of the project that the local stage is deployed from.

Deploying writes into `.chalice/`; from a copy in an ignored folder it never dirties the checkout,
and neither byte code nor tests can get into the zip.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_FILES = ("app.py", "requirements.txt")
_FOLDERS = ("chalicelib", "vendor")


def stage_copy(project_dir: Path, copy: Path) -> None:
    """Make the copy equal to the checkout; forgets what was deployed, keeps built packages."""
    copy.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(project_dir / name, copy / name)
    for name in _FOLDERS:
        shutil.rmtree(copy / name, ignore_errors=True)
        # Links are followed: vendor/frontend becomes a folder of its own.
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
        shutil.copytree(project_dir / name, copy / name, ignore=ignored)
    settings = copy / ".chalice"
    settings.mkdir(exist_ok=True)
    shutil.rmtree(settings / "deployed", ignore_errors=True)
    shutil.copyfile(project_dir / ".chalice" / "config.json", settings / "config.json")
    _keep_newest(settings / "deployments")


def _keep_newest(packages: Path) -> None:
    found = sorted(packages.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for stale in found[:-1]:
        stale.unlink()
