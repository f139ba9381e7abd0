"""The command line: `gatehouse …`, and `python -m ops …` in this repository.

Exit codes: 0 for success, 1 for an OpsError (its message says how to fix the failure), 2 for wrong usage, 130 for an
interruption. A command imports heavy modules only when the command runs, so `--help` and usage errors appear at once.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from chalicelib.gatehouse import __version__

from .commands import care, local, logs, project, provider, stage, user
from .errors import OpsError
from .program import PROGRAM

_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC)
_GROUPS = (project, local, stage, provider, user, care, logs)


class _InOrder(click.Group):
    """A group of commands that lists the commands in their order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were added."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        ".chalice/config.json defines the stages. boto3 finds the AWS credentials: AWS_PROFILE, "
        "or the usual variables."
    ),
    help=f"""Gatehouse on your machine and in your AWS account.

\b
  try it        {PROGRAM} up
  deploy it     {PROGRAM} deploy --stage dev
  add Okta      {PROGRAM} provider add Okta --stage dev --issuer https://acme.okta.com \\
                  --client-id 0oa… --domain acme.com
""",
)
@click.option(
    "--project-dir",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    default=".",
    metavar="DIR",
    help="The project's folder (default: this one).",
)
@click.version_option(__version__, prog_name="gatehouse", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, project_dir: Path) -> None:
    """Store the project's folder in the context of the command."""
    context.obj = project_dir


for _each in _GROUPS:
    for _command in _each.COMMANDS:
        cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return int(cli.main(given, prog_name=PROGRAM, standalone_mode=False) or 0)
    except OpsError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        click.echo(
            f"error: {error.filename or 'The folder'} cannot be written: {error.strerror}. "
            "Make the project's folder writable, or work on a copy of the folder. `up`, `down` "
            "and `info` take another folder for their state: --state-dir DIR.",
            err=True,
        )
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
