"""Tests of time limits. Each call ends in time, whatever the other side does. All calls of one request together also
end in time."""

import threading
from collections.abc import Callable

import pytest

from chalicelib.gatehouse import deadline, workers
from chalicelib.gatehouse.cognito.http_client import HttpClient
from chalicelib.gatehouse.deadline import MAX_ABANDONED, Budget, Limits
from chalicelib.gatehouse.errors import TemporarilyUnavailable
from tests.component.world import ENVIRONMENT
from tests.doubles.clock import Clock

LIMITS = Limits(request=20.0, trigger=3.5)


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(TemporarilyUnavailable) as caught:
        call()
    return caught.value.detail


def test_a_call_gives_what_it_gives() -> None:
    """The function returns the call's value or raises the call's error. The function also passes the number of seconds
    to the call."""
    budget = Budget(LIMITS)
    assert budget.run("x", 5.0, lambda seconds: seconds) == 5.0

    def fails(_: float) -> None:
        raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        budget.run("x", 5.0, fails)


def test_a_call_that_hangs_is_left_behind(gate: threading.Event) -> None:
    """The caller stops waiting and ignores the call's later result."""
    budget = Budget(LIMITS)
    found = refusal(lambda: budget.run("DynamoDB", 0.05, lambda _: gate.wait(10)))
    assert found == "DynamoDB: no answer in 0.1 s"
    gate.set()


def test_calls_of_one_request_share_its_time(clock: Clock) -> None:
    """Each call has two limits: the call's own limit, and the remaining time. If no time remains, the next call does
    not begin."""
    budget = Budget(LIMITS, clock)
    budget.begin_request()
    given = []
    for spent in (8.0, 8.0, 3.0):
        given.append(budget.run("x", 8.0, lambda seconds: seconds))
        clock.advance(spent)
    given.append(budget.run("x", 8.0, lambda seconds: seconds))
    clock.advance(1.0)
    assert given == [8.0, 8.0, 4.0, 1.0]
    begun: list[float] = []
    assert "no time is left" in refusal(lambda: budget.run("x", 8.0, begun.append))
    assert begun == []


def test_a_part_of_a_request_may_have_less_time(clock: Clock) -> None:
    """The calls of the part share the part's time. After the part, the request's own limit applies again. A part cannot
    extend the request's limit."""
    budget = Budget(LIMITS, clock)
    budget.begin_request()
    with budget.within(2.0):
        given = [budget.run("x", 8.0, lambda seconds: seconds)]
        clock.advance(1.5)
        given.append(budget.run("x", 8.0, lambda seconds: seconds))
    clock.advance(14.5)
    with budget.within(60.0):
        given.append(budget.run("x", 8.0, lambda seconds: seconds))
    assert given == [2.0, 0.5, 4.0]
    assert budget.left() == 4.0


def test_every_invocation_begins_anew_and_a_trigger_has_less(clock: Clock) -> None:
    """Outside an invocation, only each call's own limit applies."""
    budget = Budget(LIMITS, clock)
    assert budget.run("x", 8.0, lambda seconds: seconds) == 8.0
    budget.begin_trigger()
    assert budget.run("x", 8.0, lambda seconds: seconds) == 3.5
    clock.advance(60)
    budget.begin_request()
    assert budget.left() == 20.0


def test_calls_side_by_side_give_what_each_gives_or_the_first_ones_error() -> None:
    """The results are in the order of the arguments. All calls have ended before the function returns."""
    assert workers.together(lambda: 1, lambda: "two", lambda: None) == (1, "two", None)
    begun = threading.Barrier(3, timeout=10)
    ended: list[str] = []

    def call(name: str) -> None:
        begun.wait()
        ended.append(name)
        raise KeyError(name)

    with pytest.raises(KeyError, match="one"):
        workers.together(lambda: call("one"), lambda: call("two"), lambda: call("three"))
    assert sorted(ended) == ["one", "three", "two"]


def test_hanging_calls_are_counted_from_every_thread(gate: threading.Event) -> None:
    """If three calls hang at once, all three calls are counted."""
    budget = Budget(LIMITS)

    def hang() -> None:
        budget.run("x", 0.01, lambda _: gate.wait(10))

    assert "no answer" in refusal(lambda: workers.together(hang, hang, hang))
    assert len(budget._abandoned) == 3
    gate.set()
    for thread in budget._abandoned:
        thread.join(10)


def test_a_container_with_many_hanging_calls_asks_nobody_until_they_end(
    gate: threading.Event,
) -> None:
    """A peer that never finishes must not fill the container with threads and sockets."""
    budget = Budget(LIMITS)
    for _ in range(MAX_ABANDONED):
        refusal(lambda: budget.run("x", 0.001, lambda _: gate.wait(10)))
    begun: list[float] = []
    assert "too many earlier calls still wait" in refusal(
        lambda: budget.run("x", 1.0, begun.append)
    )
    assert begun == []
    gate.set()
    for thread in budget._abandoned:
        thread.join(10)
    budget.run("x", 1.0, begun.append)
    assert begun == [1.0]


@pytest.mark.security("S-44")
def test_a_peer_that_hangs_keeps_nobody_from_asking_another(gate: threading.Event) -> None:
    """If a CAPTCHA vendor hangs, people can still sign in through a provider."""
    budget = Budget(Limits(post=0.001))
    puzzles = HttpClient(budget)
    puzzles._send = lambda *_: gate.wait(10)  # type: ignore[assignment,method-assign]
    for _ in range(MAX_ABANDONED):
        refusal(lambda: puzzles.post_form("https://puzzles.example/siteverify", {}))
    assert "too many earlier calls still wait" in refusal(
        lambda: puzzles.post_form("https://puzzles.example/siteverify", {})
    )
    assert "no answer" in refusal(lambda: puzzles.post_form("https://login.example/token", {}))
    assert budget.run("dynamodb get_item", 1.0, lambda _: "asked") == "asked"
    gate.set()


def test_the_app_and_the_triggers_begin_an_invocation(
    clock: Clock,
) -> None:
    """The time starts anew before every view function and before every trigger."""
    from app import app, gate
    from chalicelib.gatehouse.services import Services
    from chalicelib.gatehouse.settings import Settings
    from chalicelib.gatehouse.triggers.entry import TriggerFailed
    from tests.doubles.browser import Browser, LambdaContext

    budget = Budget(LIMITS, clock)
    gate.services = Services(Settings.from_env(ENVIRONMENT), budget=budget)
    assert budget.left() == float("inf")
    Browser(app, clock).get("/health")
    assert budget.left() == 20.0
    with pytest.raises(TriggerFailed):
        gate.user_records({"triggerSource": "Foreign"}, LambdaContext())
    assert budget.left() == 3.5
    gate.services = None


def test_the_pause_before_a_second_try_is_random_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause takes 50 to 250 ms."""
    pauses: list[float] = []
    monkeypatch.setattr(deadline.time, "sleep", pauses.append)
    for _ in range(50):
        deadline.pause_before_retry()
    assert all(0.05 <= pause <= 0.25 for pause in pauses)
    assert len(set(pauses)) > 10


def test_a_name_server_that_says_nothing_is_no_longer_waited_for(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket timeout does not cover DNS look-ups. A call's limit also covers DNS look-ups."""
    looked_up: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> None:
        looked_up.append(host)
        gate.wait(10)
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    budget = Budget(Limits(post=0.1))
    found = refusal(lambda: HttpClient(budget).post_form("http://tokens.example/", {}))
    gate.set()
    for thread in budget._abandoned:
        thread.join(10)
    assert (found, looked_up) == ("tokens.example POST: no answer in 0.1 s", ["tokens.example"])


def test_one_thread_makes_one_call_after_another(gate: threading.Event) -> None:
    """Starting a thread costs as much as a small call, so the module reuses its threads. A thread whose call hangs is
    not used again."""
    budget = Budget(LIMITS)

    def who() -> int:
        return budget.run("x", 5.0, lambda _: threading.get_ident())

    first = who()
    assert who() == first
    refusal(lambda: budget.run("x", 0.05, lambda _: gate.wait(10)))
    assert who() != first
    gate.set()
    for thread in budget._abandoned:
        thread.join(10)
        assert not thread.is_alive()
