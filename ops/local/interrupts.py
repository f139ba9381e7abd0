"""This module handles Ctrl-C and similar signals once, so that a second signal does not interrupt the clean-up."""

from __future__ import annotations

import signal
from typing import Any

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hear_once() -> None:
    """Raise KeyboardInterrupt at the first signal, and ignore later signals.

    `make` forwards a SIGTERM to this process. So if a SIGTERM goes to the whole process group, this process gets it
    twice. If this process already ignores a signal, the signal stays ignored.
    """
    for number in _ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: Any) -> None:
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
