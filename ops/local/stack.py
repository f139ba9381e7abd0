"""This module starts the local stack, and deploys the project into the local AWS. The deployment uses the same template
and the same `chalice deploy` as on AWS.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import aws
from ..connect import connect, load_deployed
from ..errors import OpsError
from ..identity_stack import provision
from ..mount import load_mount
from ..program import PROGRAM
from ..provider import Provider
from ..providers import add_provider
from ..report import Reporter
from ..stages import LOCAL, Stage, load_stage, require_project, write_environment, write_option
from . import programs
from .addresses import Addresses, require_one_site
from .announcement import announcement
from .authority import Certificate, prepare
from .candidate import require_deployable
from .chalice_cli import run_chalice
from .deployer import create_deployer, local_aws_only
from .environment import ministack_python, require_linux
from .interrupts import hear_once
from .leavers import tell_console
from .okta import load_people
from .people import DEMO_USERS, create_demo_users
from .processes import Processes, require_free_port
from .staged_copy import PLACES, naming_the_project, stage_copy

_CHECK_SECONDS = 0.5
_WATCH_SECONDS = 0.1
#: The pause before the module checks changed files a second time, in seconds.
_SETTLE_SECONDS = 0.03
_CHOICES = "choices.json"
_PROGRAMS = 3
OKTA = "Okta"


@dataclass(frozen=True)
class Choices:
    """Options of `up` that cannot be changed while the stack runs.

    `origins` become the stage's `ALLOWED_ORIGINS`; `loopback_ports` become the stage's option `loopback_ports`.
    """

    addresses: Addresses
    origins: tuple[str, ...] = ()
    loopback_ports: tuple[int, ...] = ()

    def write(self, copy: Path) -> None:
        """Write the options into the settings of a copy of the project."""
        if self.origins:
            write_environment(copy, LOCAL, {"ALLOWED_ORIGINS": ",".join(self.origins)}, {})
        if self.loopback_ports:
            write_option(copy, LOCAL, "loopback_ports", list(self.loopback_ports))

    def text(self) -> str:
        """Return the options as text. A later `up` compares this text with the text of its own options."""
        return json.dumps(asdict(self), sort_keys=True)


def up(
    project_dir: Path,
    choices: Choices,
    detach: bool = False,
    watch: bool = False,
    fresh: bool = False,
    report: Reporter | None = None,
    state_dir: Path | None = None,
) -> None:
    """Start a stack, or use the running stack. Then deploy the project into the stack. Unless `detach` is true, run
    until interrupted.

    If a stack with this state directory is already running, that stack keeps its people and records, unless `fresh` is
    true. With `watch`, each edit of the project is deployed into the stack. Parts that several stacks share
    (MiniStack's environment, built dependencies) are in the project's `.local`. `choices` are the options of `up`, such
    as HTTPS. Settings and app are checked before anything is stopped. Raises OpsError.
    """
    require_linux()
    require_project(project_dir)
    addresses = choices.addresses
    require_one_site(addresses, choices.origins)
    certificate = prepare() if addresses.https else None
    report = report or Reporter()
    state_dir = state_dir or project_dir / ".local"
    state_dir.mkdir(parents=True, exist_ok=True)
    processes = Processes(state_dir)
    keep = not fresh and require_same_choices(processes, state_dir, choices)
    if keep:
        hear_once()
        processes.adopt()
        facts = _redeploy(project_dir, state_dir, report)
    else:
        require_deployable(project_dir, None, state_dir / "candidate", choices.write)
        _require_free(addresses, _ports(state_dir) if processes.running() else ())
        left = _stop(processes, state_dir)
        if left:
            report.note(f"stopped earlier programs: {', '.join(left)}; people and records are lost")
        _require_free(addresses)
        hear_once()
    try:
        if not keep:
            facts = _start(processes, state_dir, project_dir, choices, certificate, report)
        said = announcement(addresses, certificate, detach=detach, page_url=facts["page_url"])
        print(said, flush=True)
        if watch:
            _watch(processes, project_dir, state_dir, report)
        while not detach:
            time.sleep(_CHECK_SECONDS)
            processes.check()
    except KeyboardInterrupt:
        _stop(processes, state_dir)
        report.note("stopped")
    except BaseException:
        _stop(processes, state_dir)
        raise


def require_same_choices(processes: Processes, state_dir: Path, choices: Choices) -> bool:
    """Return True if a complete stack with these choices is running. Raises OpsError if a stack runs with other
    choices.
    """
    if len(processes.running()) < _PROGRAMS or not (state_dir / "info.json").exists():
        return False
    try:
        before = (state_dir / _CHOICES).read_text(encoding="utf-8")
    except OSError:
        return False
    if before != choices.text():
        raise OpsError(
            "A stack is running here with other ports or options, which cannot be changed while "
            f"it runs. To use that stack, pass its own options: {_told(before)}. To stop that "
            f"stack and start a new stack (people and records are lost), run {PROGRAM} up --fresh "
            "with your options."
        )
    return True


def _told(text: str) -> str:
    """Return the stored choices as text: the options of `up`, as a person would type them."""
    found = json.loads(text)
    places = found["addresses"]
    words = [f"--port {places['app']} --aws-port {places['aws']} --okta-port {places['okta']}"]
    words += [f"--allow-origin {each}" for each in found["origins"]]
    words += [f"--loopback-port {each}" for each in found["loopback_ports"]]
    return " ".join(words + ([] if places["https"] else ["--http"]))


def _redeploy(project_dir: Path, state_dir: Path, report: Reporter) -> dict[str, Any]:
    """Deploy into the running stack. If the project cannot be deployed, the stack stays unchanged."""
    from .edits import Edits
    from .running import running_stage

    found = info(project_dir, state_dir)
    report.note(
        "a stack is running: deploying into this stack; people, sessions and records stay "
        "(--fresh starts a new stack)"
    )
    with running_stage(project_dir, state_dir) as stage:
        Edits(project_dir, stage, found, report).deploy()
    return found


def _watch(processes: Processes, project_dir: Path, state_dir: Path, report: Reporter) -> None:
    """Deploy each edit into the running stack, until interrupted."""
    from .edits import Edits
    from .running import running_stage
    from .watched_files import WatchedFiles

    files = WatchedFiles(project_dir)
    with running_stage(project_dir, state_dir) as stage:
        edits = Edits(project_dir, stage, info(project_dir, state_dir), report)
        report.note("watching app.py, chalicelib, vendor (the page), settings and requirements.txt")
        while True:
            time.sleep(_SETTLE_SECONDS if files.settling else _WATCH_SECONDS)
            processes.check()
            changed = files.changed()
            if changed:
                edits.take(changed)


def down(project_dir: Path, state_dir: Path | None = None) -> None:
    """Stop the programs that `up` started, even after a crash. Print a note if no program was running."""
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
        raise OpsError(
            "The local stack is not ready yet, because it is being deployed. Run this "
            "command again in a minute."
        ) from None
    return found


def _start(
    processes: Processes,
    state_dir: Path,
    project_dir: Path,
    choices: Choices,
    certificate: Certificate | None,
    report: Reporter,
) -> dict[str, Any]:
    addresses = choices.addresses
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
    choices.write(copy)
    credentials = create_deployer(addresses.aws_url, region)
    with local_aws_only(addresses.aws_url, region, credentials, state_dir / "no-aws-files"):
        with naming_the_project(copy, project_dir):
            stage = _deploy(copy, shared, addresses, report)
        ca_file = certificate.ca_file if certificate else None
        tell_console(aws.session(stage), stage, OKTA, state_dir, ca_file, report)
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
    (state_dir / _CHOICES).write_text(choices.text(), encoding="utf-8")
    (state_dir / "info.json").write_text(json.dumps(facts, indent=2))
    return facts


def _deploy(copy: Path, shared: Path, addresses: Addresses, report: Reporter) -> Stage:
    """Deploy the stage and register the provider, as `ops deploy` and `ops provider add` do on AWS."""
    stage = load_stage(copy, LOCAL)
    session = aws.session(stage)
    outputs = provision(session, stage, {}, report)
    pool_id = outputs.environment["USER_POOL_ID"]
    jwks_url = f"{addresses.aws_url}/{pool_id}/.well-known/jwks.json"
    places = dict(zip(PLACES, (addresses.aws_url, jwks_url, addresses.app_url), strict=True))
    write_environment(copy, LOCAL, places, {})
    _run_chalice(copy, shared, report)
    stage = load_stage(copy, LOCAL)
    okta = Provider(
        name=OKTA,
        issuer=addresses.okta_url,
        client_id="gatehouse-local",
        client_secret="local-only",  # noqa: S106 - the stand-in takes any
    )
    add_provider(session, stage, okta, report)
    connect(session, stage, report)
    create_demo_users(session, stage)
    return stage


def _run_chalice(copy: Path, shared: Path, report: Reporter) -> None:
    report.step("chalice deploy --stage local (the first deployment also downloads packages)")
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


def _require_free(addresses: Addresses, ours: Collection[int] = ()) -> None:
    """Raise OpsError if another program uses a port of the new stack. `ours` are the ports of the stack that will be
    stopped.
    """
    for port, purpose, option in (
        (addresses.app, "the app", "--port"),
        (addresses.aws, "the local AWS", "--aws-port"),
        (addresses.okta, "the Okta stand-in", "--okta-port"),
    ):
        if port not in ours:
            require_free_port(port, purpose, option)


def _ports(state_dir: Path) -> Collection[int]:
    """Return the ports of the running stack. After an interrupted start, these ports are unknown. In this case, return
    every port number.
    """
    try:
        (state_dir / "info.json").stat()
        places = json.loads((state_dir / _CHOICES).read_text(encoding="utf-8"))["addresses"]
    except OSError:
        return range(65536)
    return (places["app"], places["aws"], places["okta"])


def _region(project_dir: Path) -> str:
    return load_stage(project_dir, LOCAL).region


def _stop(processes: Processes, state_dir: Path) -> list[str]:
    stopped = processes.stop()
    # If a program still runs, another `up` has started the program. Then info.json belongs to that `up`, and must stay.
    if not processes.running():
        (state_dir / "info.json").unlink(missing_ok=True)
    return stopped
