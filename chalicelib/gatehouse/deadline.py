"""How long an invocation may wait for others: a limit for each outbound call, and one budget for all of them together.

API Gateway gives up after 29 s and our function after 25 (`lambda_timeout`); a Cognito trigger has 5 s, its cold start
included. Timeouts of sockets do not hold that: they bound connecting and the gap between two bytes, neither the look-up
of a name nor a peer that sends a byte now and then. So a call runs in another thread, and whoever waits for it stops
waiting in time, whatever the peer does. Sources: Python's `socket.settimeout` ("each" operation); Amazon API Gateway quotas,
"Integration timeout"; Amazon Cognito developer guide, "Customizing user pool workflows with Lambda triggers".
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
    #: A call of a team's own client, with its second and third try.
    own: float = 10.0


class Budget:
    """The time of one invocation. `clock` gives seconds that never go back."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._ends_at = float("inf")
        self._abandoned: list[_Worker] = []
        #: Calls may be made side by side (`together`), and each looks at the list.
        self._lock = threading.Lock()

    def begin_request(self) -> None:
        """Start anew, with what a request may spend."""
        self._ends_at = self._clock() + self.limits.request

    def begin_trigger(self) -> None:
        """Start anew, with what a Cognito trigger may spend."""
        self._ends_at = self._clock() + self.limits.trigger

    def begin_job(self, seconds: float) -> None:
        """Start anew, with what is left of the time that Lambda gives a function."""
        self._ends_at = self._clock() + seconds

    def left(self) -> float:
        """Return the seconds that calls of this invocation may still take; infinite outside of one."""
        return self._ends_at - self._clock()

    def run(self, what: str, limit: float, call: "Callable[[float], Result]") -> Result:
        """Return what `call` returns, which is told how many seconds it has. Raises what it raises.

        `what` is whom it asks, and for what: `dynamodb get_item`. Raises TemporarilyUnavailable with that in its detail
        after `limit` seconds, when the invocation's are used up, or while too many calls of that peer hang.
        The call may still happen then, as after any timeout: only what may happen twice can be tried again.
        """
        allowed = min(limit, self.left())
        if allowed <= 0:
            raise TemporarilyUnavailable(f"{what}: this request has waited long enough")
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
    """What a call returned or raised, on its way from one thread to another."""

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
        """Wait, and tell whether it is there."""
        return self._unfinished.acquire(timeout=seconds)

    def take(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._result[0]


class _Worker(threading.Thread):
    """A thread that makes one call after another. A new one for each would double the cost of a small call."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        super().__init__(daemon=True)
        self._answers: SimpleQueue[_Answer[Any] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        while (answer := self._answers.get()) is not None:
            answer.fetch()
            del answer  # it may hold a secret, and the next call may be long in coming

    def begin(self, answer: "_Answer[Any]") -> None:
        """Fetch an answer."""
        self._answers.put(answer)

    def end(self) -> None:
        """Make no more calls after the one that runs."""
        self._answers.put(None)


#: The container's workers that nobody waits for.
_idle: deque[_Worker] = deque()


def _idle_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


def together(
    first: Callable[[], First], second: Callable[[], Second], third: Callable[[], Third]
) -> tuple[First, Second, Third]:
    """Make three calls side by side and return what they return, so that their times do not add up.

    Raises what the first of them raised, in the order given, after all have ended: each ends in time by itself
    (`Budget.run`), and none goes on into the next invocation.
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
    """A call that is made beside others, before anybody needs what it returns.

    Whoever begins it also takes it, in the same invocation: a thread that goes on into the next one may stand still for
    hours in between.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._answer = _Answer(lambda _: call(), 0.0)
        self._thread = threading.Thread(target=self._answer.fetch, daemon=True)
        self._thread.start()

    def take(self) -> Result:
        """Return what the call returned, or raise what it raised, when it has ended."""
        self._thread.join()
        return self._answer.take()


def pause_before_retry() -> None:
    """Wait a random moment, so that the containers of a crowd do not come back all at once."""
    import secrets

    time.sleep((50 + secrets.randbelow(200)) / 1000)
