"""Records that a sign-in has just written: for one question, for seconds, and not for ever more people."""

from chalicelib.gatehouse.store.arrivals import MAX_KEPT, SECONDS, Arrivals
from tests.doubles.clock import Clock


def test_a_record_serves_once(clock: Clock) -> None:
    """The next question goes to the table."""
    arrivals = Arrivals[str](clock)
    arrivals.keep("ada", "record")
    assert [arrivals.take("ada"), arrivals.take("ada"), arrivals.take("bob")] == [
        "record",
        None,
        None,
    ]


def test_a_record_is_old_after_seconds(clock: Clock) -> None:
    """Others may have written by then."""
    arrivals = Arrivals[str](clock)
    arrivals.keep("ada", "record")
    clock.advance(SECONDS)
    assert arrivals.take("ada") is None


def test_a_crowd_does_not_fill_the_container(clock: Clock) -> None:
    """The oldest go first; who comes again is new again."""
    arrivals = Arrivals[int](clock)
    for number in (*range(MAX_KEPT), 0, MAX_KEPT):
        arrivals.keep(str(number), number)
    assert arrivals.take("1") is None
    assert arrivals.take("0") == 0
    assert len(arrivals._kept) == MAX_KEPT - 1
