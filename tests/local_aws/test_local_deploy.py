"""Tests of local deployments: the copy of the checkout, the wrapper around Chalice, and the address of AWS."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.local import environment
from ops.local.chalice_cli import shorten_sleeps
from ops.local.deployer import local_aws_only
from ops.local.staged_copy import stage_copy

PROJECT = Path(__file__).resolve().parents[2]


def test_the_copy_is_the_checkout_without_byte_code(tmp_path: Path) -> None:
    """The copy has folders in place of links, and lacks the record of the deployment."""
    stage_copy(PROJECT, tmp_path)
    assert (tmp_path / "app.py").read_bytes() == (PROJECT / "app.py").read_bytes()
    assert (tmp_path / "vendor" / "frontend").is_dir()
    assert not (tmp_path / "vendor" / "frontend").is_symlink()
    assert not list(tmp_path.rglob("__pycache__"))
    (tmp_path / "chalicelib" / "stale.py").write_text("")
    deployed = tmp_path / ".chalice" / "deployed" / "local.json"
    deployed.parent.mkdir()
    deployed.write_text("{}")
    stage_copy(PROJECT, tmp_path)
    assert not deployed.exists()
    assert not (tmp_path / "chalicelib" / "stale.py").exists()


def test_only_changed_files_are_copied_again(tmp_path: Path) -> None:
    """After an edit of one file, the other files must not be copied again. A changed file may have the same size as
    before, and must still be copied."""
    stage_copy(PROJECT, tmp_path)
    kept, changed = (
        tmp_path / "chalicelib" / name for name in ("gatehouse/gate.py", "__init__.py")
    )
    os.utime(kept, (1, 1))
    text = changed.read_bytes()
    changed.write_bytes(b"#" * len(text))
    stage_copy(PROJECT, tmp_path)
    assert kept.stat().st_mtime == 1
    assert changed.read_bytes() == text


def test_the_copy_keeps_the_newest_package(tmp_path: Path) -> None:
    """Chalice names packages by content, so older packages would accumulate."""
    packages = tmp_path / ".chalice" / "deployments"
    packages.mkdir(parents=True)
    for age, name in enumerate(("old.zip", "new.zip")):
        (packages / name).write_bytes(b"")
        os.utime(packages / name, (age, age))
    stage_copy(PROJECT, tmp_path)
    assert [path.name for path in packages.iterdir()] == ["new.zip"]


def test_long_sleeps_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short sleeps stay unchanged."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    shorten_sleeps()
    time.sleep(10)
    time.sleep(0.01)
    assert slept == [0.1, 0.01]


def test_a_local_run_cannot_reach_another_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run removes the caller's AWS_* variables. Afterwards the run restores the variables."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://elsewhere.example")
    credentials = {"AWS_ACCESS_KEY_ID": "AKIALOCAL", "AWS_SECRET_ACCESS_KEY": "s"}
    with local_aws_only("http://127.0.0.1:1", "us-east-1", credentials, tmp_path / "none"):
        assert "AWS_PROFILE" not in os.environ
        assert "AWS_ENDPOINT_URL_S3" not in os.environ
        assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == str(tmp_path / "none")
    assert os.environ["AWS_PROFILE"] == "production"
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64")])
def test_other_platforms_are_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    """Lambda's packages are for Linux."""
    monkeypatch.setattr(environment.sys, "platform", system)
    monkeypatch.setattr(environment.platform, "machine", lambda: machine)
    with pytest.raises(OpsError, match="devcontainer"):
        environment.require_linux()
