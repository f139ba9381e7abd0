"""The command `logs`, which shows a stage's log lines."""

from __future__ import annotations

import time

import click

from ..command import example, on_stage
from ..stages import Stage


@click.command(
    epilog=example(
        "logs --stage local --follow", "logs --stage dev --function api_handler --since 2h --errors"
    )
)
@on_stage
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME",
    help="Show only this function's lines; repeatable.",
)
@click.option(
    "--since",
    default="15m",
    show_default=True,
    metavar="TIME",
    help="How far back to show lines: 30s, 15m, 2h or 1d.",
)
@click.option(
    "--request", "request_id", default="", metavar="ID", help="Show only this request's lines."
)
@click.option("--errors", "only_errors", is_flag=True, help="Only errors.")
@click.option("--follow", is_flag=True, help="Show new lines as they arrive, until Ctrl-C.")
def logs(
    stage: Stage,
    functions: tuple[str, ...],
    since: str,
    request_id: str,
    only_errors: bool,
    follow: bool,
) -> None:
    """Show the log lines of a stage.

    The command shows the lines of all functions, including your own. Each line has the time, the function and the
    event. For a failure, the line also names the place in the code. On the local stage, the line also has the message
    and the traceback.
    """
    from .. import aws, identity_stack
    from .. import logs as log_lines
    from ..team_file import load_team_file

    theirs = load_team_file(stage.project_dir).functions
    known = list(dict.fromkeys([*identity_stack.FUNCTIONS, *theirs, *sorted(stage.own_roles)]))
    groups = log_lines.groups_of(stage, functions, known)
    session, begin = aws.session(stage), time.time() - log_lines.parse_since(since)
    if follow:
        found = log_lines.follow(
            session, groups, begin, request_id=request_id, only_errors=only_errors
        )
    else:
        found = iter(
            log_lines.read(session, groups, begin, request_id=request_id, only_errors=only_errors)
        )
    for line in found:
        colour = "red" if line.is_error else None
        click.secho(log_lines.shown(line, several=len(groups) > 1), fg=colour)


COMMANDS = (logs,)
