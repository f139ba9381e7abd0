"""This module finds edits of the deployed files and of the settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import OpsError
from ..locked import NAME, files_of

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_NOBODYS = (".pyc", ".pyo", ".swp", ".tmp", "~")


class WatchedFiles:
    """Finds files whose modification time or size has changed since the last call."""

    def __init__(self, project_dir: Path) -> None:
        self._project_dir = project_dir
        self._seen = self._look()
        self._pending: dict[Path, tuple[int, int]] | None = None

    @property
    def settling(self) -> bool:
        """True if the last call found changes that a second call must confirm."""
        return self._pending is not None

    def changed(self) -> list[Path]:
        """Return the new, changed and deleted files. The list is empty while a program is still writing files.

        An editor or `git switch` writes files in several steps. So this method returns changes only after a second look
        has found no further change.
        """
        now = self._look()
        if now == self._seen:
            self._pending = None
            return []
        if now != self._pending:
            self._pending = now
            return []
        before, self._seen, self._pending = self._seen, now, None
        every = before.keys() | now.keys()
        return sorted(path for path in every if before.get(path) != now.get(path))

    def _look(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self._every():
            try:
                stat = path.stat()
            except OSError:
                continue  # the file was deleted, or is a broken link
            found[path] = (stat.st_mtime_ns, stat.st_size)
        return found

    def _every(self) -> Iterator[Path]:
        project = self._project_dir
        yield project / "app.py"
        try:
            yield from files_of(project / NAME)
        except OpsError:
            # A program is still writing the file, or the file is invalid. The deployment reports an invalid file.
            yield project / NAME
        yield project / ".chalice" / "config.json"
        yield from (project / ".chalice").glob("policy*.json")
        yield from _TEMPLATES.glob("*")
        for name in ("chalicelib", "vendor"):
            # Follow links, as Chalice does: vendor/frontend is a link.
            for folder, folders, files in os.walk(project / name, followlinks=True):
                folders[:] = [each for each in folders if each[0] != "." and each != "__pycache__"]
                for file in files:
                    if file[0] != "." and not file.endswith(_NOBODYS):
                        yield Path(folder) / file
