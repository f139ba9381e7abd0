"""Makes calls in other threads. `deadline.Budget` uses a thread for a call with a time limit. Other callers make several
calls in parallel.

The callers enforce the time limits. After a timeout, the caller ignores the call's answer.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
First = TypeVar("First")
Second = TypeVar("Second")
Third = TypeVar("Third")


class Answer(Generic[Result]):
    """The result or the error of a call. One thread makes the call, and another thread takes the answer. `seconds` is
    the time limit of the call."""

    def __init__(self, call: Callable[[float], Result], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._result: list[Result] = []
        self._error: BaseException | None = None
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    def fetch(self) -> None:
        """Make the call."""
        try:
            self._result.append(self._call(self._seconds))
        except BaseException as error:  # noqa: BLE001 - `take` raises the error again
            self._error = error
        finally:
            self._unfinished.release()

    def arrives_within(self, seconds: float) -> bool:
        """Wait up to `seconds`. Return whether the answer has arrived."""
        return self._unfinished.acquire(timeout=seconds)

    def take(self) -> Result:
        """Return the call's result, or raise the call's error. Call this method after the answer has arrived."""
        if self._error is not None:
            raise self._error
        return self._result[0]


class Worker(threading.Thread):
    """A thread that makes one call after another. A new thread for each call would double the cost of a small call."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        super().__init__(daemon=True)
        self._answers: SimpleQueue[Answer[Any] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        """Make one call after another until `end` is called."""
        while (answer := self._answers.get()) is not None:
            answer.fetch()
            del answer  # the answer may contain a secret, and the next call may come much later

    def begin(self, answer: "Answer[Any]") -> None:
        """Begin a call."""
        self._answers.put(answer)

    def end(self) -> None:
        """Stop after the current call."""
        self._answers.put(None)


#: The container's idle workers.
_idle: deque[Worker] = deque()


def take_idle() -> Worker:
    """Return an idle worker. If no worker is idle, return a new worker."""
    try:
        return _idle.pop()
    except IndexError:
        return Worker()


def give_back(worker: Worker) -> None:
    """Keep a worker for the next call."""
    _idle.append(worker)


def together(
    first: Callable[[], First], second: Callable[[], Second], third: Callable[[], Third]
) -> tuple[First, Second, Third]:
    """Make three calls in parallel and return the three results. Together, the three calls take as long as the slowest
    call.

    Waits until all calls have ended. If several calls fail, raises the error of the call that comes first in the
    arguments. Each call has its own time limit (`deadline.Budget.run`), so every call ends before the next invocation.
    """
    one = Answer(lambda _: first(), 0.0)
    two = Answer(lambda _: second(), 0.0)
    three = Answer(lambda _: third(), 0.0)
    threads = [threading.Thread(target=each.fetch, daemon=True) for each in (two, three)]
    for thread in threads:
        thread.start()
    one.fetch()
    for thread in threads:
        thread.join()
    return one.take(), two.take(), three.take()


class Ahead(Generic[Result]):
    """A call that begins before its result is needed, in parallel with other work.

    Call `take` in the same invocation, because Lambda may stop the thread for hours between two invocations.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._answer = Answer(lambda _: call(), 0.0)
        self._thread = threading.Thread(target=self._answer.fetch, daemon=True)
        self._thread.start()

    def take(self) -> Result:
        """Wait for the end of the call. Return the call's result, or raise the call's error."""
        self._thread.join()
        return self._answer.take()
