"""Runs the cases of the fault table. In each case, real clients call a faulty server, and the runner returns the
result."""

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from app import gate
from chalicelib.gatehouse.aws_clients import AwsClients
from chalicelib.gatehouse.cognito.http_client import HttpClient
from chalicelib.gatehouse.deadline import Budget, Limits, pause_before_retry
from chalicelib.gatehouse.services import Services
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.world import ENVIRONMENT, SUBJECTS_TABLE, THROTTLE_TABLE, World, build_world
from tests.doubles.clock import Clock
from tests.faults.byways import BYWAYS
from tests.faults.certificates import Authority
from tests.faults.patience import ChosenClient, ChosenHttp
from tests.faults.scenes import SCENES, Scene
from tests.faults.table import FAULTS, OF_HOST, Call
from tests.faults.wire import Wire, nobody, served

_SETTINGS = Settings.from_env(ENVIRONMENT)
_SERVICES = ("dynamodb", "secretsmanager", "cognito-idp", "lambda", "sqs")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}
#: For each host, the name of the setting that contains its URL.
_URLS = {"cognito": "cognito_url", "jwks": "jwks_url", "captcha": "captcha_verify_url"}


@dataclass
class Played:
    """The result of a case. `code` is the error code of the response. `seconds` is the duration of the request."""

    status: int
    code: str
    cookie: str
    lines: list[dict[str, Any]]
    tries: int
    calls: list[str]
    seconds: float
    #: The number of attempts that the case has added to the counters of account and source.
    attempts: float
    log: str = field(repr=False)


@dataclass
class Place:
    """A place to which clients send calls: a base URL, and the boto3 clients for each set of time limits."""

    url: str
    clients: dict[Limits, dict[str, Any]] = field(default_factory=dict)


class FaultStage:
    """Runs test cases with faults. Clients can send calls to three places: the faulty server (wire.py), a port without
    a server, and a server with an expired certificate."""

    def __init__(
        self,
        wire: Wire,
        places: dict[str, Place],
        bundle: Path,
        pause: Callable[[], None] = pause_before_retry,
    ) -> None:
        self._wire = wire
        self._pause = pause
        self._places = places
        self._bundle = bundle
        self.budget = Budget()

    def play(self, call: Call, fault: str, limits: Limits, own: Limits | None = None) -> Played:
        """Run the test case for `call`, with `fault` as the only fault.

        `own` contains limits for `call` alone. If all calls had the same short limits, healthy calls could time out on
        a busy machine.
        """
        world = self._world()
        scene = ({**SCENES, **BYWAYS})[call.scene](world)
        gone = call.host if fault in OF_HOST else ""
        http = self._install(world, limits, gone, fault, (call.name, own or limits))
        broken = FAULTS[fault][1]
        self._wire.fault = None if broken is None else (call.name, broken)
        return self._played(scene, http, call.name, call.tries_at(fault) if broken else 0)

    def play_late(self, name: str, limits: Limits, delay: float) -> Played:
        """Run a test case in which every response is correct, but arrives `delay` seconds late."""
        world = self._world()
        scene = ({**SCENES, **BYWAYS})[name](world)
        http = self._install(world, limits, "", "")
        self._wire.delay = delay
        return self._played(scene, http, "", 0)

    def _played(self, scene: Scene, http: ChosenHttp, name: str, tries: int) -> Played:
        counted = self._counted()
        before = scene.browser.cookies.get(scene.cookie)
        self._wire.calls.clear()
        out = io.StringIO()
        began = time.monotonic()
        with contextlib.redirect_stdout(out):
            status, code, location = _act(scene)
        seconds = time.monotonic() - began
        self._wire.wait_for(name, tries)
        calls = list(self._wire.calls)
        after = scene.browser.cookies.get(scene.cookie)
        self._settle(http)
        return Played(
            status=status,
            code=location.partition("?error=")[2] or code,
            cookie=_cookie(before and before.value, after and after.value),
            lines=[json.loads(line) for line in out.getvalue().splitlines()],
            tries=calls.count(name),
            calls=calls,
            seconds=seconds,
            attempts=self._counted() - counted,
            log=out.getvalue(),
        )

    def play_mended(self, call: Call, fault: str, limits: Limits) -> int:
        """Run a test case with `fault`, and then run the action again without the fault in the same browser. Return
        the status of the second response."""
        world = self._world()
        scene = ({**SCENES, **BYWAYS})[call.scene](world)
        http = self._install(world, limits, "", fault)
        broken = FAULTS[fault][1]
        assert broken is not None
        self._wire.fault = (call.name, broken)
        _act(scene)
        self._wire.fault = None
        world.clock.advance(5)
        status, _, _ = _act(scene)
        self._settle(http)
        return status

    def _counted(self) -> float:
        assert self._wire.world is not None
        rows = self._wire.world.dynamodb.items(THROTTLE_TABLE).values()
        return sum(float(row["attempts"]["N"]) for row in rows if "attempts" in row)

    def _world(self) -> World:
        world = build_world(Clock())
        self._wire.begin(world)
        url = self._wire.url
        world.cognito.url = url
        world.restart(cognito_url=url, jwks_url=f"{url}/.well-known/jwks.json")
        return world

    def _install(
        self,
        world: World,
        limits: Limits,
        gone: str,
        fault: str,
        own: tuple[str, Limits] | None = None,
    ) -> ChosenHttp:
        """Start a container with the real clients. The clients of the host `gone` use the URL of the place `fault`.

        `own` contains the name of one call, and separate limits for this call.
        """
        name, tight = own or ("", limits)
        self.budget = Budget(limits)
        # Replace the trigger of the pool, and hold events and messages. Otherwise a thread of the faulty server could
        # start an invocation while another invocation runs.
        world.pool.trigger = lambda source, user, metadata: None
        world.functions.holding = True
        world.queue.holding = True
        healthy = self._clients("wire", limits)
        clients = (
            {**healthy, gone: self._clients(fault, limits)[gone]} if gone in healthy else healthy
        )
        settings = world.settings
        if gone in _URLS:
            name = _URLS[gone]
            url = getattr(settings, name).replace(self._wire.url, self._places[fault].url)
            settings = settings._replace(**{name: url})
        tightly = self._clients("wire", tight)
        if tight != limits:
            clients = {
                service: ChosenClient(client, tightly[service], name)
                for service, client in clients.items()
            }
        http = ChosenHttp(
            HttpClient(self.budget, self._pause),
            HttpClient(_Current(self, tight), self._pause),
            name,
        )
        gate.services = Services(
            settings,
            clock=world.clock,
            aws=clients.__getitem__,
            http=http,  # type: ignore[arg-type]  # ChosenHttp offers HttpClient's two methods
            budget=self.budget,
            sleep=lambda seconds: None,
        )
        return http

    def _clients(self, place: str, limits: Limits) -> dict[str, Any]:
        """Return the boto3 clients for a place. All cases share the clients."""
        found = self._places[place]
        if limits not in found.clients:
            environment = {
                **_CREDENTIALS,
                "AWS_ENDPOINT_URL": found.url,
                "AWS_CA_BUNDLE": str(self._bundle),
            }
            with patch.dict("os.environ", environment):
                make = AwsClients(
                    ENVIRONMENT["AWS_REGION"],
                    _Current(self, limits),
                    repeatable_tables=frozenset(
                        {_SETTINGS.users_table, _SETTINGS.sessions_table, SUBJECTS_TABLE}
                    ),
                    pause=self._pause,
                )
                found.clients[limits] = {service: make(service) for service in _SERVICES}
        return found.clients[limits]

    def _settle(self, http: ChosenHttp) -> None:
        """End the calls that still hang, so that no case leaves a thread or a socket behind."""
        self._wire.end()
        for thread in self.budget._abandoned:
            thread.join(10)
            assert not thread.is_alive()
        http.close()
        gate.services = None


class _Current(Budget):
    """The time budget of the running case. All cases share the boto3 clients, which read the budget of the running case
    here."""

    def __init__(self, stage: FaultStage, limits: Limits) -> None:
        super().__init__(limits)
        self._stage = stage

    def run(self, what: str, limit: float, call: Any) -> Any:
        return self._stage.budget.run(what, limit, call)


def _act(scene: Scene) -> tuple[int, str, str]:
    try:
        answer = scene.act()
    except TriggerFailed:
        return 0, "", ""
    if answer is None:
        return 0, "", ""
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    code = json.loads(answer.body).get("error", "") if is_json and answer.body else ""
    return answer.status, code, answer.headers.get("location", "")


def _cookie(before: str | None, after: str | None) -> str:
    if before is None:
        return "not set" if after is None else "set"
    if after is None:
        return "cleared"
    return "kept" if after == before else "replaced"


@contextlib.contextmanager
def built(folder: Path, pause: Callable[[], None] = pause_before_retry) -> Iterator[FaultStage]:
    """Create a `FaultStage`. `folder` is for certificates. The clients call `pause` between the first try and the
    second try."""
    authority = Authority(folder)
    wire = Wire()
    with (
        served(wire) as url,
        nobody() as closed,
        served(wire, authority.server("expired", days=-1)) as expired,
        # All clients trust our own authority. So the date is the only reason why the certificate of the server
        # `expired` is invalid.
        patch("certifi.where", lambda: str(authority.bundle)),
        patch("chalicelib.gatehouse.tls._context", None),
    ):
        wire.url = url
        places = {"wire": Place(url), "refused": Place(closed), "expired": Place(expired)}
        stage = FaultStage(wire, places, authority.bundle, pause)
        try:
            yield stage
        finally:
            stage.budget = Budget()
            for place in places.values():
                for clients in place.clients.values():
                    for client in clients.values():
                        client.close()
