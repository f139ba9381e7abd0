"""Invitations: an account with a temporary password, sent by mail; the first sign-in chooses another one.

`AdminCreateUser` makes the account. For somebody who was invited already, the same call with `RESEND` sends a new
temporary password and starts its time anew. It takes the name that the account was made under, the address, and
nothing else of it: attributes are changed by a call of their own.
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
# What a pool does that says nothing.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
_DEFAULT_DAYS = 7


@dataclass(frozen=True)
class Validity:
    """How long an invitation's password is good. The pool tells the account's last change, not the mail's date:
    `surely_until` is the date if nothing but the account's creation started the time, `at_most_until` the latest.
    """

    surely_until: datetime
    at_most_until: datetime

    def words(self, now: datetime) -> str:
        """Say it in a few words."""
        if now >= self.at_most_until:
            return f"expired on {self.at_most_until:%Y-%m-%d %H:%M} UTC"
        if now < self.surely_until:
            return f"valid until {self.surely_until:%Y-%m-%d %H:%M} UTC"
        return f"expires by {self.at_most_until:%Y-%m-%d %H:%M} UTC at the latest, or has expired already"


def validity_of(directory: Directory, person: Person) -> Validity | None:
    """Answer how long somebody's invitation is good, or None where the pool tells no dates."""
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
    """Invite somebody, or send the invitation again. Answers what happened, for programs.

    `names` may hold `given_name` and `family_name`; `group` may be empty. Raises OpsError.
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
                "the trigger user_records wrote no record; this command did. "
                f"`{PROGRAM} doctor --stage {directory.stage.name}` says why"
            )
    if group:
        add_to_group(directory, invited, group, report)
    validity = validity_of(directory, invited)
    if validity:
        report.note(
            f"the temporary password is good until {validity.at_most_until:%Y-%m-%d %H:%M} UTC"
        )
    return {
        "user_name": invited.user_name,
        "email": invited.email,
        "sent_again": again,
        "group": group or None,
        "expires_at": validity.at_most_until.isoformat() if validity else None,
    }


def _read_address(text: str) -> str:
    """Read an address by the app's own rule."""
    try:
        return read_email({"email": text})
    except InvalidRequest:
        raise OpsError(
            f"{printable(text)!r} is not an e-mail address: give one such as name@example.com."
        ) from None


def _refuse(directory: Directory, email: str) -> None:
    """Raise OpsError where the stage has no accounts with a password for this address."""
    stage = directory.stage
    if stage.direct_sign_in == "off":
        raise OpsError(
            f"Stage {stage.name!r} has DIRECT_SIGN_IN=off: nobody signs in with a password. "
            "Assign the person to the app at the provider, or set it to managed or embedded."
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
            f"{email} cannot be invited: {reason}, {name}. Assign the person to the app there; or, if people of "
            f"its domains may have passwords here too, run `{PROGRAM} provider add {name} … --native-sign-up`."
        )


def _of_provider(person: Person) -> OpsError:
    names = " or ".join(person.providers) or "a provider"
    return OpsError(
        f"{person} signs in through {names}: there is nothing to invite them to. "
        f"`{PROGRAM} user show` says more."
    )


def _refuse_known(directory: Directory, person: Person) -> None:
    """Raise OpsError for people with an account, naming what they need instead of an invitation."""
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
            f"{person} signed up and has not entered the mailed code. They can sign up again on the page: the code "
            "of the new mail lets them choose the password. To invite them instead, delete that account first: "
            f"`{PROGRAM} user delete {printable(person.user_name)} --stage {stage}`."
        )
    if status in ("CONFIRMED", "RESET_REQUIRED"):
        raise OpsError(
            f"{person} has an account, so there is nothing to invite them to. Password forgotten: "
            f"“Forgot your password?” on the page. Phone lost: `{PROGRAM} user reset-mfa`. "
            f"Rights: `{PROGRAM} user group add`."
        )
    raise OpsError(
        f"{person} is in the state {status}, from which no invitation leads. Delete the account and "
        f"invite again: `{PROGRAM} user delete {printable(person.user_name)} --stage {stage}`."
    )


def _create(directory: Directory, email: str, names: Mapping[str, str], report: Reporter) -> Person:
    attributes = {"email": email, "email_verified": "true", **names}
    try:
        answer = directory.call(
            "admin_create_user",
            Username=email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            DesiredDeliveryMediums=["EMAIL"],  # AWS: the default is SMS
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
    report.note(f"{person} was invited before: a new temporary password is on its way")


def _explained(error: ClientError, email: str) -> OpsError | None:
    """Answer what to do about a refusal of AdminCreateUser, or None if AWS's own words say it."""
    code = aws.error_code(error)
    if code in ("UsernameExistsException", "UnsupportedUserStateException"):
        return OpsError(
            f"{email} came to have another account meanwhile: run the command again, and it says which."
        )
    if code == "CodeDeliveryFailureException":
        return OpsError(
            f"The mail to {email} could not be sent: {aws.error_message(error)}. Cognito's own sender has 50 mails "
            "a day: set ses_identity_arn and ses_from_address (docs/operations.md). Then run the command again."
        )
    return None
