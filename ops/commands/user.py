"""The commands `user …`: the people of a stage. user_access.py has the commands that change a person's rights."""

from __future__ import annotations

import json
import os
import sys

import click

from ..command import example, json_option, on_stage
from ..stages import Stage
from . import user_access
from .person import at_work, person_argument

_STATES = ("confirmed", "not-confirmed", "invited", "reset-required", "from-a-provider", "disabled")


@click.group()
def user() -> None:
    """The people of a stage.

    Pass a person's user name or address. If several people have the same address, the error message lists the people's
    user names. docs/runbooks.md has instructions for the first administrator, a lost phone, an expired invitation and a
    stranger's sign-up.
    """


@user.command("list", epilog=example("user list --stage prod --group admins"))
@on_stage
@click.option(
    "--group", default="", metavar="GROUP", help="List only people in this group of the pool."
)
@click.option(
    "--status",
    default="",
    type=click.Choice(("", *_STATES)),
    help="List only people in this state.",
    metavar=f"[{'|'.join(_STATES)}]",
)
@click.option(
    "--email-prefix",
    default="",
    metavar="TEXT",
    help="List only people whose address starts with this text.",
)
@click.option(
    "--provider",
    default="",
    metavar="NAME",
    help="List only people who sign in through this provider, or are linked to it.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Print at most this number of people."
)
@json_option
def list_(
    stage: Stage,
    group: str,
    status: str,
    email_prefix: str,
    provider: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """List people.

    While the command reads the pool, it prints one line per person: user name, address, status, provider and name.
    --json prints one array, one person per line.
    """
    with at_work(stage, "listing people") as (directory, report):
        from ..people_list import Filter, print_people

        wanted = Filter(group, status, email_prefix, provider)
        try:
            print_people(directory, wanted, report, limit=limit, as_json=as_json)
        except BrokenPipeError:
            # The reader, such as `head`, has closed the pipe. Without the line below, Python would report the closed
            # pipe again at exit.
            # https://docs.python.org/3/library/signal.html#note-on-sigpipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@user.command(epilog=example("user show ada@acme.com --stage prod"))
@person_argument
@on_stage
@json_option
def show(stage: Stage, user: str, as_json: bool) -> None:
    """Show all data about a person.

    The command reads the pool, the table and the providers. The report has status, groups, second factors, links,
    record, differences between pool and table, and next steps. The command calls AdminGetUser, so AWS bills the person
    as an active user of the month.
    """
    with at_work(stage, f"looking up {user}") as (directory, _):
        from ..person_report import build_report, lines_of

        found = build_report(directory, user)
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(lines_of(found)))


@user.command(epilog=example("user sessions ada@acme.com --stage prod"))
@person_argument
@on_stage
@click.option("--end", default=None, metavar="ID", help="End the person's session with this id.")
@json_option
def sessions(stage: Stage, user: str, end: str | None, as_json: bool) -> None:
    """Show a person's sessions.

    The command prints one line per session, the most recently used session first: id, browser, provider, times. With
    --end, one session ends at its next refresh, after ten minutes at most. `user sign-out` ends all sessions.
    """
    with at_work(stage, f"looking up the sessions of {user}") as (directory, report):
        from .. import user_sessions

        person = directory.require(user)
        if end is not None:
            user_sessions.end_session(directory, person, end, stage.name, report)
            return
        rows = user_sessions.list_sessions(directory, person)
    if as_json:
        click.echo(json.dumps([user_sessions.as_data(row) for row in rows], indent=2))
    else:
        click.echo("\n".join(user_sessions.lines_of(person, rows)))


@user.command(epilog=example("user invite ada@acme.com --stage prod --group admins"))
@click.argument("email")
@on_stage
@click.option("--given-name", default="", metavar="NAME", help="First name.")
@click.option("--family-name", default="", metavar="NAME", help="Last name.")
@click.option("--group", default="", metavar="GROUP", help="Also add the person to this group.")
@json_option
def invite(
    stage: Stage, email: str, given_name: str, family_name: str, group: str, as_json: bool
) -> None:
    """Invite a person by mail.

    The mail contains a temporary password. At the first sign-in, the person chooses another password. Run the command
    again to send a new invitation, which invalidates the old temporary password. Use --group admins to make the first
    administrator.
    """
    with at_work(stage, f"inviting {email}") as (directory, report):
        from .. import invitation

        given = {"given_name": given_name, "family_name": family_name}
        names = {name: value for name, value in given.items() if value}
        found = invitation.invite(directory, email, names, group, report)
    if as_json:
        click.echo(json.dumps(found))


for _each in user_access.COMMANDS:
    user.add_command(_each)

COMMANDS = (user,)
