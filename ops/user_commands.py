"""`ops user …`: one person of a stage, or a list of them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .command import add_stage, ask, command, load
from .errors import OpsError
from .report import Reporter

if TYPE_CHECKING:
    from .directory import Directory, Person
    from .stages import Stage

_STATES = ("confirmed", "not-confirmed", "invited", "reset-required", "from-a-provider", "disabled")


def add(commands: Any) -> None:
    """Add the commands about single people."""
    user = command(
        commands,
        "user",
        None,
        "the people of a stage: list, show, invite, help, keep out",
        "\nA person is named by user name or by address. Where several people have the address, the\n"
        "error lists their user names. docs/runbooks.md says what to do when: the first\n"
        "administrator, a lost phone, an expired invitation, a stranger's sign-up.",
    )
    actions = user.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_reading(actions)
    _add_helping(actions)
    _add_keeping_out(actions)
    groups = command(
        actions, "group", None, "put somebody into a group of the pool, or take them out"
    )
    verbs = groups.add_subparsers(title="actions", metavar="ACTION", required=True)
    for verb, run, summary, details in (
        ("add", _group_add, "put a person into a group", "\nTokens say so within ten minutes."),
        (
            "remove",
            _group_remove,
            "take a person out of a group",
            "\nAt once on the administrators' own routes and on those with `fresh=True`; elsewhere when\n"
            "the access token ends, within ten minutes. A group that a provider tells is taken away\n"
            "there, not here.",
        ),
    ):
        each = _of_person(verbs, verb, run, summary, details)
        each.add_argument("group", metavar="GROUP")


def _add_reading(actions: Any) -> None:
    listing = command(
        actions,
        "list",
        _list,
        "list people, a line each, as the pool's pages come in",
        "\nUser name, address, status, provider, name. --json prints one array, one person a line.",
    )
    add_stage(listing)
    listing.add_argument("--group", default="", metavar="GROUP", help="members of a pool's group")
    listing.add_argument("--status", default="", choices=_STATES, help="in this state")
    listing.add_argument(
        "--email-prefix", default="", metavar="TEXT", help="whose address starts like this"
    )
    listing.add_argument(
        "--provider",
        default="",
        metavar="NAME",
        help="who come through a provider, or are linked to it",
    )
    listing.add_argument("--limit", type=_count, metavar="N", help="at most so many")
    show = _of_person(
        actions,
        "show",
        _show,
        "show what pool, table and providers know of a person, and what comes next",
        "\nStatus, groups, second factors, links, record, what differs, and what the person can do.\n"
        "AWS bills people who were looked up with AdminGetUser as active in that month.",
    )
    for each in (listing, show):
        each.add_argument("--json", action="store_true", help="for programs")


def _add_helping(actions: Any) -> None:
    invite = command(
        actions,
        "invite",
        _invite,
        "invite somebody by mail, or send an invitation again",
        "\nThe mail brings a temporary password; the first sign-in chooses another one. Sent again, the\n"
        "old one is void. With --group admins this is how the first administrator comes to be.",
    )
    invite.add_argument("email", metavar="EMAIL")
    add_stage(invite)
    invite.add_argument("--given-name", default="", metavar="NAME")
    invite.add_argument("--family-name", default="", metavar="NAME")
    invite.add_argument("--group", default="", metavar="GROUP", help="and put them into this group")
    invite.add_argument("--json", action="store_true", help="for programs")
    reset = _of_person(
        actions,
        "reset-mfa",
        _reset_mfa,
        "take the second factor off somebody who has lost the phone",
        "\nSwitches every second factor off, forgets the authenticator app, ends every session. The\n"
        "password stays. First make sure whom you talk to, by another way than mail.",
    )
    unlink = _of_person(
        actions,
        "unlink",
        _unlink,
        "take a provider off a native account",
        "\nThe account and its password stay. Where the provider still links, the next sign-in\n"
        "through it joins the account again: `provider add NAME … --no-link` first.",
    )
    unlink.add_argument("provider", metavar="PROVIDER")
    for each in (reset, unlink):
        _add_yes(each)


def _add_keeping_out(actions: Any) -> None:
    for name, run, summary, details in (
        (
            "sign-out",
            _sign_out,
            "end every session of a person",
            "\nAccess tokens that are out already work for ten minutes at most.",
        ),
        (
            "disable",
            _disable,
            "keep a person out, and end every session",
            "\nThe account stays; `enable` undoes it.",
        ),
        (
            "delete",
            _delete,
            "delete a person from pool and table",
            "\nEnds every session. A provider's person comes back as a new one at the next sign-in,\n"
            "unless the provider keeps them out.",
        ),
    ):
        _add_yes(_of_person(actions, name, run, summary, details))
    _of_person(
        actions,
        "enable",
        _enable,
        "let a disabled person sign in again",
        "\nSessions from before stay ended.",
    )


def _of_person(actions: Any, name: str, run: Any, summary: str, details: str = "") -> Any:
    parser = command(actions, name, run, summary, details)
    parser.add_argument("user", metavar="NAME_OR_EMAIL", help="user name or address")
    add_stage(parser)
    return parser


def _add_yes(parser: Any) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of people: 1 or more")
    return int(text)


def open_directory(stage: Stage) -> Directory:
    """Open the directory of a stage, with the credentials of the environment."""
    from . import aws
    from .directory import Directory

    return Directory(aws.session(stage), stage)


@contextmanager
def _at_work(options: argparse.Namespace, doing: str) -> Iterator[tuple[Directory, Reporter]]:
    """Open the stage's directory; a refusal by AWS becomes an error that says which rights are needed."""
    from botocore.exceptions import ClientError

    from . import aws

    stage = load(options)
    with aws.explained(doing):
        try:
            yield open_directory(stage), Reporter()
        except ClientError as error:
            if not aws.error_code(error).startswith("AccessDenied"):
                raise
            raise OpsError(
                f"Your AWS credentials do not allow {doing}: {aws.error_message(error)}\n"
                "docs/operations.md, “Rights of an operator”, lists what each command needs."
            ) from error


def _on_person(
    options: argparse.Namespace,
    doing: str,
    act: Callable[[Directory, Person, Reporter], None],
    warning: str = "",
) -> None:
    """Find the person, ask where there is a warning, and act."""
    with _at_work(options, f"{doing} {options.user}") as (directory, report):
        person = directory.require(options.user)
        if warning and not options.yes:
            ask(warning.format(person=person, stage=options.stage), options.user)
        act(directory, person, report)


def _list(options: argparse.Namespace) -> None:
    with _at_work(options, "listing people") as (directory, report):
        from .people_list import Filter, print_people

        wanted = Filter(options.group, options.status, options.email_prefix, options.provider)
        try:
            print_people(directory, wanted, report, limit=options.limit, as_json=options.json)
        except BrokenPipeError:
            # `… | head` has read enough; Python would complain once more when it flushes at its end.
            # https://docs.python.org/3/library/signal.html#note-on-sigpipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(options: argparse.Namespace) -> None:
    with _at_work(options, f"looking up {options.user}") as (directory, _):
        from .person_report import build_report, lines_of

        found = build_report(directory, options.user)
    print(json.dumps(found, indent=2) if options.json else "\n".join(lines_of(found)))


def _invite(options: argparse.Namespace) -> None:
    with _at_work(options, f"inviting {options.email}") as (directory, report):
        from .invitation import invite

        given = {"given_name": options.given_name, "family_name": options.family_name}
        names = {name: value for name, value in given.items() if value}
        found = invite(directory, options.email, names, options.group, report)
    if options.json:
        print(json.dumps(found))


def _reset_mfa(options: argparse.Namespace) -> None:
    def act(directory: Directory, person: Person, report: Reporter) -> None:
        from . import second_factor

        second_factor.refuse_reset(person)
        if not options.yes:
            ask(
                f"This takes every second factor off {person}: the password alone will open the account. "
                "Be sure that it is they who ask.",
                options.user,
            )
        second_factor.reset(directory, person, report)

    _on_person(options, "taking the second factor off", act)


def _unlink(options: argparse.Namespace) -> None:
    with _at_work(options, f"unlinking {options.user}") as (directory, report):
        from . import people

        person = directory.require(options.user)
        people.refuse_unlink(person, options.provider)
        if not options.yes:
            ask(f"This takes {options.provider} off {person}.", options.user)
        people.unlink_user(directory, person.user_name, options.provider, report)


def _sign_out(options: argparse.Namespace) -> None:
    from . import access

    warning = "This ends every session of {person} in stage {stage!r}."
    _on_person(options, "signing out", access.end_sessions, warning)


def _disable(options: argparse.Namespace) -> None:
    from . import access

    warning = "This keeps {person} out of stage {stage!r} and ends every session."
    _on_person(options, "disabling", access.disable, warning)


def _enable(options: argparse.Namespace) -> None:
    from . import access

    _on_person(options, "enabling", access.enable)


def _group_add(options: argparse.Namespace) -> None:
    from .memberships import add_to_group

    _on_person(
        options,
        f"adding to {options.group}",
        lambda directory, person, report: add_to_group(directory, person, options.group, report),
    )


def _group_remove(options: argparse.Namespace) -> None:
    from .memberships import remove_from_group

    _on_person(
        options,
        f"removing from {options.group}",
        lambda directory, person, report: remove_from_group(
            directory, person, options.group, report
        ),
    )


def _delete(options: argparse.Namespace) -> None:
    with _at_work(options, f"deleting {options.user}") as (directory, report):
        from . import people

        person = directory.find(options.user)
        if not options.yes:
            whom = str(person or options.user)
            ask(f"This deletes {whom} from stage {options.stage!r} for ever.", options.user)
        people.delete_user(directory, person.user_name if person else options.user, report)
