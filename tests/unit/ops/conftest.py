"""Fixtures of the operators' tests."""

from pathlib import Path

import pytest

from ops import pool_addresses
from tests.unit.ops.desk import Desk
from tests.unit.ops.fakes import no_discovery


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers for a pool's discovery document but what a test gives."""
    monkeypatch.setattr(pool_addresses, "_fetch", no_discovery)


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A stage with nobody in it."""
    return Desk(tmp_path, monkeypatch, capsys)
