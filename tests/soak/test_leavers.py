"""Tests that many people can leave a company at once. These people are signed out, and all other people stay signed in,
although Lambda kills the function half-way.

The test is short in the ordinary suite. With `GATEHOUSE_SOAK=1` there are 1,000 people.
"""

import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from app import gate
from chalicelib.gatehouse.flows.leaving import CALLS_PER_SECOND
from chalicelib.gatehouse.store.subjects import SubjectStore
from tests.component.company import Company
from tests.component.world import SESSIONS_TABLE, build_world
from tests.doubles.browser import LambdaContext
from tests.doubles.clock import Clock
from tests.doubles.queue import QueueDouble

PEOPLE = 1_000 if os.environ.get("GATEHOUSE_SOAK") else 30
STAYING = PEOPLE // 10
#: The number of events that Okta sends in one request.
EVENTS = 10
BATCH = 10


class Killed(BaseException):
    """Raised to simulate that Lambda kills the function's process before the response."""


@pytest.fixture
def company() -> Iterator[Company]:
    """Yield a new company, whose queue keeps messages until the test calls `deliver`."""
    found = Company(build_world(Clock()))
    found.world.queue.holding = True
    yield found
    gate.services = None


def deliver(queue: QueueDouble) -> int:
    """Pass every message to the function, as Lambda's mapping does. If the function gives no response, deliver the
    whole batch again.

    Return how often Lambda killed the function.
    """
    killed = 0
    while queue.waiting:
        batch, queue.waiting = queue.waiting[:BATCH], queue.waiting[BATCH:]
        records = [{"messageId": name, "body": body} for name, body in batch]
        try:
            answer = gate.leaving({"Records": records}, LambdaContext())
        except Killed:
            killed += 1
            queue.waiting += batch
            continue
        again = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
        queue.waiting += [(name, body) for name, body in batch if name in again]
    return killed


def dying(name: str, at: int) -> Any:
    """Kill the process at the `at`-th call of the store's method `name`, before the call has an effect."""
    whole = getattr(SubjectStore, name)
    calls = 0

    def call(store: SubjectStore, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Killed
        return whole(store, *arguments)

    return patch.object(SubjectStore, name, call)


@pytest.mark.security("S-101")
def test_everybody_who_leaves_is_out_and_nobody_else(company: Company) -> None:
    """Lambda kills the process three times: after a sign-out that has not yet been recorded, before a person is
    disabled, and after a person is disabled. Each time, the next delivery completes the work."""
    world = company.world
    users = [
        company._join("Okta", f"00uMany{n}", f"p{n}@example.org") for n in range(PEOPLE + STAYING)
    ]
    browsers = [company.sign_in(user) for user in users]
    world.clock.advance(2)
    leaving = [f"00uMany{n}" for n in range(PEOPLE)]
    for start in range(0, PEOPLE, EVENTS):
        events = [
            company.event("user.lifecycle.deactivate", subject, uuid=f"uuid-{subject}")
            for subject in leaving[start : start + EVENTS]
        ]
        assert company.tell(*events).status == 204
    assert len(world.queue.waiting) == PEOPLE
    died = dying("note_ended", PEOPLE // 2), dying("note_disabling", PEOPLE // 5)
    with died[0], died[1], dying("note_gone", PEOPLE // 3):
        killed = deliver(world.queue)
    assert killed == 3

    refreshed = [browser.post("/auth/refresh").status for browser in browsers]
    assert refreshed == [401] * PEOPLE + [200] * STAYING
    assert [user.enabled for user in users] == [False] * PEOPLE + [True] * STAYING
    # the two additional sessions are Ada's and Bob's
    assert len(world.dynamodb.items(SESSIONS_TABLE)) == STAYING + 2
    assert company.signed_in() == {"ada", "bob"}
    calls = len(world.pauses) + 1
    # Four calls per person: find the profile, read the profile, end the sessions, disable the profile. Killed batches
    # run at most twice.
    assert calls <= 4 * (PEOPLE + killed * BATCH)
    seconds = calls / CALLS_PER_SECOND
    print(
        f"\n{PEOPLE} people out, {STAYING} stayed: {calls} calls to Cognito, "
        f"{seconds:.0f} s by one function, {seconds / 2:.0f} s by two"
    )
