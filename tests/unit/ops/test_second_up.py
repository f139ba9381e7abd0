"""Tests of `up` when a stack is already running: the command keeps the stack, or stops with an error."""

from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.local.addresses import Addresses
from ops.local.stack import Choices, require_same_choices

ADDRESSES = Addresses(8000, 4566, 8100)
CHOICES = Choices(ADDRESSES, ("https://localhost:3000",), (9000,))


class Running:
    """The running programs of a complete stack."""

    def __init__(self, count: int = 3) -> None:
        self.count = count

    def running(self) -> list[str]:
        return ["program"] * self.count


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return the state folder of a running stack."""
    (tmp_path / "info.json").write_text("{}")
    (tmp_path / "choices.json").write_text(CHOICES.text())
    return tmp_path


def same(state: Path, choices: Choices, running: Any = None) -> bool:
    return require_same_choices(running or Running(), state, choices)


def test_the_same_choices_keep_the_stack(state: Path) -> None:
    """The stack's people, sessions and records stay."""
    assert same(state, CHOICES)


def test_a_stack_that_is_not_whole_is_begun_anew(state: Path) -> None:
    """A stack is incomplete after a crash, and during the start."""
    assert not same(state, CHOICES, Running(2))
    (state / "info.json").unlink()
    assert not same(state, CHOICES)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(ADDRESSES),
        Choices(Addresses(8001, 4566, 8100), CHOICES.origins, CHOICES.loopback_ports),
    ],
)
def test_other_choices_are_refused_before_anything_is_stopped(
    state: Path, choices: Choices
) -> None:
    """The error names the options that keep the stack. The error also names the option that starts a new stack without
    people."""
    with pytest.raises(OpsError) as caught:
        same(state, choices)
    said = str(caught.value)
    assert "--port 8000 --aws-port 4566 --okta-port 8100" in said
    assert "--allow-origin https://localhost:3000 --loopback-port 9000" in said
    assert "up --fresh" in said
