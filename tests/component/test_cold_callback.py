"""Tests of a callback in a new container. The callback reads secrets, keys and providers in parallel, but only if the
browser sends a login cookie."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.services import Services
from tests.component.test_callback import begin, come_back
from tests.component.world import KEYS_ARN, SECRET_ARN, World
from tests.doubles.browser import Browser

KEYS = "/.well-known/jwks.json"


class NewContainer:
    """New services for the world, which record their calls. Before each response, the services call `beside`."""

    def __init__(self, world: World) -> None:
        self.asked: list[str] = []
        self.beside: Callable[[str], object] = lambda _: None
        self._cognito = world.cognito

        def noted(client: Any) -> Any:
            class Noted:
                def __getattr__(_, name: str) -> Callable[..., Any]:  # noqa: N805 - `self` is the container
                    def call(**arguments: Any) -> Any:
                        self._ask(
                            str(arguments.get("SecretId") or f"{name} {arguments['TableName']}")
                        )
                        return getattr(client, name)(**arguments)

                    return call

            return Noted()

        clients = {"dynamodb": noted(world.dynamodb), "secretsmanager": noted(world.secrets)}
        made = Services(
            world.settings,
            clock=world.clock,
            aws=clients.__getitem__,
            http=self,  # type: ignore[arg-type]
        )
        gate.services = made

    def get(self, url: str) -> Any:
        self._ask(url)
        return self._cognito.get(url)

    def post_form(self, url: str, *arguments: Any) -> Any:
        self._ask(url)
        return self._cognito.post_form(url, *arguments)

    def _ask(self, what: str) -> None:
        self.asked.append(what.rpartition(".com")[2] if what.startswith("https:") else what)
        self.beside(self.asked[-1])


@pytest.fixture
def came(world: World, browser: Browser) -> dict[str, str]:
    """Return the parameters of a callback. Its sign-in began in another container."""
    return begin(world, browser)


def test_all_that_is_read_is_asked_for_at_once(
    world: World, browser: Browser, came: dict[str, str]
) -> None:
    """The calls for both secrets, the keys and the providers wait for each other. The test can pass only if they run in
    parallel."""
    container = NewContainer(world)
    meeting = threading.Barrier(4, timeout=10)

    def meet(what: str) -> None:
        if what.endswith((KEYS_ARN, SECRET_ARN, KEYS, world.settings.providers_table)):
            meeting.wait()

    container.beside = meet
    assert come_back(browser, came).location == "/api/"
    assert len(container.asked) == 8, "each once, then the code, then record, session, and others"
    assert container.asked[-4].endswith("/oauth2/token"), (
        "the keys are there before the code is spent"
    )
    assert all(asked.startswith(("update_item", "query")) for asked in container.asked[-3:])


def test_record_and_row_are_written_while_older_sessions_are_counted(
    world: World, browser: Browser, came: dict[str, str]
) -> None:
    """Each of the three calls waits until the other two calls have begun."""
    container = NewContainer(world)
    meeting = threading.Barrier(3, timeout=10)

    def meet(what: str) -> None:
        if what.startswith(("update_item", "query")):
            meeting.wait()

    container.beside = meet
    assert come_back(browser, came).location == "/api/"
    tables = sorted(what.partition(" ")[2] for what in container.asked[-3:])
    assert tables == [world.settings.sessions_table] * 2 + [world.settings.users_table]


@pytest.mark.security("S-09")
def test_a_callback_that_no_login_began_makes_nothing_read(
    world: World, browser: Browser, came: dict[str, str]
) -> None:
    """Anybody can call the callback without a sign-in. In this case, the callback must not read anything."""
    container = NewContainer(world)
    browser.cookies.clear()
    assert come_back(browser, came).location == "/api/?error=login_unknown"
    assert container.asked == []


def test_what_a_refused_callback_began_to_read_is_kept(
    world: World, browser: Browser, came: dict[str, str]
) -> None:
    """No thread continues into the next invocation. The next callback uses what the refused callback has read."""
    container = NewContainer(world)
    threads = threading.active_count()
    refused = come_back(browser, {**came, "iss": "https://evil.example"})
    assert refused.location == "/api/?error=login_failed"
    assert threading.active_count() == threads
    before = list(container.asked)
    assert come_back(browser, begin(world, browser)).location == "/api/"
    assert [what for what in container.asked[len(before) :] if what in before] == []
