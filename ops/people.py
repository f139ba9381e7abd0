"""This module deletes a person from the pool and the table, or unlinks a provider from a person's account."""

from __future__ import annotations

from botocore.exceptions import ClientError

from . import aws
from .directory import Directory, Person
from .errors import OpsError
from .pool import build_profile
from .printable import printable
from .report import Reporter


def delete_user(directory: Directory, name: str, report: Reporter) -> None:
    """Delete a person from the pool; the deletion ends every session. Then delete the person's session rows and record.

    `name` is a user name or an address. If the person is no longer in the pool, this function can still find the record
    by the user name. Raises OpsError if neither a person nor a record exists.
    """
    person = directory.find(name)
    user_name = person.user_name if person else name
    if person is not None:
        try:
            directory.call("admin_delete_user", Username=user_name)
        except ClientError as error:
            if aws.error_code(error) != "UserNotFoundException":
                raise
        report.note("deleted from the pool")
        directory.sessions.end_all(person.user.sub)
    if directory.delete_record(user_name):
        report.note("deleted from the table")
    elif person is None:
        raise OpsError(
            f"Stage {directory.stage.name!r} has no user {printable(name)!r} in the pool or the "
            f"table. Check the name: `user list` lists everybody."
        )


def unlink_user(directory: Directory, name: str, provider: str, report: Reporter) -> None:
    """Unlink a provider's identity from a native account. The account and its password are kept.

    If linking is still switched on for the provider, the person's next sign-in through the provider links the account
    again.
    """
    person = directory.require(name)
    refuse_unlink(person, provider)
    for identity in person.user.identities:
        if identity.provider == provider:
            directory.call(
                "admin_disable_provider_for_user",
                User={
                    "ProviderName": provider,
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": identity.subject,
                },
            )
    report.note(f"a sign-in with {provider} no longer leads to the account of {person}")
    left = directory.get(person.user_name)
    if left is not None:
        profile = build_profile(left.user, directory.client_id)
        directory.users.record_confirmed(profile)
        if not profile.linked:
            directory.users.record_unlinked(profile.user_name)
    report.note("the record is updated")


def refuse_unlink(person: Person, provider: str) -> None:
    """Raise OpsError if the provider is not linked to this account."""
    if person.is_federated:
        raise OpsError(f"{person} was created by a provider, so no native account can be unlinked.")
    if provider not in person.providers:
        raise OpsError(f"{person} is linked to {', '.join(person.providers) or 'no provider'}.")
