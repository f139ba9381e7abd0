"""Tests of the Makefile's list of locks to audit."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BUILT = {".venv", ".local", "node_modules", "dist"}


def test_every_lock_is_audited() -> None:
    """The Makefile names each lock, so that a copy without .git audits the same files."""
    text = (ROOT / "Makefile").read_text("utf-8")
    locked = re.findall(r"^LOCKED := (.*)$", text, re.MULTILINE)[0].split()
    audited = {name.replace(".in", ".txt") for name in locked}
    audited |= set(re.findall(r"\$\(LOCKED:\.in=\.txt\) (\S+);", text))
    found = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("requirements*.txt")
        if not _BUILT & set(path.relative_to(ROOT).parts)
    }
    assert audited == found
