"""Ctrl-C, and what else ends a command: heard once, so that a second one does not cut short the clearing up."""

from __future__ import annotations

import signal
from typing import Any

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hear_once() -> None:
    """Raise KeyboardInterrupt at the first of them and ignore all that follow.

    `make` hands its own SIGTERM on, so that one `kill` of the group comes twice. What was ignored from outside stays so.
    """
    for number in _ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: Any) -> None:
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
