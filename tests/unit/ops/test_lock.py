"""Tests that `ops lock --add` adds one requirement and changes no other line of the lock."""

from pathlib import Path

import pytest

from ops import lock as locking
from ops.errors import OpsError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a fake uv, which copies the input into the lock. The real uv needs a package index."""
    (tmp_path / "requirements.in").write_text("segno  # QR codes\n")
    (tmp_path / "requirements-dev.in").write_text("-r requirements.in\npytest\n")
    (tmp_path / "requirements-docs.in").write_text("sphinx\n")

    def lock(source: Path, *, upgrade: bool) -> Path:
        assert not upgrade
        text = source.read_text()
        if "nothing-of-that-name" in text:
            raise OpsError("uv says: no")
        source.with_suffix(".txt").write_text(text)
        return source.with_suffix(".txt")

    monkeypatch.setattr(locking, "lock", lock)
    return tmp_path


def test_one_requirement_more_is_locked_where_it_counts(folder: Path) -> None:
    """The command adds the requirement to Lambda's lock and to the tests' lock, which includes Lambda's lock. The
    command changes no other lock."""
    made = list(locking.add(folder, "humanize>=4"))
    assert [path.name for path in made] == ["requirements-dev.txt", "requirements.txt"]
    assert (folder / "requirements.in").read_text() == "segno  # QR codes\nhumanize>=4\n"
    assert not (folder / "requirements-docs.txt").exists()


def test_what_cannot_be_locked_leaves_everything_as_it_was(folder: Path) -> None:
    before = (folder / "requirements.in").read_text()
    with pytest.raises(OpsError, match="uv says"):
        list(locking.add(folder, "nothing-of-that-name"))
    assert (folder / "requirements.in").read_text() == before


@pytest.mark.parametrize("requirement", ["segno", "Segno>=1"])
def test_what_is_there_is_not_added_twice(folder: Path, requirement: str) -> None:
    with pytest.raises(OpsError, match="already"):
        list(locking.add(folder, requirement))
