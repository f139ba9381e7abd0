"""Calls in other threads: one that somebody stops waiting for (`deadline.Budget`), and several side by side.

Whoever waits for a call takes its answer, or leaves it: nothing here knows of time limits, which are the callers' own.
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
    """What a call returned or raised, on its way from one thread to another. The call is told how many `seconds` it has."""

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
        except BaseException as error:  # noqa: BLE001 - it is raised again by `take`
            self._error = error
        finally:
            self._unfinished.release()

    def arrives_within(self, seconds: float) -> bool:
        """Wait, and tell whether it is there."""
        return self._unfinished.acquire(timeout=seconds)

    def take(self) -> Result:
        """Return what the call returned, or raise what it raised, once it has arrived."""
        if self._error is not None:
            raise self._error
        return self._result[0]


class Worker(threading.Thread):
    """A thread that makes one call after another. A new one for each would double the cost of a small call."""

    def __init__(self) -> None:
        from queue import SimpleQueue

        super().__init__(daemon=True)
        self._answers: SimpleQueue[Answer[Any] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        """Make one call after another until `end`."""
        while (answer := self._answers.get()) is not None:
            answer.fetch()
            del answer  # it may hold a secret, and the next call may be long in coming

    def begin(self, answer: "Answer[Any]") -> None:
        """Fetch an answer."""
        self._answers.put(answer)

    def end(self) -> None:
        """Make no more calls after the one that runs."""
        self._answers.put(None)


#: The container's workers that nobody waits for.
_idle: deque[Worker] = deque()


def take_idle() -> Worker:
    """Return a worker that nobody waits for, a new one if there is none."""
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
    """Make three calls side by side and return what they return, so that their times do not add up.

    Raises what the first of them raised, in the order given, after all have ended: each ends in time by itself
    (`deadline.Budget.run`), and none goes on into the next invocation.
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
    """A call that is made beside others, before anybody needs what it returns.

    Whoever begins it also takes it, in the same invocation: a thread that goes on into the next one may stand still for
    hours in between.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._answer = Answer(lambda _: call(), 0.0)
        self._thread = threading.Thread(target=self._answer.fetch, daemon=True)
        self._thread.start()

    def take(self) -> Result:
        """Return what the call returned, or raise what it raised, when it has ended."""
        self._thread.join()
        return self._answer.take()
