"""Several warm containers in one process. As in Lambda, each container handles one event at a time.

A container is a `Services` with its own caches. In Lambda, Chalice's current request and the container's services can
be globals. In this module each thread has its own copy of these globals.
"""

import queue
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from chalice.app import Chalice

from app import app
from chalicelib.gatehouse.container import Container
from chalicelib.gatehouse.services import Services

_here = threading.local()


class Fleet:
    """Several containers in place of the app, for the browsers of a test. `start` makes a container. One in every
    `restarts` events starts a new container."""

    def __init__(self, start: Callable[[], Services], size: int, restarts: int = 0) -> None:
        self._start = start
        self._restarts = restarts
        self._random = random.Random(size)
        self._free: queue.Queue[Services] = queue.Queue()
        self.containers = [start() for _ in range(size)]
        self.events = 0
        for container in self.containers:
            self._free.put(container)

    @property
    def routes(self) -> Any:
        return app.routes

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        with self.container() as container:
            self.events += 1
            _here.container = container
            return app(event, context)

    @contextmanager
    def container(self) -> Iterator[Services]:
        """Wait for a free container, and yield the container to the caller."""
        container = self._free.get()
        if self._restarts and self._random.randrange(self._restarts) == 0:
            container = self._start()
        try:
            yield container
        finally:
            self._free.put(container)

    def trigger(self, function: Callable[[], Any]) -> Any:
        """Run a trigger while the caller waits. A trigger is another function with its own containers."""
        before = _here.container
        with self.container() as container:
            _here.container = container
            try:
                return function()
            finally:
                _here.container = before


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each thread its own copy of the data that each container has in Lambda."""

    def own(name: str) -> property:
        def read(self: Chalice) -> Any:
            return getattr(_here, name, None)

        def write(self: Chalice, value: Any) -> None:
            setattr(_here, name, value)

        return property(read, write)

    for name in ("current_request", "lambda_context"):
        monkeypatch.setattr(Chalice, name, own(name), raising=False)
    monkeypatch.setattr(Container, "services", property(lambda _: _here.container, lambda *_: None))
    monkeypatch.setattr(Container, "settings", property(lambda _: _here.container.settings))
    monkeypatch.setattr(
        Container, "begin_request", lambda _: _here.container.budget.begin_request()
    )
    monkeypatch.setattr(
        Container, "begin_trigger", lambda _: _here.container.budget.begin_trigger()
    )
