"""Time limits: one limit for each outbound call, and one budget for all calls of an invocation together.

API Gateway stops waiting after 29 s, and our function is stopped after 25 s (`lambda_timeout`). A Cognito trigger has 5 s,
including its cold start. Socket timeouts are not enough: they limit connecting and the gap between two bytes, but not DNS
look-ups or a peer that sends single bytes slowly. So each call runs in a separate thread, and the caller stops waiting in
time, whatever the peer does. Sources: Python's `socket.settimeout` ("each" operation); Amazon API Gateway quotas,
"Integration timeout"; Amazon Cognito developer guide, "Customizing user pool workflows with Lambda triggers".
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from .workers import Worker

Result = TypeVar("Result")

#: The maximum number of calls to one peer that have timed out but still occupy a thread. At this number, the container
#: makes no more calls to that peer until one of them ends. So a peer that never answers can neither use up the
#: container's threads nor block calls to other peers.
MAX_ABANDONED = 16


class Limits(NamedTuple):
    """Seconds. A call's limit covers all of it: DNS look-up, connection, answer, and a second try if there is one."""

    #: All calls of one request together. The rest of the function's 25 s is for our own work and for the imports of a
    #: cold start.
    request: float = 20.0
    #: All calls of one trigger together. Cognito waits 5 s; the rest is for the start of a cold function.
    trigger: float = 3.5
    #: Opening an HTTP connection.
    connect: float = 2.0
    #: A call to Cognito's token or revoke endpoint, or to the CAPTCHA vendor's siteverify. The token endpoint waits
    #: for our own trigger, which may be cold.
    post: float = 8.0
    #: Fetching the signing keys, both tries together.
    get: float = 5.0
    get_try: float = 2.0
    #: A call to DynamoDB or Secrets Manager, both tries together. Both services normally answer within milliseconds.
    aws: float = 5.0
    aws_connect: float = 1.0
    aws_read: float = 2.0
    #: One try of a call to Cognito's user-pool API. Cognito waits for our triggers, which may be cold.
    cognito: float = 10.0
    #: The calls for the configuration in the page's HTML. If they take longer, the page requests its configuration
    #: itself.
    page: float = 2.0
    #: A call of a team's own client, all its tries together.
    own: float = 10.0


class Budget:
    """The time budget of one invocation. `clock` returns seconds, and never goes backwards."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._ends_at = float("inf")
        self._abandoned: list[Worker] = []
        #: Protects the list, because parallel calls (`together`) read and change it.
        self._lock = threading.Lock()

    def begin_request(self) -> None:
        """Start a new budget for a request."""
        self._ends_at = self._clock() + self.limits.request

    def begin_trigger(self) -> None:
        """Start a new budget for a Cognito trigger."""
        self._ends_at = self._clock() + self.limits.trigger

    def begin_job(self, seconds: float) -> None:
        """Start a new budget for a function that may still run for `seconds`."""
        self._ends_at = self._clock() + seconds

    @contextmanager
    def within(self, seconds: float) -> "Iterator[None]":
        """Give the calls inside the block no more than `seconds` together."""
        before = self._ends_at
        self._ends_at = min(before, self._clock() + seconds)
        try:
            yield
        finally:
            self._ends_at = before

    def left(self) -> float:
        """Return the seconds that calls of this invocation may still take; infinite outside an invocation."""
        return self._ends_at - self._clock()

    def run(self, what: str, limit: float, call: "Callable[[float], Result]") -> Result:
        """Return the result of `call`, which gets the number of seconds it may take. Raises the call's errors.

        `what` names service and operation: `dynamodb get_item`. Raises TemporarilyUnavailable with `what` in its detail
        after `limit` seconds, when the invocation's budget is used up, or while too many calls to that peer hang. After the
        timeout, the call may still succeed, so only calls that are safe to repeat may be repeated.
        """
        from . import workers  # routes without outbound calls do not need this module

        allowed = min(limit, self.left())
        if allowed <= 0:
            raise TemporarilyUnavailable(f"{what}: no time is left for this request")
        peer = what.partition(" ")[0]
        with self._lock:
            self._abandoned = [worker for worker in self._abandoned if worker.is_alive()]
            hanging = sum(worker.name == peer for worker in self._abandoned)
        if hanging >= MAX_ABANDONED:
            raise TemporarilyUnavailable(f"{what}: too many earlier calls still wait for an answer")
        answer = workers.Answer(call, allowed)
        worker = workers.take_idle()
        worker.name = peer
        worker.begin(answer)
        if not answer.arrives_within(allowed):
            worker.end()
            with self._lock:
                self._abandoned.append(worker)
            raise TemporarilyUnavailable(f"{what}: no answer in {allowed:.1f} s")
        workers.give_back(worker)
        return answer.take()


def pause_before_retry() -> None:
    """Wait a random moment, so that containers that failed together do not all retry at once."""
    import secrets

    time.sleep((50 + secrets.randbelow(200)) / 1000)
