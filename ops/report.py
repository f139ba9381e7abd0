"""This module shows progress on a terminal: one line per step, with the time since the start."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Reporter:
    """Prints the steps of a command, so that people know what they wait for.

    `step` begins a step, `note` adds a line to the step, and `done` ends the step and prints its duration. By default,
    the lines go to stderr, because commands such as `info --json` write their results to stdout.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._started = clock()
        self._step_started = self._started

    def step(self, text: str) -> None:
        """Print that a step begins."""
        self._step_started = self._clock()
        self._line(f"{text} …")

    def note(self, text: str) -> None:
        """Add a detail to the current step. If `text` has several lines, all lines are indented."""
        for line in text.splitlines():
            self._line(f"  {line}")

    def done(self, text: str = "done") -> None:
        """Print that the step has ended, with its duration."""
        self._line(f"  {text} ({self._clock() - self._step_started:.1f} s)")

    def _line(self, text: str) -> None:
        elapsed = self._clock() - self._started
        print(f"[{elapsed:6.1f} s] {text}", file=self._stream, flush=True)
