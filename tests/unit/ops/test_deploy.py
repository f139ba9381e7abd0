"""Tests that `ops deploy` runs Chalice unchanged and reports Chalice's failures."""

from pathlib import Path

import pytest

from ops.deploy import run_chalice
from ops.errors import OpsError
from tests.unit.ops.fakes import reporter


def test_chalices_lines_are_shown(tmp_path: Path) -> None:
    """The command runs the Chalice of the current Python interpreter, and prints Chalice's lines."""
    report, printed = reporter()
    run_chalice(tmp_path, ["--version"], "eu-west-1", report)
    assert "chalice 1.34" in printed.getvalue()


def test_failure_of_chalice_is_an_ops_error(tmp_path: Path) -> None:
    """The command prints Chalice's own messages before the error."""
    report, printed = reporter()
    with pytest.raises(OpsError, match="`chalice deploy --stage dev` failed with exit code"):
        run_chalice(tmp_path, ["deploy", "--stage", "dev"], "eu-west-1", report)
    assert "app.py" in printed.getvalue() or "config.json" in printed.getvalue()
