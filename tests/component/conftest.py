"""Fixtures for the component tests: the app with test doubles, a browser, a signed-in browser, and the log."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from app import gate
from tests.component import contract, outbound
from tests.component.direct import Direct
from tests.component.world import World, build_world
from tests.doubles.browser import Answer, Browser
from tests.doubles.clock import Clock


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    """A container with one registered provider, Okta."""
    yield build_world(clock)
    gate.services = None


@pytest.fixture(autouse=True)
def contract_holds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that every response in these tests matches the OpenAPI document."""
    send, problems = Browser.send, list[str]()

    def checked(self: Browser, method: str, target: str, *args: Any, **named: Any) -> Answer:
        answer = send(self, method, target, *args, **named)
        path = urlsplit(target.removeprefix(self.root.rstrip("/"))).path
        # If a test makes a second app, that app has another OpenAPI document.
        if getattr(self._app, "gatehouse", gate) is gate:
            problems.extend(contract.problems(method, path, answer))
        return answer

    monkeypatch.setattr(Browser, "send", checked)
    yield
    assert problems == []


@pytest.fixture(autouse=True)
def calls_are_listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that the fault table (tests/faults) lists every outbound call of a route or trigger."""
    made = outbound.record(monkeypatch)
    yield
    assert made.pairs <= outbound.LISTED, sorted(made.pairs - outbound.LISTED)


@pytest.fixture
def browser(world: World) -> Browser:
    """A new browser at the API's default address."""
    return world.browser()


@pytest.fixture
def signed_in(world: World, browser: Browser) -> Browser:
    """A browser in which Ada has signed in through Okta."""
    world.sign_in(browser)
    return browser


@pytest.fixture
def direct(world: World) -> Direct:
    """A stage with direct sign-in, and a user pool that contains Grace."""
    return Direct(world)


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Read the log lines written so far, as JSON."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read
