"""How long an invocation may wait for others: a limit for each outbound call, and one budget for all of them together.

API Gateway gives up after 29 s and our function after 25 (`lambda_timeout`); a Cognito trigger has 5 s, its cold start
included. Timeouts of sockets do not hold that: they bound connecting and the gap between two bytes, neither the look-up
of a name nor a peer that sends a byte now and then. So a call runs in another thread, and whoever waits for it stops
waiting in time, whatever the peer does. Sources: Python's `socket.settimeout` ("each" operation); Amazon API Gateway quotas,
"Integration timeout"; Amazon Cognito developer guide, "Customizing user pool workflows with Lambda triggers".
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from .workers import Worker

Result = TypeVar("Result")

#: Calls of one peer that nobody waits for any more and that still hold a thread. More than that, and the container does not
#: ask it until one ends: a peer that never finishes must not fill it up, nor keep it from asking others.
MAX_ABANDONED = 16


class Limits(NamedTuple):
    """Seconds. A call's limit holds for all of it: name look-up, connection, answer, and a second try where there is one."""

    #: All calls of one request together: what is left to 25 s is for our own work, and for a cold start's imports.
    request: float = 20.0
    #: The same of a trigger: 5 s less the start of a cold function.
    trigger: float = 3.5
    #: To connect, over HTTP.
    connect: float = 2.0
    #: Cognito's token and revoke endpoints, siteverify. A token answer waits for our own trigger, a cold one too.
    post: float = 8.0
    #: The signing keys, both tries.
    get: float = 5.0
    get_try: float = 2.0
    #: DynamoDB and Secrets Manager, both tries. They answer within milliseconds.
    aws: float = 5.0
    aws_connect: float = 1.0
    aws_read: float = 2.0
    #: Cognito's user-pool API, one try: it waits for our triggers, cold ones too.
    cognito: float = 10.0


class Budget:
    """The time of one invocation. `clock` gives seconds that never go back."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._ends_at = float("inf")
        self._abandoned: list[Worker] = []
        #: Calls may be made side by side (`together`), and each looks at the list.
        self._lock = threading.Lock()

    def begin_request(self) -> None:
        """Start anew, with what a request may spend."""
        self._ends_at = self._clock() + self.limits.request

    def begin_trigger(self) -> None:
        """Start anew, with what a Cognito trigger may spend."""
        self._ends_at = self._clock() + self.limits.trigger

    def left(self) -> float:
        """Return the seconds that calls of this invocation may still take; infinite outside of one."""
        return self._ends_at - self._clock()

    def run(self, what: str, limit: float, call: "Callable[[float], Result]") -> Result:
        """Return what `call` returns, which is told how many seconds it has. Raises what it raises.

        `what` is whom it asks, and for what: `dynamodb get_item`. Raises TemporarilyUnavailable with that in its detail
        after `limit` seconds, when the invocation's are used up, or while too many calls of that peer hang.
        The call may still happen then, as after any timeout: only what may happen twice can be tried again.
        """
        from . import workers  # a route that asks nobody needs none

        allowed = min(limit, self.left())
        if allowed <= 0:
            raise TemporarilyUnavailable(f"{what}: this request has waited long enough")
        peer = what.partition(" ")[0]
        with self._lock:
            self._abandoned = [worker for worker in self._abandoned if worker.is_alive()]
            hanging = sum(worker.name == peer for worker in self._abandoned)
        if hanging >= MAX_ABANDONED:
            raise TemporarilyUnavailable(f"{what}: too many calls hang")
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
    """Wait a random moment, so that the containers of a crowd do not come back all at once."""
    import secrets

    time.sleep((50 + secrets.randbelow(200)) / 1000)
