"""Commands for the local stack: `up`, `down`, `info`, `trust`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from ..command import example, json_option, project_dir, state_dir_option
from ..errors import OpsError
from ..program import PROGRAM

_PORT = click.IntRange(1, 65535)


@click.command(
    epilog=example("up", "up --watch", "up --detach --port 8001 --aws-port 4567 --okta-port 8101"),
)
@click.option("--watch", is_flag=True, help="Deploy each edit into the running stack.")
@click.option(
    "--detach", is_flag=True, help=(f"Return when the stack is ready; `{PROGRAM} down` stops it.")
)
@click.option("--port", type=_PORT, default=8000, show_default=True, help="Port of the app.")
@click.option(
    "--aws-port",
    type=_PORT,
    default=4566,
    show_default=True,
    help=("Port of the local AWS and its Cognito."),
)
@click.option(
    "--okta-port", type=_PORT, default=8100, show_default=True, help="Port of the Okta stand-in."
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help=(
        "Allow a front end at this origin to call the app, such as https://localhost:3000; "
        "may be repeated."
    ),
)
@click.option(
    "--loopback-port",
    "loopback_ports",
    multiple=True,
    type=_PORT,
    metavar="N",
    help=(
        "Allow programs on this machine to sign people in on this port (docs/clients.md); "
        "may be repeated."
    ),
)
@click.option(
    "--http",
    is_flag=True,
    help="Serve plain HTTP. Safari and other WebKit browsers cannot sign in over plain HTTP.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Stop the running stack, and start a new stack. The old stack's people and records are "
    "lost.",
)
@state_dir_option
def up(
    watch: bool,
    detach: bool,
    port: int,
    aws_port: int,
    okta_port: int,
    origins: tuple[str, ...],
    loopback_ports: tuple[int, ...],
    http: bool,
    fresh: bool,
    state_dir: Path | None,
) -> None:
    """Start the local stack and deploy into it.

    The command prints the URL and the people who can sign in, and runs until Ctrl-C. The command deploys the same
    template as for AWS, with the same `chalice deploy`. If a stack is already running, the command deploys the project
    into that stack. The stack's people, sessions and records stay until the stack is stopped.
    """
    from ..local import stack
    from ..local.addresses import Addresses

    if len({port, aws_port, okta_port}) < 3:
        raise OpsError("The three ports must differ: --port, --aws-port, --okta-port.")
    if watch and detach:
        raise OpsError(
            "--watch and --detach contradict each other, because --watch stays in the "
            "foreground: leave --detach out."
        )
    addresses = Addresses(port, aws_port, okta_port, https=not http)
    stack.up(
        project_dir(),
        stack.Choices(addresses, origins, loopback_ports),
        detach=detach,
        watch=watch,
        fresh=fresh,
        state_dir=state_dir,
    )


@click.command(epilog=example("down"))
@state_dir_option
def down(state_dir: Path | None) -> None:
    """Stop the local stack that `up` started."""
    from ..local import stack

    stack.down(project_dir(), state_dir)


@click.command(epilog=example("info", "info --json"))
@state_dir_option
@json_option
def info(state_dir: Path | None, as_json: bool) -> None:
    """Show the local stack's addresses.

    The command also lists the people who can sign in.
    """
    from ..local import stack

    found = stack.info(project_dir(), state_dir)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for key, value in found.items():
        click.echo(f"{key + ':':<18} {value if isinstance(value, str) else json.dumps(value)}")


@click.command(epilog=example("trust"))
def trust() -> None:
    """Make browsers trust the local stack.

    The command adds the local certificate authority to your Chromium and Firefox. One run per user is enough. For other
    browsers, other systems and the devcontainer, see docs/local-aws.md#https
    """
    from ..local import authority
    from ..local import trust as browsers

    certificate = authority.prepare()
    if certificate.by_mkcert:
        click.echo(
            "mkcert's root signs the certificate: run `mkcert -install` to add this root to your "
            "browsers."
        )
        return
    for folder in browsers.trust(certificate.ca_file):
        click.echo(f"trusted in {folder}")
    click.echo(
        "Restart running browsers. For programs that use the system's certificate store, run:\n "
        f" sudo cp {shlex.quote(str(certificate.ca_file))} "
        "/usr/local/share/ca-certificates/gatehouse-localhost.crt && sudo "
        "update-ca-certificates"
    )


COMMANDS = (up, down, info, trust)
