"""A stage on a new local AWS. `ops deploy` and `ops provider add` make the stage."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ops import aws
from ops.connect import connect, load_deployed
from ops.deploy import deploy
from ops.identity_stack import provision
from ops.local import programs
from ops.local.chalice_cli import CACHE
from ops.local.deployer import create_deployer, local_aws_only
from ops.local.environment import ministack_python
from ops.local.processes import Processes
from ops.local.staged_copy import stage_copy
from ops.provider import Provider
from ops.providers import add_provider
from ops.report import Reporter
from ops.stages import LOCAL, Stage, load_stage, write_environment
from tests.ops_e2e.wire import Wire
from tests.ports import free_ports

PROJECT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
CHALICE = (sys.executable, str(PROJECT / "ops" / "local" / "chalice_cli.py"))


class _Session:
    """A boto3 session that makes each client once, because making a client takes longer than most calls."""

    def __init__(self, session: boto3.Session) -> None:
        self._session: Any = session
        self._made: dict[str, Any] = {}

    def client(self, service: str, config: object = None) -> Any:
        """Return a client of a service."""
        if service not in self._made:
            self._made[service] = self._session.client(service, config=config)
        return self._made[service]


@dataclass
class Place:
    """An empty local AWS, the proxy of wire.py in front of this AWS, and a copy of the project."""

    state: Path
    processes: Processes
    wire: Wire
    aws_port: int
    okta_port: int
    app_port: int
    credentials: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, state: Path) -> Place:
        """Start the local AWS and the Okta stand-in."""
        aws_port, okta_port, app_port = free_ports(3)
        processes = Processes(state)
        python = ministack_python(PROJECT / ".local", Reporter(StringIO()))
        processes.start(programs.ministack(python, state, aws_port, REGION))
        processes.start(programs.okta(Path(sys.executable), state, okta_port))
        wire = Wire(aws_port)
        wire.start()
        place = cls(state, processes, wire, aws_port, okta_port, app_port)
        place.credentials = create_deployer(place.aws_url, REGION)
        stage_copy(PROJECT, place.project)
        return place

    def stop(self) -> None:
        """Stop the local AWS, the Okta stand-in and the proxies."""
        self.wire.stop()
        self.processes.stop()

    @property
    def aws_url(self) -> str:
        """Return the local AWS's own URL, without the interruptible proxy (wire.py)."""
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def okta_url(self) -> str:
        """Return the issuer of the Okta stand-in."""
        return f"http://127.0.0.1:{self.okta_port}"

    @property
    def app_url(self) -> str:
        """Return the URL of the app's root."""
        return f"http://localhost:{self.app_port}/"

    @property
    def project(self) -> Path:
        """Return the copy of the checkout from which the stage is deployed."""
        return self.state / "app"

    @property
    def stage(self) -> Stage:
        """Return the stage that config.json describes at this moment."""
        return load_stage(self.project, LOCAL)

    @cached_property
    def session(self) -> Any:
        """Return the deployer's session."""
        return _Session(aws.session(self.stage))

    @contextmanager
    def environment(self, tries: int = 3) -> Iterator[None]:
        """Let this process and the child processes reach only the local AWS, through the proxy.

        `tries` is the number of attempts for a failing call, without a wait between the attempts.
        """
        files = self.state / "no-aws-files"
        usual = aws._CONFIG
        with local_aws_only(self.wire.url, REGION, self.credentials, files):
            os.environ[CACHE] = str(PROJECT / ".local" / "dependencies")
            os.environ["AWS_MAX_ATTEMPTS"] = str(tries)
            aws._CONFIG = usual.merge(Config(retries={"total_max_attempts": tries}))
            try:
                yield
            finally:
                aws._CONFIG = usual

    def root(self, service: str) -> Any:
        """Return a client with all rights, which does not use the interruptible proxy."""
        if service not in self.clients:
            self.clients[service] = boto3.Session("test", "test", region_name=REGION).client(
                service, endpoint_url=self.aws_url
            )
        return self.clients[service]

    def deploy(self) -> str:
        """Run `ops deploy --stage local`. Return the command's output."""
        printed = StringIO()
        deploy(self.project, LOCAL, Reporter(printed), CHALICE)
        return printed.getvalue()

    def address(self) -> None:
        """Set the addresses that the stack cannot compute on the local AWS."""
        pool = provision(self.session, self.stage, {}, Reporter(StringIO())).environment
        addresses = {
            "COGNITO_URL": self.aws_url,
            "JWKS_URL": f"{self.aws_url}/{pool['USER_POOL_ID']}/.well-known/jwks.json",
            "PUBLIC_URL": self.app_url,
        }
        write_environment(self.project, LOCAL, addresses, {})

    def add_okta(self) -> None:
        """Run `ops provider add Okta`."""
        okta = Provider("Okta", self.okta_url, "gatehouse-local", "local-only")
        add_provider(self.session, self.stage, okta, Reporter(StringIO()))

    def connect(self) -> None:
        """Run the second pass of `ops deploy` again."""
        connect(self.session, self.stage, Reporter(StringIO()))

    def serve(self) -> None:
        """Start the proxy in front of the API."""
        api = load_deployed(self.stage).rest_api_id
        self.processes.start(
            programs.front_proxy(self.state, self.app_port, self.aws_port, api, "api")
        )

    @contextmanager
    def setting(self, block: str, **changes: Any) -> Iterator[None]:
        """Change config.json until the block ends.

        `block` is the name of one of the stage's blocks, `environment_variables` or `gatehouse`. An empty `block` means
        the top level of the file.
        """
        path = self.project / ".chalice" / "config.json"
        before = path.read_text()
        config = json.loads(before)
        target = config["stages"][LOCAL].setdefault(block, {}) if block else config
        target.update(changes)
        path.write_text(json.dumps(config))
        try:
            yield
        finally:
            path.write_text(before)

    def variable(self, name: str) -> str:
        """Return the value of a setting of the stage."""
        return self.stage.environment[name]
