"""Who may come in: sessions ended, accounts disabled and enabled."""

from __future__ import annotations

from botocore.exceptions import ClientError

from . import aws
from .directory import Directory, Person
from .report import Reporter


def end_sessions(directory: Directory, person: Person, report: Reporter) -> None:
    """Revoke a person's refresh tokens, delete the sessions' rows, and let what was issued before now count no more."""
    try:
        directory.call("admin_user_global_sign_out", Username=person.user_name)
    except ClientError as error:
        # Not documented for disabled people. Their refresh tokens serve nobody meanwhile, and `enable` ends them.
        if person.user.enabled or aws.error_code(error) != "NotAuthorizedException":
            raise
    directory.sessions.end_all(person.user.sub)
    directory.record(person)
    directory.users.record_signed_out(person.user_name)
    report.note(
        "every session is ended; an access token that is out already works for ten minutes at most, "
        "not on the administrators' own routes"
    )


def disable(directory: Directory, person: Person, report: Reporter) -> None:
    """Let a person not sign in any more, and end every session."""
    directory.call("admin_disable_user", Username=person.user_name)
    report.note(f"{person} cannot sign in any more")
    end_sessions(directory, directory.get(person.user_name) or person, report)


def enable(directory: Directory, person: Person, report: Reporter) -> None:
    """Let a person sign in again; nothing from before comes back."""
    directory.call("admin_enable_user", Username=person.user_name)
    report.note(f"{person} can sign in again")
    if not person.user.enabled:
        end_sessions(directory, directory.get(person.user_name) or person, report)
