"""`user …`: groups, second factors, links, and who may come in at all."""

from __future__ import annotations

import click

from ..command import ask, example, on_stage, yes_option
from ..stages import Stage
from .person import at_work, on_person, person_argument


@click.command("reset-mfa", epilog=example("user reset-mfa ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def reset_mfa(stage: Stage, user: str, yes: bool) -> None:
    """Take the second factor off a person.

    For who has lost the phone: switches every second factor off, forgets the authenticator app, ends every session. The
    password stays. First make sure whom you talk to, by another way than mail.
    """
    with at_work(stage, f"taking the second factor off {user}") as (directory, report):
        from .. import second_factor

        person = directory.require(user)
        second_factor.refuse_reset(person)
        if not yes:
            ask(
                f"This takes every second factor off {person}: the password alone will open the account. "
                "Be sure that it is they who ask.",
                user,
            )
        second_factor.reset(directory, person, report)


@click.command(epilog=example("user unlink ada@acme.com Okta --stage prod"))
@person_argument
@click.argument("provider")
@on_stage
@yes_option()
def unlink(stage: Stage, user: str, provider: str, yes: bool) -> None:
    """Take a provider off a native account.

    The account and its password stay. If the provider still links, the next sign-in through it joins the account again: run
    `provider add NAME … --no-link` first.
    """
    with at_work(stage, f"unlinking {user}") as (directory, report):
        from .. import people

        person = directory.require(user)
        people.refuse_unlink(person, provider)
        if not yes:
            ask(f"This takes {provider} off {person}.", user)
        people.unlink_user(directory, person.user_name, provider, report)


@click.command("sign-out", epilog=example("user sign-out ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def sign_out(stage: Stage, user: str, yes: bool) -> None:
    """End every session of a person.

    Access tokens that were issued before go on working for ten minutes at most.
    """
    from .. import access

    warning = "" if yes else "This ends every session of {person} in stage {stage!r}."
    on_person(stage, user, "signing out", access.end_sessions, warning)


@click.command(epilog=example("user disable ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def disable(stage: Stage, user: str, yes: bool) -> None:
    """Keep a person out, and end every session.

    The account stays; `enable` undoes it.
    """
    from .. import access

    warning = "" if yes else "This keeps {person} out of stage {stage!r} and ends every session."
    on_person(stage, user, "disabling", access.disable, warning)


@click.command(epilog=example("user enable ada@acme.com --stage prod"))
@person_argument
@on_stage
def enable(stage: Stage, user: str) -> None:
    """Let a disabled person sign in again.

    Sessions from before stay ended.
    """
    from .. import access

    on_person(stage, user, "enabling", access.enable)


@click.command(epilog=example("user delete ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def delete(stage: Stage, user: str, yes: bool) -> None:
    """Delete a person from pool and table.

    Ends every session. A provider's person comes back as a new one at the next sign-in, unless the provider keeps them out.
    """
    with at_work(stage, f"deleting {user}") as (directory, report):
        from .. import people

        person = directory.find(user)
        if not yes:
            ask(f"This deletes {person or user} from stage {stage.name!r} for ever.", user)
        people.delete_user(directory, person.user_name if person else user, report)


@click.group()
def group() -> None:
    """Put a person into a group, or take them out."""


@group.command(epilog=example("user group add ada@acme.com admins --stage prod"))
@person_argument
@click.argument("group")
@on_stage
def add(stage: Stage, user: str, group: str) -> None:
    """Put a person into a group.

    Their tokens say so within ten minutes.
    """
    from ..memberships import add_to_group

    on_person(
        stage,
        user,
        f"adding to {group}",
        lambda directory, person, report: add_to_group(directory, person, group, report),
    )


@group.command(epilog=example("user group remove ada@acme.com admins --stage prod"))
@person_argument
@click.argument("group")
@on_stage
def remove(stage: Stage, user: str, group: str) -> None:
    """Take a person out of a group.

    It counts at once on the administrators' own routes and on those with `fresh=True`; elsewhere when the access token
    ends, within ten minutes. A group that a provider tells is taken away there, not here.
    """
    from ..memberships import remove_from_group

    on_person(
        stage,
        user,
        f"removing from {group}",
        lambda directory, person, report: remove_from_group(directory, person, group, report),
    )


COMMANDS = (reset_mfa, unlink, sign_out, disable, enable, delete, group)
