"""Fixtures of the operators' tests."""

from pathlib import Path

import pytest

from ops import pool_addresses
from tests.unit.ops.desk import Desk
from tests.unit.ops.fakes import no_discovery


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to fetch a pool's discovery document, unless the test supplies one."""
    monkeypatch.setattr(pool_addresses, "_fetch", no_discovery)


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """Return a stage without people."""
    return Desk(tmp_path, monkeypatch, capsys)
