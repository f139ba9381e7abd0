"""The commands `user …` that change a person's rights: groups, second factors, links, blocking and deleting."""

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
    """Remove a person's second factor.

    Use this command for a person who has lost the phone. The command switches every second factor off, deletes the
    authenticator app's key, and ends every session. The password does not change. First verify the person's identity,
    but not by mail.
    """
    with at_work(stage, f"removing the second factor of {user}") as (directory, report):
        from .. import second_factor

        person = directory.require(user)
        second_factor.refuse_reset(person)
        if not yes:
            ask(
                f"This removes every second factor of {person}: the account will need only the "
                "password. Make sure that the request comes from this person.",
                user,
            )
        second_factor.reset(directory, person, report)


@click.command(epilog=example("user unlink ada@acme.com Okta --stage prod"))
@person_argument
@click.argument("provider")
@on_stage
@yes_option()
def unlink(stage: Stage, user: str, provider: str, yes: bool) -> None:
    """Unlink a provider from a native account.

    The account and its password are kept. If linking is still on, the next sign-in through the provider links the
    account again. To prevent the new link, first run `provider add NAME … --no-link`.
    """
    with at_work(stage, f"unlinking {user}") as (directory, report):
        from .. import people

        person = directory.require(user)
        people.refuse_unlink(person, provider)
        if not yes:
            ask(f"This unlinks {provider} from {person}.", user)
        people.unlink_user(directory, person.user_name, provider, report)


@click.command("sign-out", epilog=example("user sign-out ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def sign_out(stage: Stage, user: str, yes: bool) -> None:
    """End every session of a person.

    Access tokens that were already issued work for ten minutes at most.
    """
    from .. import access

    warning = "" if yes else "This ends every session of {person} in stage {stage!r}."
    on_person(stage, user, "signing out", access.end_sessions, warning)


@click.command(epilog=example("user disable ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def disable(stage: Stage, user: str, yes: bool) -> None:
    """Stop a person from signing in, and end the person's sessions.

    The account is kept; `user enable` lets the person sign in again.
    """
    from .. import access

    warning = (
        ""
        if yes
        else ("This stops {person} from signing in to stage {stage!r} and ends every session.")
    )
    on_person(stage, user, "disabling", access.disable, warning)


@click.command(epilog=example("user enable ada@acme.com --stage prod"))
@person_argument
@on_stage
def enable(stage: Stage, user: str) -> None:
    """Let a disabled person sign in again.

    Earlier sessions do not become valid again.
    """
    from .. import access

    on_person(stage, user, "enabling", access.enable)


@click.command(epilog=example("user delete ada@acme.com --stage prod"))
@person_argument
@on_stage
@yes_option()
def delete(stage: Stage, user: str, yes: bool) -> None:
    """Delete a person from pool and table.

    The command also ends every session. A person who signs in through a provider gets a new account at the next
    sign-in, unless the provider refuses the sign-in.
    """
    with at_work(stage, f"deleting {user}") as (directory, report):
        from .. import people

        person = directory.find(user)
        if not yes:
            ask(f"This permanently deletes {person or user} from stage {stage.name!r}.", user)
        people.delete_user(directory, person.user_name if person else user, report)


@click.group()
def group() -> None:
    """Add a person to a group, or remove a person from a group."""


@group.command(epilog=example("user group add ada@acme.com admins --stage prod"))
@person_argument
@click.argument("group")
@on_stage
def add(stage: Stage, user: str, group: str) -> None:
    """Add a person to a group.

    The person's tokens include the group within ten minutes.
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
    """Remove a person from a group.

    On the administrators' routes and on routes with `fresh=True`, the removal takes effect at once. On other routes,
    the removal takes effect when the access token expires (within ten minutes). If a provider sets the group, remove
    the group at the provider instead.
    """
    from ..memberships import remove_from_group

    on_person(
        stage,
        user,
        f"removing from {group}",
        lambda directory, person, report: remove_from_group(directory, person, group, report),
    )


COMMANDS = (reset_mfa, unlink, sign_out, disable, enable, delete, group)
