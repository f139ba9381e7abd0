"""Builds the wheel `chalice-gatehouse`: the package for a team's app, and the command line.

    python -m hatchling build -t wheel

| here | in the wheel |
|---|---|
| chalicelib/gatehouse/ | chalice_gatehouse/ |
| frontend/ | chalice_gatehouse/frontend/ |
| ops/ | chalice_gatehouse/ops/ |
| requirements.txt | chalice_gatehouse/ops/requirements.txt: the lock of the packages in Lambda |

In Python files the name `chalicelib.gatehouse` becomes `chalice_gatehouse`; other text stays the same.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "chalice_gatehouse"
FOLDERS = {
    "chalicelib/gatehouse": PACKAGE,
    "frontend": f"{PACKAGE}/frontend",
    "ops": f"{PACKAGE}/ops",
}
LOCK = "requirements.txt"
_NAME = re.compile(rb"\bchalicelib\.gatehouse\b")


def contents(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield each file of the wheel: its source, its destination, and its contents."""
    for folder, target in FOLDERS.items():
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
                inner = path.relative_to(root / folder).as_posix()
                held = path.read_bytes()
                if path.suffix == ".py":
                    held = _NAME.sub(PACKAGE.encode(), held)
                yield f"{folder}/{inner}", f"{target}/{inner}", held
    yield LOCK, f"{PACKAGE}/ops/{LOCK}", (root / LOCK).read_bytes()


class WheelHook(BuildHookInterface[Any]):
    """Copies the wheel's files into a separate folder, and packs that folder."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the wheel's files. hatchling calls this method before it packs."""
        self._folder = tempfile.TemporaryDirectory()
        for _, target, held in contents(Path(self.root)):
            path = Path(self._folder.name) / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held)
        build_data["force_include"][self._folder.name] = "/"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the copied files. hatchling calls this method after it has packed."""
        self._folder.cleanup()
