"""What a sign-in has just written, for the page's first question about it.

A page that comes back from a sign-in asks for the person's record next, and mostly meets the container that wrote it. That
container answers from what DynamoDB returned with the write: once, and for seconds only, because it has no news of what
others write meanwhile.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

SECONDS = 10
#: Of people who never ask, so that a crowd of sign-ins does not fill a container.
MAX_KEPT = 64

Record = TypeVar("Record")


class Arrivals(Generic[Record]):
    """Records by key. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, Record]] = {}

    def keep(self, key: str, record: Record) -> None:
        """Keep a record, in the place of the oldest where there are too many."""
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + SECONDS, record)
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def take(self, key: str) -> Record | None:
        """Return a record and forget it."""
        found = self._kept.pop(key, None)
        return found[1] if found is not None and self._clock() < found[0] else None

    def forget(self, key: str) -> None:
        """Forget a record that somebody is about to change."""
        self._kept.pop(key, None)
