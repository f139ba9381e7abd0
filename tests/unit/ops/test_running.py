"""Tests of commands for the running local stage: the authorities that the commands and the child processes trust, and
the errors without a network."""

import os
import subprocess
from pathlib import Path
from typing import Any

import certifi
import pytest

from ops.errors import OpsError
from ops.local import running
from ops.locked import Locked
from ops.runtimes import RUNTIMES
from ops.wheels import Target, fetch

NAME = "REQUESTS_CA_BUNDLE"
TEA = Locked("tea", "1.0", frozenset({"sha256:" + "0" * 64}))
TARGET = Target(RUNTIMES["3.12"], "x86_64")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder of a stack that runs over HTTPS."""
    authority = tmp_path / "authority.pem"
    authority.write_text("OURS\n")
    found = {"aws_endpoint_url": "http://127.0.0.1:1", "region": "us-east-1"}
    facts: dict[str, Any] = {**found, "ca_file": str(authority)}
    monkeypatch.setattr(running, "info", lambda *given: facts)
    monkeypatch.setattr(running, "load_stage", lambda *given: None)
    return tmp_path


@pytest.mark.parametrize("theirs", [None, "THEIRS\n"])
def test_pip_trusts_what_the_caller_trusts(
    state: Path, monkeypatch: pytest.MonkeyPatch, theirs: str | None
) -> None:
    """If pip trusted only the local authority, pip could reach no index, and `ops` could deploy no new package."""
    seen: list[dict[str, str]] = []

    def no_pip(words: list[str], **given: Any) -> Any:
        seen.append(given["env"])
        return subprocess.CompletedProcess(words, 1, "", "")

    monkeypatch.delenv(NAME, raising=False)
    if theirs is not None:
        (state / "theirs.pem").write_text(theirs)
        monkeypatch.setenv(NAME, str(state / "theirs.pem"))
    monkeypatch.setattr("ops.wheels.subprocess.run", no_pip)
    expected = os.environ.get(NAME)
    for _ in range(2):  # commands can be nested: `up --watch`, or a command that `run` starts
        with running.running_stage(state, state), running.running_stage(state, state):
            with pytest.raises(OpsError):
                fetch([TEA], TARGET, state / "cache")
            known = theirs or Path(certifi.where()).read_text()
            assert Path(os.environ[NAME]).read_text() == f"{known}\nOURS\n"
        assert seen[-1].get(NAME) == expected
        assert os.environ.get(NAME) == expected


def test_an_index_that_cannot_be_reached_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip's own message says that the version does not exist, so people would look for another version."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    for name in ("PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OpsError, match="pip cannot reach the package index"):
        fetch([TEA], TARGET, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
