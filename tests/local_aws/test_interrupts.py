"""Tests of Ctrl-C while the stack is being stopped."""

import os
import signal
from collections.abc import Iterator

import pytest

from ops.local.interrupts import hear_once

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Restore the signal handlers after the test."""
    before = {number: signal.getsignal(number) for number in ENDS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", ENDS)
def test_only_the_first_is_heard(first: signal.Signals) -> None:
    """The process ignores a second Ctrl-C. Otherwise, the second Ctrl-C would stop the clean-up, and the stack's
    programs would go on running."""
    hear_once()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), first)
    for number in ENDS:
        os.kill(os.getpid(), number)


def test_what_was_ignored_stays_ignored() -> None:
    """If a script starts the command in the background, the process already ignores the signal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hear_once()
    os.kill(os.getpid(), signal.SIGINT)
