"""Limits the time of each outbound call, and of all calls of an invocation together.

API Gateway stops waiting after 29 s. Lambda stops our function after 25 s (`lambda_timeout`). A Cognito trigger has 5
s, including the cold start. A socket timeout limits the time to connect and the time between two bytes, and nothing
else. The socket timeout limits neither a DNS look-up nor a server that sends single bytes slowly. So each call runs in
a separate thread, and the caller stops waiting when the call's time limit ends. Sources: Python's `socket.settimeout`
("each" operation); Amazon API Gateway quotas, "Integration timeout"; Amazon Cognito developer guide, "Customizing user
pool workflows with Lambda triggers".
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from .errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from .workers import Worker

Result = TypeVar("Result")

#: The maximum number of calls to one service that have timed out but still occupy a thread. When a service reaches the
#: maximum, the container makes no more calls to the service until one of the old calls ends. Thus a service that never
#: answers can neither use up the container's threads nor block calls to other services.
MAX_ABANDONED = 16


class Limits:
    """Time limits in seconds. A call's limit covers the whole call: DNS look-up, connection, answer, and a possible
    second try. `Limits(post=1.0)` changes one limit and keeps the other defaults below.

    `Limits` is not a named tuple, because Python would generate and compile the code of a named tuple at every cold
    start.
    """

    #: The limit for all calls of one request together. The rest of the function's 25 s is for our own work and for the
    #: imports of a cold start.
    request: float = 20.0
    #: The limit for all calls of one trigger together. The rest of Cognito's 5 s is for the start of a cold function.
    trigger: float = 3.5
    #: The limit for opening an HTTP connection.
    connect: float = 2.0
    #: The limit for a call to Cognito's token or revoke endpoint, or to the CAPTCHA vendor's siteverify. The token
    #: endpoint waits for our own trigger, which may be cold.
    post: float = 8.0
    #: The limit for fetching the signing keys, both tries together.
    get: float = 5.0
    get_try: float = 2.0
    #: The limit for a call to DynamoDB or Secrets Manager, both tries together. DynamoDB and Secrets Manager normally
    #: answer within milliseconds.
    aws: float = 5.0
    aws_connect: float = 1.0
    aws_read: float = 2.0
    #: The limit for one try of a call to Cognito's user-pool API. Cognito waits for our triggers, which may be cold.
    cognito: float = 10.0
    #: The limit for the calls that load the configuration for the page's HTML. If these calls take longer, the page
    #: itself requests the configuration.
    page: float = 2.0
    #: The limit for a call of a team's own client, all tries together.
    own: float = 10.0

    def __init__(self, **seconds: float) -> None:
        for name, value in seconds.items():
            if name not in Limits.__annotations__:
                raise TypeError(f"there is no limit {name}")
            setattr(self, name, value)


class Budget:
    """The time budget of one invocation. `clock` returns the seconds of a monotonic clock."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._ends_at = float("inf")
        self._abandoned: list[Worker] = []
        #: Protects the list of abandoned calls, because parallel calls (`together`) read and change the list.
        self._lock = threading.Lock()

    def begin_request(self) -> None:
        """Start a new budget for a request."""
        self._ends_at = self._clock() + self.limits.request

    def begin_trigger(self) -> None:
        """Start a new budget for a Cognito trigger."""
        self._ends_at = self._clock() + self.limits.trigger

    def begin_job(self, seconds: float) -> None:
        """Start a new budget for a function that may run for another `seconds`."""
        self._ends_at = self._clock() + seconds

    @contextmanager
    def within(self, seconds: float) -> "Iterator[None]":
        """Limit all calls in the `with` body to `seconds` in total."""
        before = self._ends_at
        self._ends_at = min(before, self._clock() + seconds)
        try:
            yield
        finally:
            self._ends_at = before

    def left(self) -> float:
        """Return the number of seconds that remain for calls of this invocation. Outside an invocation, the result is
        infinite."""
        return self._ends_at - self._clock()

    def run(self, what: str, limit: float, call: "Callable[[float], Result]") -> Result:
        """Return the result of `call`. The argument of `call` is the number of seconds that the call may take. Raises
        the errors of `call`.

        `what` names the service and the operation, such as `dynamodb get_item`. Raises TemporarilyUnavailable, with
        `what` in the detail, after `limit` seconds, or earlier if the invocation's budget is used up. The method raises
        TemporarilyUnavailable, too, while too many earlier calls to the same service hang. After the timeout, the call
        may still succeed at the service, so repeat a call only if a repeat is safe.
        """
        from . import workers  # routes without outbound calls need not load `workers`

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
    """Wait for a short random time. Without the wait, containers whose calls failed at the same time would all retry at
    the same time."""
    import secrets

    time.sleep((50 + secrets.randbelow(200)) / 1000)
