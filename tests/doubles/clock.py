"""A clock that only a test advances."""

from dataclasses import dataclass

#: 2026-01-02T03:04:05.678Z. The milliseconds are nonzero, so that a test detects code that loses the fraction.
START = 1_767_323_045.678


@dataclass
class Clock:
    """A clock that returns Unix seconds when called."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.now += seconds
