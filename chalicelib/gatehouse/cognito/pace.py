"""Slows down background work, so that the rate of its calls to Cognito stays below Cognito's quotas.

The category UserUpdate (AdminDisableUser and others) allows 25 calls a second for the whole AWS account. AWS does not
raise the quota of UserUpdate. Source: Amazon Cognito developer guide, "Quotas in Amazon Cognito".
"""

from collections.abc import Callable
from typing import Any


class PacedClient:
    """Wraps boto3's client, or the tests' fake client, and makes at most `per_second` calls a second.

    `clock` returns seconds; `sleep` waits for a number of seconds.
    """

    def __init__(
        self,
        client: Any,
        per_second: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._gap = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def paced(**arguments: Any) -> Any:
            wait = self._next - self._clock()
            if wait > 0:
                self._sleep(wait)
            self._next = max(self._next, self._clock()) + self._gap
            return call(**arguments)

        return paced
