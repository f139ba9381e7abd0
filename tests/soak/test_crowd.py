"""Tests that many people can use shared warm containers at once, while every service behind the containers has faults.

The test is short in the ordinary suite. With `GATEHOUSE_SOAK=1` there are 200 sign-ins at once and 10,000 refreshes.
"""

import itertools
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.gatehouse import log
from chalicelib.gatehouse.cognito.jwks import RETRY_INTERVAL_SECONDS
from tests.component.world import build_world
from tests.doubles.clock import Clock
from tests.soak import fleet
from tests.soak.crowd import Crowd, LogLines, Member, shuffled, together

LONG = bool(os.environ.get("GATEHOUSE_SOAK"))


@dataclass(frozen=True)
class Size:
    """The size of a run."""

    people: int
    containers: int
    refreshes: int
    rounds: int


SIZE = Size(200, 16, 10_000, 10) if LONG else Size(40, 6, 400, 2)
THREADS = 24


@pytest.fixture
def crowd(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """Return a `Crowd` of people without sessions and without faults."""
    fleet.install(monkeypatch)
    made = Crowd(build_world(clock), size=SIZE.people, containers=SIZE.containers, fault_share=0.06)
    monkeypatch.setattr(log, "sys", SimpleNamespace(stdout=made.log))
    return made


def test_nothing_is_lost_and_every_answer_belongs_to_its_asker(crowd: Crowd) -> None:
    """Everybody can sign in, no outage ends a session, and no response contains another person's data."""
    began = time.monotonic()
    crowd.weather.fair = False
    together(crowd.members, lambda member: get_in(crowd, member), len(crowd.members))
    signed_in = time.monotonic()
    # If a fault prevented the throttle from taking back a counted attempt, the person may have to wait. After the wait,
    # everybody can sign in.
    crowd.weather.fair = True
    late = [member for member in crowd.members if not member.outcomes["signed in"]]
    crowd.world.clock.advance(16 * 60)
    together(late, lambda member: comes_late(crowd, member), THREADS)

    for number in range(SIZE.rounds):
        crowd.weather.fair = False
        turns = shuffled(crowd.members, SIZE.refreshes // SIZE.rounds, number)
        together(turns, lambda own: take_turns(crowd, own), THREADS)
        # After the faults, interrupted refreshes succeed, because the grace period of the rotation has not ended.
        crowd.weather.fair = True
        crowd.world.clock.advance(RETRY_INTERVAL_SECONDS)
        together(crowd.members, lambda member: goes_on(crowd, member), THREADS)
        # Between the rounds the caches of keys, secrets and providers expire, but sessions do not.
        crowd.world.clock.advance(25 * 60)
    refreshed = time.monotonic()

    recorded = crowd.world.users()
    missed = [member for member in crowd.members if member.person.username not in recorded]
    together(missed, lambda member: comes_late(crowd, member), THREADS)
    check_table(crowd)
    leaving, staying = crowd.members[::3], [m for m in crowd.members if m.number % 3]
    together(leaving, crowd.sign_out, THREADS)
    together(staying, lambda member: goes_on(crowd, member), THREADS)

    assert crowd.log.events["unhandled_error"] == crowd.log.events["trigger_failed"] == 0
    assert crowd.log.marks == set()
    tell(crowd, signed_in - began, refreshed - signed_in, len(late), len(missed))


@pytest.mark.parametrize(
    "target",
    [
        "chalicelib.gatehouse.routes.session.token_answer",
        "chalicelib.gatehouse.session.sessions.Sessions.seal",
        "chalicelib.gatehouse.flows.profile.Profile.load",
    ],
)
def test_a_leak_would_be_seen(crowd: Crowd, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """In each case, one function sometimes returns the previous caller's result, as a faulty cache would."""
    owner, _, name = target.rpartition(".")
    module, _, cls = owner.rpartition(".")
    place: Any = getattr(import_module(module), cls) if cls[0].isupper() else import_module(owner)
    original, calls = getattr(place, name), itertools.count(1)
    last: dict[str, Any] = {}

    def careless(*args: Any) -> Any:
        before = last.get("arguments", args)
        last["arguments"] = args
        return original(*(before if next(calls) % 7 == 0 else args))

    def use_the_app() -> None:
        for member in crowd.members[:8] * 3:
            crowd.sign_in(member)
            crowd.refresh(member)
            crowd.ask_who(member)

    use_the_app()
    monkeypatch.setattr(place, name, careless)
    with pytest.raises(AssertionError, match="got data of"):
        use_the_app()


def get_in(crowd: Crowd, member: Member) -> None:
    """Try until the sign-in works, or until the throttle asks for a pause."""
    for _ in range(40):
        if crowd.sign_in(member) or member.outcomes["too_many_attempts"]:
            return
        # People wait before the next try. Containers without keys fetch the keys again after two seconds.
        crowd.world.clock.advance(0.25)
    raise AssertionError(f"{member.mark} could not sign in: {member.outcomes}")


def comes_late(crowd: Crowd, member: Member) -> None:
    assert crowd.sign_in(member), member.outcomes


def take_turns(crowd: Crowd, own: list[Member]) -> None:
    """Refresh, and sometimes call the API with the new token."""
    for number, member in enumerate(own):
        if crowd.refresh(member) and number % 5 == 0:
            crowd.ask_who(member)


def goes_on(crowd: Crowd, member: Member) -> None:
    """Check that the session still exists: without faults, the first refresh must work."""
    assert crowd.refresh(member), member.mark


def check_table(crowd: Crowd) -> None:
    """Check that the table has exactly these people, each with the right address and names."""
    rows = crowd.world.users()
    assert set(rows) == {member.person.username for member in crowd.members}
    for member in crowd.members:
        row = rows[member.person.username]
        assert row["sub"] == member.person.sub
        for name, told in (("Email", "email"), ("given_name", "given_name")):
            assert row[name] == getattr(member.person, told)
        assert member.mark in row["family_name"]
        assert row["status"] == "CONFIRMED"


def tell(
    crowd: Crowd, sign_in_seconds: float, refresh_seconds: float, late: int, missed: int
) -> None:
    """Print the figures to the real standard output, so that the figures appear in `make soak` and in pytest with
    `-s`."""
    outcomes: Counter[str] = sum((member.outcomes for member in crowd.members), Counter())
    refreshes = sum(member.refreshed for member in crowd.members)
    faults = sum(crowd.weather.counts.values())
    print(
        f"\n{len(crowd.members)} people signed in at once before {len(crowd.fleet.containers)} containers in "
        f"{sign_in_seconds:.1f} s; {refreshes} refreshes in {refresh_seconds:.1f} s "
        f"({refreshes / refresh_seconds:.0f}/s); {crowd.fleet.events} invocations\n"
        f"{late} waited for a pause of the throttle to end, {missed} records were healed at the next sign-in\n"
        f"{faults} faults: {dict(sorted(crowd.weather.counts.items()))}\n"
        f"outcomes: {dict(outcomes)}; log: {dict(crowd.log.events.most_common(8))}",
        file=sys.__stderr__ if LONG else LogLines(),
    )
