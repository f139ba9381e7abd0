"""The local stack: the same template and the same `chalice deploy`, with an AWS on this machine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import aws
from ..connect import connect, load_deployed
from ..errors import OpsError
from ..identity_stack import FUNCTIONS, provision
from ..mount import load_mount
from ..program import PROGRAM
from ..provider import Provider
from ..providers import add_provider
from ..report import Reporter
from ..stages import LOCAL, Stage, load_stage, write_environment, write_option
from ..team_functions import verify_functions
from . import programs
from .addresses import Addresses, require_one_site
from .announcement import announcement
from .authority import Certificate, prepare
from .chalice_cli import run_chalice
from .deployer import create_deployer, local_aws_only
from .environment import ministack_python, require_linux
from .interrupts import hear_once
from .okta import load_people
from .people import DEMO_USERS, create_demo_users
from .processes import Processes, require_free_port
from .staged_copy import stage_copy

_WATCH_SECONDS = 0.5
PLACES = ("COGNITO_URL", "JWKS_URL", "PUBLIC_URL")
"""Variables that only the local stage is given: AWS knows its own addresses."""


def up(
    project_dir: Path,
    detach: bool = False,
    port: int = 8000,
    aws_port: int = 4566,
    okta_port: int = 8100,
    origins: Sequence[str] = (),
    loopback_ports: Sequence[int] = (),
    http: bool = False,
    report: Reporter | None = None,
    state_dir: Path | None = None,
) -> None:
    """Start everything and deploy into it; run until interrupted, unless detached.

    It first stops whatever an earlier `up` with this state directory left running. Shared parts (MiniStack's
    environment, built dependencies) are in the project's `.local`. `origins` are the stage's ALLOWED_ORIGINS,
    `loopback_ports` its option of that name. The app is on
    https://localhost unless `http` is true. Raises OpsError.
    """
    require_linux()
    addresses = Addresses(port, aws_port, okta_port, https=not http)
    require_one_site(addresses, origins)
    certificate = None if http else prepare()
    report = report or Reporter()
    state_dir = state_dir or project_dir / ".local"
    state_dir.mkdir(parents=True, exist_ok=True)
    processes = Processes(state_dir)
    left = _stop(processes, state_dir)
    if left:
        report.note(f"stopped earlier programs: {', '.join(left)}")
    _require_free(addresses)
    hear_once()
    try:
        choices = (origins, loopback_ports)
        facts = _start(processes, state_dir, project_dir, addresses, certificate, choices, report)
        said = announcement(addresses, certificate, detach=detach, page_url=facts["page_url"])
        print(said, flush=True)
        while not detach:
            time.sleep(_WATCH_SECONDS)
            processes.check()
    except KeyboardInterrupt:
        _stop(processes, state_dir)
        report.note("stopped")
    except BaseException:
        _stop(processes, state_dir)
        raise


def down(project_dir: Path, state_dir: Path | None = None) -> None:
    """Stop what `up` started, even after a crash; say so if nothing was running."""
    state_dir = state_dir or project_dir / ".local"
    stopped = _stop(Processes(state_dir), state_dir)
    Reporter().note(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def info(project_dir: Path, state_dir: Path | None = None) -> dict[str, Any]:
    """Return the running stack's addresses and the people who can sign in."""
    state_dir = state_dir or project_dir / ".local"
    if not Processes(state_dir).running():
        raise OpsError(f"The local stack is not running: start it with `{PROGRAM} up`.")
    try:
        found: dict[str, Any] = json.loads((state_dir / "info.json").read_text())
    except (OSError, ValueError):
        raise OpsError("The local stack is not ready yet: it is being deployed.") from None
    return found


def _start(
    processes: Processes,
    state_dir: Path,
    project_dir: Path,
    addresses: Addresses,
    certificate: Certificate | None,
    choices: tuple[Sequence[str], Sequence[int]],
    report: Reporter,
) -> dict[str, Any]:
    shared = project_dir / ".local"
    shared.mkdir(exist_ok=True)
    python = ministack_python(shared, report)
    region = _region(project_dir)
    report.step("Starting the local AWS and the Okta stand-in")
    processes.start(programs.ministack(python, state_dir, addresses.aws, region))
    processes.start(programs.okta(Path(sys.executable), state_dir, addresses.okta))
    report.done()
    copy = state_dir / "app"
    stage_copy(project_dir, copy)
    origins, loopback_ports = choices
    if origins:
        write_environment(copy, LOCAL, {"ALLOWED_ORIGINS": ",".join(origins)}, {})
    if loopback_ports:
        write_option(copy, LOCAL, "loopback_ports", list(loopback_ports))
    credentials = create_deployer(addresses.aws_url, region)
    with local_aws_only(addresses.aws_url, region, credentials, state_dir / "no-aws-files"):
        stage = _deploy(copy, shared, addresses, report)
        facts = _facts(stage, addresses, certificate)
    processes.start(
        programs.front_proxy(
            state_dir,
            addresses.app,
            addresses.aws,
            facts["rest_api_id"],
            stage.api_gateway_stage,
            certificate.file if certificate else None,
        )
    )
    (state_dir / "info.json").write_text(json.dumps(facts, indent=2))
    return facts


def _deploy(copy: Path, shared: Path, addresses: Addresses, report: Reporter) -> Stage:
    """Do what `ops deploy` and `ops provider add` do on AWS."""
    stage = load_stage(copy, LOCAL)
    verify_functions(stage, FUNCTIONS)
    session = aws.session(stage)
    outputs = provision(session, stage, {}, report)
    pool_id = outputs.environment["USER_POOL_ID"]
    jwks_url = f"{addresses.aws_url}/{pool_id}/.well-known/jwks.json"
    places = dict(zip(PLACES, (addresses.aws_url, jwks_url, addresses.app_url), strict=True))
    write_environment(copy, LOCAL, places, {})
    _run_chalice(copy, shared, report)
    stage = load_stage(copy, LOCAL)
    okta = Provider(
        name="Okta",
        issuer=addresses.okta_url,
        client_id="gatehouse-local",
        client_secret="local-only",  # noqa: S106 - the stand-in takes any
    )
    add_provider(session, stage, okta, report)
    connect(session, stage, report)
    create_demo_users(session, pool_id)
    return stage


def _run_chalice(copy: Path, shared: Path, report: Reporter) -> None:
    report.step("chalice deploy --stage local")
    run_chalice(["deploy", "--stage", LOCAL], copy, shared / "dependencies")
    report.done()


def _facts(stage: Stage, addresses: Addresses, certificate: Certificate | None) -> dict[str, Any]:
    url = load_mount(stage.project_dir, stage.environment).url(addresses.app_url)
    people = [{"sub": person["sub"], "email": person["email"]} for person in load_people()]
    return {
        "app_url": addresses.app_url,
        "page_url": url.origin + url.page_path,
        "ca_file": str(certificate.ca_file) if certificate else None,
        "certificate_file": str(certificate.file) if certificate else None,
        "cognito_url": addresses.aws_url,
        "okta_url": addresses.okta_url,
        "aws_endpoint_url": addresses.aws_url,
        "region": stage.region,
        "stage": stage.name,
        "user_pool_id": stage.environment["USER_POOL_ID"],
        "client_id": stage.environment["CLIENT_ID"],
        "users_table": stage.environment["USERS_TABLE"],
        "rest_api_id": load_deployed(stage).rest_api_id,
        "okta_users": people,
        "demo_users": [dict(user) for user in DEMO_USERS],
    }


def _require_free(addresses: Addresses) -> None:
    require_free_port(addresses.app, "the app", "--port")
    require_free_port(addresses.aws, "the local AWS", "--aws-port")
    require_free_port(addresses.okta, "the Okta stand-in", "--okta-port")


def _region(project_dir: Path) -> str:
    return load_stage(project_dir, LOCAL).region


def _stop(processes: Processes, state_dir: Path) -> list[str]:
    stopped = processes.stop()
    if (
        not processes.running()
    ):  # otherwise they belong to another `up` by now, and so does its page of facts
        (state_dir / "info.json").unlink(missing_ok=True)
    return stopped
