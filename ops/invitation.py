"""This module invites people. A mail contains the temporary password of a new account. At the first sign-in, the person
chooses another password.

`AdminCreateUser` makes the account. For an invited person, `AdminCreateUser` with `RESEND` sends a new temporary
password with a new expiry. `RESEND` accepts only the account's original name and address, so a separate call changes
attributes.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.gatehouse.edge.bodies import read_email
from chalicelib.gatehouse.errors import InvalidRequest
from chalicelib.gatehouse.setting_values import parse_list
from chalicelib.gatehouse.sign_up_rules import refuse_address

from . import aws
from .directory import Directory, Person
from .errors import OpsError
from .memberships import add_to_group, require_group
from .printable import printable
from .program import PROGRAM
from .report import Reporter

INVITED = "FORCE_CHANGE_PASSWORD"
# Cognito's default validity of a temporary password. The default applies if the pool's password policy sets no number
# of days.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
_DEFAULT_DAYS = 7


@dataclass(frozen=True)
class Validity:
    """The time for which an invitation's password is valid.

    The pool returns the date of the account's last change, but not the date of the mail. `surely_until` is the earliest
    possible expiry: the expiry if the mail was sent when the account was created. `at_most_until` is the latest
    possible expiry.
    """

    surely_until: datetime
    at_most_until: datetime

    def words(self, now: datetime) -> str:
        """Describe the validity in a few words."""
        if now >= self.at_most_until:
            return f"expired on {self.at_most_until:%Y-%m-%d %H:%M} UTC"
        if now < self.surely_until:
            return f"valid until {self.surely_until:%Y-%m-%d %H:%M} UTC"
        return f"expires at {self.at_most_until:%Y-%m-%d %H:%M} UTC at the latest, and may have expired already"


def validity_of(directory: Directory, person: Person) -> Validity | None:
    """Return the time for which a person's invitation is valid. Return None if the pool returns no dates."""
    if person.created_at is None or person.modified_at is None:
        return None
    policy = (directory.pool.get("Policies") or {}).get("PasswordPolicy") or {}
    days = timedelta(days=policy.get("TemporaryPasswordValidityDays") or _DEFAULT_DAYS)
    made, changed = (
        moment.astimezone(timezone.utc) for moment in (person.created_at, person.modified_at)
    )
    return Validity(made + days, changed + days)


def invite(
    directory: Directory, address: str, names: Mapping[str, str], group: str, report: Reporter
) -> dict[str, Any]:
    """Invite a person, or send the invitation again. Return the result for programs: user name, address, group and expiry.

    `names` may contain `given_name` and `family_name`; `group` may be empty. Raises OpsError.
    """
    email = _read_address(address)
    _refuse(directory, email)
    if group:
        require_group(directory, group)
    people = directory.everybody(email)
    person = next((each for each in people if not each.is_federated), None)
    if person is None:
        if people:
            raise _of_provider(people[0])
        invited, again = _create(directory, email, names, report), False
    else:
        _refuse_known(directory, person)
        _send_again(directory, person, names, report)
        invited, again = directory.get(person.user_name) or person, True
    record = directory.users.load(invited.user_name)
    if record is None:
        directory.record(invited)
        if not again:
            report.note(
                "the trigger user_records wrote no record, so this command wrote the record. "
                f"`{PROGRAM} doctor --stage "
                f"{directory.stage.name}` reports the trigger's fault"
            )
    if group:
        add_to_group(directory, invited, group, report)
    validity = validity_of(directory, invited)
    if validity:
        report.note(
            f"the temporary password is valid until {validity.at_most_until:%Y-%m-%d %H:%M} UTC"
        )
    return {
        "user_name": invited.user_name,
        "email": invited.email,
        "sent_again": again,
        "group": group or None,
        "expires_at": validity.at_most_until.isoformat() if validity else None,
    }


def _read_address(text: str) -> str:
    """Check the address in `text` by the same rule as the app, and return the address."""
    try:
        return read_email({"email": text})
    except InvalidRequest:
        raise OpsError(
            f"{printable(text)!r} is not an e-mail address. Pass an address such as "
            "name@example.com."
        ) from None


def _refuse(directory: Directory, email: str) -> None:
    """Raise OpsError if the stage does not allow a password for this address."""
    stage = directory.stage
    if stage.direct_sign_in == "off":
        raise OpsError(
            f"Stage {stage.name!r} has DIRECT_SIGN_IN=off: people cannot sign in with a password. "
            "Assign the person to the app at the provider, or set DIRECT_SIGN_IN to managed "
            "or embedded."
        )
    allowed, refused = (
        parse_list(stage.environment.get(f"SIGN_UP_{which}_DOMAINS", "").lower())
        for which in ("ALLOWED", "REFUSED")
    )
    if reason := refuse_address(email, allowed, refused):
        raise OpsError(
            f"{email} cannot be invited: {reason}. Change SIGN_UP_ALLOWED_DOMAINS or "
            f"SIGN_UP_REFUSED_DOMAINS of stage {stage.name!r} and deploy, or use another address."
        )
    if reason := directory.providers.refuse_native(email):
        owner = directory.providers.find_by_email(email)
        name = owner.name if owner else "the provider"
        raise OpsError(
            f"{email} cannot be invited: {reason}, {name}. Assign the person to the app at "
            f"the provider; or, to allow passwords for people of its domains, run `{PROGRAM} "
            f"provider add {name} … --native-sign-up`."
        )


def _of_provider(person: Person) -> OpsError:
    names = " or ".join(person.providers) or "a provider"
    return OpsError(
        f"{person} signs in through {names}, so an invitation is not needed. Run `{PROGRAM} user "
        "show` to see the account."
    )


def _refuse_known(directory: Directory, person: Person) -> None:
    """Raise OpsError for a person who has an account. The message says what to do instead of sending an invitation."""
    stage = directory.stage.name
    if not person.user.enabled:
        raise OpsError(
            f"{person} is disabled: run `{PROGRAM} user enable {printable(person.user_name)} --stage {stage}` "
            "first."
        )
    status = person.user.status
    if status == INVITED:
        return
    if status == "UNCONFIRMED":
        raise OpsError(
            f"{person} signed up but has not entered the mailed code. The person can sign up "
            "again on the page, and enter the code in the new mail. To send an invitation "
            f"instead, first delete that account: `{PROGRAM} user delete "
            f"{printable(person.user_name)} --stage {stage}`."
        )
    if status in ("CONFIRMED", "RESET_REQUIRED"):
        raise OpsError(
            f"{person} already has an account, so an invitation is not needed. A person who "
            "forgot the password chooses “Forgot your password?” on the page. For a lost phone, "
            f"run `{PROGRAM} user "
            f"reset-mfa`. To add the person to a group, run `{PROGRAM} user group add`."
        )
    raise OpsError(
        f"{person} is in the state {status}, in which no invitation is possible. Delete the "
        f"account, then invite the person again: `{PROGRAM} user delete {printable(person.user_name)} "
        f"--stage {stage}`."
    )


def _create(directory: Directory, email: str, names: Mapping[str, str], report: Reporter) -> Person:
    attributes = {"email": email, "email_verified": "true", **names}
    try:
        answer = directory.call(
            "admin_create_user",
            Username=email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            DesiredDeliveryMediums=["EMAIL"],  # By default, AdminCreateUser would send an SMS.
        )
    except ClientError as error:
        raise _explained(error, email) or error from error
    person = Person.parse(answer["User"])
    report.note(f"invited {person}")
    return person


def _send_again(
    directory: Directory, person: Person, names: Mapping[str, str], report: Reporter
) -> None:
    if names:
        directory.call(
            "admin_update_user_attributes",
            Username=person.user_name,
            UserAttributes=[{"Name": name, "Value": value} for name, value in names.items()],
        )
    try:
        directory.call(
            "admin_create_user",
            Username=person.email,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )
    except ClientError as error:
        raise _explained(error, person.email) or error from error
    report.note(f"{person} was invited before: Cognito has sent a new temporary password")


def _explained(error: ClientError, email: str) -> OpsError | None:
    """Return an error that explains why AdminCreateUser failed, or None if AWS's own message is enough."""
    code = aws.error_code(error)
    if code in ("UsernameExistsException", "UnsupportedUserStateException"):
        return OpsError(
            f"Somebody has just created an account for {email}: run this command again to see the "
            "account."
        )
    if code == "CodeDeliveryFailureException":
        return OpsError(
            f"The mail to {email} could not be sent: {aws.error_message(error)}. Cognito's own sender allows 50 mails "
            "a day: set ses_identity_arn and ses_from_address (docs/operations.md), then run this "
            "command again."
        )
    return None
