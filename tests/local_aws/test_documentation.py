"""docs/local-aws.md names what is there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
PAGE = (PROJECT / "docs" / "local-aws.md").read_text(encoding="utf-8")
NOT_MENDS = {"__init__", "emulator"}


def test_every_mend_is_listed() -> None:
    """By its module's name."""
    modules = {path.stem for path in (PROJECT / "ops" / "local" / "mends").glob("*.py")}
    assert [name for name in sorted(modules - NOT_MENDS) if f"`{name}`" not in PAGE] == []


def test_every_named_test_exists() -> None:
    """So the page cannot promise what nothing checks."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_every_mend_cites_aws() -> None:
    """Each module's docstring has a page of AWS's documentation."""
    for path in (PROJECT / "ops" / "local" / "mends").glob("*.py"):
        if path.stem not in NOT_MENDS:
            assert "https://docs.aws.amazon.com/" in path.read_text(encoding="utf-8"), path.stem


def test_what_is_unproved_has_its_evidence() -> None:
    """Each row says confirmed, refuted or unknown, and links to what says so, or says that nothing does."""
    unproved = PAGE[PAGE.index("## Unproved") :]
    rows = [
        line.strip("| ").split(" | ") for line in unproved.splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if row[0] != "the code presumes"]
    assert len(rows) > 30
    for presumed, verdict, evidence, *_ in rows:
        assert verdict in ("confirmed", "refuted", "unknown"), presumed
        silent = verdict == "unknown" and re.search("not documented|not played|no page", evidence)
        assert "](http" in presumed + evidence or silent, presumed
