"""Fixtures of the operators' tests."""

from pathlib import Path

import pytest

from ops import pool_addresses
from tests.unit.ops.desk import Desk
from tests.unit.ops.fakes import no_discovery


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each request for a pool's discovery document fail, except in a test that supplies a document."""
    monkeypatch.setattr(pool_addresses, "_fetch", no_discovery)


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """Return a stage without people."""
    return Desk(tmp_path, monkeypatch, capsys)
