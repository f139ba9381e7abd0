"""Time limits: one for each outbound call, and one budget for all calls of an invocation.

API Gateway gives up after 29 s and our function after 25 (`lambda_timeout`); a Cognito trigger has 5 s, its cold start
included. Socket timeouts are not enough: they limit connecting and the gap between two bytes, but not DNS look-ups or a
peer that sends a byte now and then. So a call runs in another thread, and its caller stops waiting in time, whatever
the peer does. Sources: Python's `socket.settimeout` ("each" operation); Amazon API Gateway quotas, "Integration
timeout"; Amazon Cognito developer guide, "Customizing user pool workflows with Lambda triggers".
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import TemporarilyUnavailable

Result = TypeVar("Result")
First = TypeVar("First")
Second = TypeVar("Second")
Third = TypeVar("Third")

#: The maximum number of calls to one peer that have timed out but still occupy a thread. Above it, the container makes
#: no more calls to that peer until one ends: a peer that never finishes must not fill the container, or block calls to
#: others.
MAX_ABANDONED = 16


class Limits(NamedTuple):
    """Seconds. A call's limit covers all of it: DNS look-up, connection, answer, and a second try if there is one."""

    #: All calls of one request together: the rest of the 25 s is for our own work, and for a cold start's imports.
    request: float = 20.0
    #: The same for a trigger: 5 s less the start of a cold function.
    trigger: float = 3.5
    #: Connecting, over HTTP.
    connect: float = 2.0
    #: Cognito's token and revoke endpoints, siteverify. A token answer waits for our own trigger, which may be cold.
    post: float = 8.0
    #: The signing keys, both tries together.
    get: float = 5.0
    get_try: float = 2.0
    #: DynamoDB and Secrets Manager, both tries together. They normally answer within milliseconds.
    aws: float = 5.0
    aws_connect: float = 1.0
    aws_read: float = 2.0
    #: Cognito's user-pool API, one try: it waits for our triggers, which may be cold.
    cognito: float = 10.0


class Budget:
    """The time budget of one invocation. `clock` returns seconds that never go back."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._ends_at = float("inf")
        self._abandoned: list[_Worker] = []
        #: Parallel calls (`together`) all use the list.
        self._lock = threading.Lock()

    def begin_request(self) -> None:
        """Start again with a request's budget."""
        self._ends_at = self._clock() + self.limits.request

    def begin_trigger(self) -> None:
        """Start again with a Cognito trigger's budget."""
        self._ends_at = self._clock() + self.limits.trigger

    def left(self) -> float:
        """Return the seconds that calls of this invocation may still take; infinite outside an invocation."""
        return self._ends_at - self._clock()

    def run(self, what: str, limit: float, call: "Callable[[float], Result]") -> Result:
        """Return the result of `call`, which gets the number of seconds it may take. Raises the call's errors.

        `what` names service and operation: `dynamodb get_item`. Raises TemporarilyUnavailable with `what` in its detail
        after `limit` seconds, when the invocation's budget is used up, or while too many calls to that peer hang. The
        call may still succeed later, as after any timeout, so only calls that may happen twice can be repeated.
        """
        allowed = min(limit, self.left())
        if allowed <= 0:
            raise TemporarilyUnavailable(f"{what}: this request's time is used up")
        peer = what.partition(" ")[0]
        with self._lock:
            self._abandoned = [worker for worker in self._abandoned if worker.is_alive()]
            hanging = sum(worker.name == peer for worker in self._abandoned)
        if hanging >= MAX_ABANDONED:
            raise TemporarilyUnavailable(f"{what}: too many calls hang")
        answer = _Answer(call, allowed)
        worker = _idle_worker()
        worker.name = peer
        worker.begin(answer)
        if not answer.arrives_within(allowed):
            worker.end()
            with self._lock:
                self._abandoned.append(worker)
            raise TemporarilyUnavailable(f"{what}: no answer in {allowed:.1f} s")
        _idle.append(worker)
        return answer.take()


class _Answer(Generic[Result]):
    """A call's result or error, passed from one thread to another."""

    def __init__(self, call: Callable[[float], Result], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._result: list[Result] = []
        self._error: BaseException | None = None
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    def fetch(self) -> None:
        try:
            self._result.append(self._call(self._seconds))
        except BaseException as error:  # noqa: BLE001 - it is raised again by `take`
            self._error = error
        finally:
            self._unfinished.release()

    def arrives_within(self, seconds: float) -> bool:
        """Wait, and return whether it has arrived."""
        return self._unfinished.acquire(timeout=seconds)

    def take(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._result[0]


class _Worker(threading.Thread):
    """A thread that makes one call after another. A new thread for each would double the cost of a small call."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        super().__init__(daemon=True)
        self._answers: SimpleQueue[_Answer[Any] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while (answer := self._answers.get()) is not None:
            answer.fetch()
            del answer  # it may hold a secret, and the next call may come much later

    def begin(self, answer: "_Answer[Any]") -> None:
        """Begin a call."""
        self._answers.put(answer)

    def end(self) -> None:
        """Make no more calls after the current one."""
        self._answers.put(None)


#: The container's idle workers.
_idle: deque[_Worker] = deque()


def _idle_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


def together(
    first: Callable[[], First], second: Callable[[], Second], third: Callable[[], Third]
) -> tuple[First, Second, Third]:
    """Make three calls in parallel and return their results, so that their times do not add up.

    Raises the first error, in the order of the arguments, after all calls have ended: each has its own time limit
    (`Budget.run`), so none continues into the next invocation.
    """
    one = _Answer(lambda _: first(), 0.0)
    two = _Answer(lambda _: second(), 0.0)
    three = _Answer(lambda _: third(), 0.0)
    threads = [threading.Thread(target=each.fetch, daemon=True) for each in (two, three)]
    for thread in threads:
        thread.start()
    one.fetch()
    for thread in threads:
        thread.join()
    return one.take(), two.take(), three.take()


class Ahead(Generic[Result]):
    """A call that runs in parallel with others, before its result is needed.

    The code that begins it must also take its result, in the same invocation: between invocations a thread may be
    frozen for hours.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._answer = _Answer(lambda _: call(), 0.0)
        self._thread = threading.Thread(target=self._answer.fetch, daemon=True)
        self._thread.start()

    def take(self) -> Result:
        """Return the call's result, or raise its error, when it has ended."""
        self._thread.join()
        return self._answer.take()


def pause_before_retry() -> None:
    """Wait a random moment, so that containers that failed together do not all retry at once."""
    import secrets

    time.sleep((50 + secrets.randbelow(200)) / 1000)
