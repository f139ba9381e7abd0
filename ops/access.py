"""This module ends sessions, and disables or enables accounts."""

from __future__ import annotations

from botocore.exceptions import ClientError

from . import aws
from .directory import Directory, Person
from .report import Reporter


def end_sessions(directory: Directory, person: Person, report: Reporter) -> None:
    """Revoke a person's refresh tokens and delete the person's session rows. The administrators' routes and routes with
    `fresh=True` then refuse access tokens that were issued before this call.
    """
    try:
        directory.call("admin_user_global_sign_out", Username=person.user_name)
    except ClientError as error:
        # AWS does not document the effect of AdminUserGlobalSignOut on disabled people, so a refusal is ignored for a
        # disabled person. The refusal does no harm: a disabled person's refresh tokens do not work, and `enable`
        # revokes the tokens.
        if person.user.enabled or aws.error_code(error) != "NotAuthorizedException":
            raise
    directory.sessions.end_all(person.user.sub)
    directory.record(person)
    directory.users.record_signed_out(person.user_name)
    report.note(
        "every session is ended. Access tokens already issued work for ten minutes at most; the "
        "administrators' routes refuse them now"
    )


def disable(directory: Directory, person: Person, report: Reporter) -> None:
    """Stop a person from signing in, and end the person's sessions."""
    directory.call("admin_disable_user", Username=person.user_name)
    directory.settle(person)
    report.note(f"{person} can no longer sign in")
    end_sessions(directory, directory.get(person.user_name) or person, report)


def enable(directory: Directory, person: Person, report: Reporter) -> None:
    """Let a person sign in again. Earlier sessions do not become valid again."""
    directory.call("admin_enable_user", Username=person.user_name)
    directory.settle(person)
    report.note(f"{person} can sign in again")
    if not person.user.enabled:
        end_sessions(directory, directory.get(person.user_name) or person, report)
