"""This module removes a person's second factors: authenticator app, and codes by mail or text message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from . import aws
from .access import end_sessions
from .directory import Directory, Person
from .errors import OpsError
from .report import Reporter

# Maps names in UserMFASettingList of AdminGetUser to settings of AdminSetUserMFAPreference. Factors that are not active
# are left out of a call, because a pool refuses settings of a factor that the pool does not have.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html
_SETTINGS: Mapping[str, str] = {
    "SOFTWARE_TOKEN_MFA": "SoftwareTokenMfaSettings",
    "SMS_MFA": "SMSMfaSettings",
    "EMAIL_OTP": "EmailMfaSettings",
    "WEB_AUTHN": "WebAuthnMfaSettings",
}
#: The names of the second factors in messages.
WORDS: Mapping[str, str] = {
    "SOFTWARE_TOKEN_MFA": "authenticator app",
    "SMS_MFA": "codes by text message",
    "EMAIL_OTP": "codes by mail",
    "WEB_AUTHN": "passkey",
}


def refuse_reset(person: Person) -> None:
    """Raise OpsError for people without a second factor in the pool."""
    if person.is_federated:
        names = " or ".join(person.providers) or "their provider"
        raise OpsError(
            f"{person} signs in through {names}, which asks for the second factor: reset the "
            f"factor at {names}."
        )
    if person.user.status != "CONFIRMED" and not person.factors:
        raise OpsError(
            f"{person} is {person.status_words} and has no second factor that can be removed."
        )
    unknown = [name for name in person.factors if name not in _SETTINGS]
    if unknown:
        raise OpsError(
            f"{person} has a second factor that this version of Gatehouse does not support: "
            f"{', '.join(unknown)}. Update Gatehouse, or switch the factor off in the console."
        )


def reset(directory: Directory, person: Person, report: Reporter) -> None:
    """Switch every second factor off, delete the authenticator app's key and the recovery codes, and end every session.

    The password does not change. Before a reset, the operator must verify the person's identity, because a reset
    removes half of the account's protection.
    """
    refuse_reset(person)
    settings: dict[str, Any] = {}
    for name in person.factors:
        off = (
            {"Enabled": False} if name == "WEB_AUTHN" else {"Enabled": False, "PreferredMfa": False}
        )
        settings[_SETTINGS[name]] = off
    if settings:
        directory.call("admin_set_user_mfa_preference", Username=person.user_name, **settings)
        report.note(f"off: {', '.join(WORDS[name] for name in person.factors)}")
    else:
        report.note("no second factor was on")
    _forget_app(directory, person, report)
    directory.recovery_codes.remove(person.user_name)
    end_sessions(directory, person, report)
    report.note(
        "the password has not changed: if somebody else may know the password, the account's owner "
        "must also reset the password"
    )


def _forget_app(directory: Directory, person: Person, report: Reporter) -> None:
    """Delete the authenticator app's key, even if the app was never an active second factor."""
    try:
        directory.call("admin_delete_software_token", Username=person.user_name)
    except ClientError as error:
        # AWS does not document the error for a missing key. So both errors below are ignored: if the key is missing,
        # nothing has to be deleted.
        if aws.error_code(error) not in ("InvalidParameterException", "ResourceNotFoundException"):
            raise
        report.note("no authenticator app is registered")
        return
    report.note("the authenticator app is removed; the person can set up another app")
