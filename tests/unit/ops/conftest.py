"""Fixtures of the operators' tests."""

from pathlib import Path

import pytest

from tests.unit.ops.desk import Desk


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A stage with nobody in it."""
    return Desk(tmp_path, monkeypatch, capsys)
