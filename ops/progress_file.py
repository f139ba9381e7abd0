"""This module stores the progress of a long comparison in a file. So an interrupted comparison can be
resumed, and a comparison needs little memory.

The file stores hashes instead of names, because the file must not list people.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class ProgressFile:
    """A file with the names that a comparison has seen, and with the state of the comparison."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._db = sqlite3.connect(path)
        self._db.execute("CREATE TABLE IF NOT EXISTS seen (name BLOB PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, text TEXT)")

    def load(self) -> dict[str, Any]:
        """Return the last saved state. Before the first `save`, return an empty dict."""
        row = self._db.execute("SELECT text FROM state").fetchone()
        found: dict[str, Any] = json.loads(row[0]) if row else {}
        return found

    def save(self, state: dict[str, Any], seen: Iterable[str] = ()) -> None:
        """Save a state, and add names to the seen names."""
        with self._db:
            rows = ((_hash(name),) for name in seen)
            self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", rows)
            text = json.dumps(state)
            self._db.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (text,))

    def has(self, name: str) -> bool:
        """Tell whether `name` is one of the seen names."""
        found = self._db.execute("SELECT 1 FROM seen WHERE name = ?", (_hash(name),)).fetchone()
        return found is not None

    def clear(self) -> None:
        """Delete the stored state and names."""
        with self._db:
            self._db.execute("DELETE FROM seen")
            self._db.execute("DELETE FROM state")

    def close(self, *, remove: bool) -> None:
        """Close the file. If `remove` is true, delete the file."""
        self._db.close()
        if remove:
            self.path.unlink(missing_ok=True)


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:16]
