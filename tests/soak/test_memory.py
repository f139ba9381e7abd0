"""Tests that a warm container's memory does not grow with the number of invocations.

The test is short in the ordinary suite. With `GATEHOUSE_SOAK=1` there are 100,000 invocations. The test counts Python's
objects, because the number of objects does not depend on the machine. The test also measures the process's resident
memory.
"""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.gatehouse import log
from chalicelib.gatehouse.cognito.claims import verify_caller
from chalicelib.gatehouse.guard import authorization
from tests.component.direct import EMAIL, PASSWORD, WRONG, Direct
from tests.component.world import build_world
from tests.doubles.browser import Browser
from tests.doubles.clock import Clock
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

LONG = bool(os.environ.get("GATEHOUSE_SOAK"))
INVOCATIONS = 100_000 if LONG else 2_500
#: The number of objects that one invocation may leave on average. A cache that never removes entries leaves one object
#: or more.
LEFT_PER_INVOCATION = 0.01 if LONG else 0.1
#: The maximum growth of resident memory over the whole run, in bytes. The maximum includes memory that the allocator
#: keeps in reserve.
RESIDENT_GROWTH = 24 * 1024 * 1024


class _Nowhere:
    def write(self, text: str) -> None:
        """Discard the text."""

    def flush(self) -> None:
        """Do nothing, because no output is kept."""


@pytest.fixture
def direct(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Direct]:
    """Yield one warm container."""
    from app import gate

    monkeypatch.setattr(log, "sys", SimpleNamespace(stdout=_Nowhere()))
    yield Direct(build_world(clock))
    gate.services = None


def test_memory_is_flat(direct: Direct) -> None:
    """During the first tenth of the invocations, Python imports modules and fills caches and free lists. The test does
    not count these invocations."""
    visits = Visits(direct)
    visits.run(INVOCATIONS // 10)
    before, resident_before = objects(direct), resident()
    visits.run(INVOCATIONS - INVOCATIONS // 10)
    after, resident_after = objects(direct), resident()
    counted = INVOCATIONS - INVOCATIONS // 10
    if LONG:
        print(
            f"\n{counted} warm invocations: Python objects {before} -> {after}, "
            f"resident {resident_before >> 20} -> {resident_after >> 20} MiB; "
            f"{dict(sorted(visits.statuses.items()))} answers by status",
            file=sys.__stderr__,
        )
    assert after - before <= counted * LEFT_PER_INVOCATION
    assert resident_after - resident_before <= RESIDENT_GROWTH


def test_a_leak_would_be_seen(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a container remembered every caller, it would keep more objects than the test of memory allows."""
    kept: list[Any] = []
    monkeypatch.setattr(
        authorization,
        "verify_caller",
        lambda *a, **n: kept.append(verify_caller(*a, **n)) or kept[-1],
    )
    visits = Visits(direct)
    visits.run(200)
    before = objects(direct)
    visits.run(400)
    assert objects(direct) - before > 400 * LEFT_PER_INVOCATION


class Visits:
    """A mixture of the events that a container usually gets. The class regularly clears the records of the test
    doubles."""

    def __init__(self, direct: Direct) -> None:
        self._direct = direct
        self._count = 0
        self.statuses: dict[int, int] = {}
        self._browser = direct.world.browser()
        direct.world.sign_in(self._browser)
        self._claims = {
            "sub": Person().sub,
            "username": Person().username,
            "token_use": "access",
            "client_id": direct.world.settings.client_id,
            "scope": "openid email profile api/read api/write",
            "iss": direct.world.settings.issuer,
            "cognito:groups": "[admins]",
            "iat": str(int(direct.world.clock())),
        }
        ada = Person()
        direct.pool.add(
            PoolUser(ada.email, WRONG, sub=ada.sub, username=ada.username, groups=("admins",))
        )

    def run(self, count: int) -> None:
        """Handle `count` events."""
        for _ in range(count):
            self._count += 1
            status = self._one(self._count)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if self._count % 500 == 0:
                self._tidy()

    def _one(self, number: int) -> int:
        browser = self._browser
        if number % 25 == 0:
            return browser.post("/auth/refresh").status
        if number % 100 == 1:
            return self._direct.world.sign_in(browser).status
        if number % 100 == 2:
            return self._direct.sign_in(EMAIL, PASSWORD, self._direct.world.browser()).status
        if number % 200 == 3:
            # Each address is new. If the container kept data for each account, the number of objects would therefore
            # grow.
            stranger = self._direct.world.browser()
            stranger.source_ip = f"198.51.{number // 250 % 250}.{number % 250}"
            return self._direct.sign_in(f"nobody{number}@example.org", WRONG, stranger).status
        if number % 10 == 4:
            return browser.get("/auth/config").status
        if number % 10 == 5:
            return browser.get("/me", claims=self._claims).status
        if number % 50 == 6:
            return browser.get("/").status
        if number % 50 == 7:
            forged = {"__Host-gatehouse": f"k{number % 9}.{'A' * 60}{number}"}
            return _with_cookies(self._direct.world.browser(), forged)
        if number % 100 == 8:
            return browser.get("/users?limit=2", claims=self._claims).status
        return browser.get("/whoami", claims=self._claims).status

    def _tidy(self) -> None:
        """Delete the calls that the test doubles have recorded, and the responses that the browser has kept."""
        world = self._direct.world
        world.clock.advance(60)
        for kept in (
            *(world.cognito.requests, world.cognito.access_tokens, world.cognito.id_tokens),
            *(world.dynamodb.calls, world.secrets.reads, world.pool.calls, world.pool.sent),
            *(self._browser.answers, self._browser.rejected),
        ):
            kept.clear()
        world.cognito._codes.clear()
        for token in list(world.cognito._refresh)[:-2]:
            del world.cognito._refresh[token]
        rows = world.dynamodb._items["gatehouse-dev-throttle"]
        rows.clear()
        world.dynamodb._before["gatehouse-dev-throttle"].clear()


def _with_cookies(browser: Browser, cookies: dict[str, str]) -> int:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return browser.post("/auth/refresh", headers=[("Cookie", header)]).status


def objects(direct: Direct) -> int:
    """Return the number of objects that Python's collector counts after a complete collection."""
    Visits._tidy(SimpleNamespace(_direct=direct, _browser=direct.browser))  # type: ignore[arg-type]
    for _ in range(3):
        gc.collect()
    return len(gc.get_objects())


def resident() -> int:
    """Return this process's resident memory in bytes, or 0 on a system without this figure."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return 0
    return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
