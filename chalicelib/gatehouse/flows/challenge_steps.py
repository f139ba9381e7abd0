"""Converts Cognito's challenges to the form that our page needs. Challenges that this module does not list are refused
(S-45).

Source: AWS "AdminInitiateAuth" and "AdminRespondToAuthChallenge", ChallengeParameters of each challenge.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..cognito.user_pool_api import Step
from ..errors import UnsupportedChallenge

NEW_PASSWORD = "NEW_PASSWORD_REQUIRED"  # noqa: S105 - a challenge's name
SELECT_MFA = "SELECT_MFA_TYPE"
MFA_SETUP = "MFA_SETUP"
TOTP = "SOFTWARE_TOKEN_MFA"
#: The challenge of a sign-in with a passkey instead of the password. Only flows/passkey_sign_in.py requests this
#: challenge. The challenge never follows a password.
WEB_AUTHN = "WEB_AUTHN"

#: Challenge -> the name of the response parameter that contains the code.
CODE_RESPONSES: Mapping[str, str] = {
    TOTP: "SOFTWARE_TOKEN_MFA_CODE",
    "SMS_MFA": "SMS_MFA_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
    "EMAIL_MFA": "EMAIL_MFA_CODE",
}
#: At AWS, a mailed code has two names. In AWS's API model, the challenge is named EMAIL_OTP, but the answer to
#: SELECT_MFA_TYPE is named EMAIL_MFA. AWS's documentation uses both names. Our page uses EMAIL_OTP. Our answer to
#: Cognito repeats the name that Cognito sent. Source: Amazon Cognito API reference, "RespondToAuthChallenge" and
#: "AdminRespondToAuthChallenge".
_ALIASES: Mapping[str, str] = {"EMAIL_MFA": "EMAIL_OTP"}


@dataclass(frozen=True)
class Asked:
    """A challenge for the page. `name` and `choices` are Cognito's names for the challenge and for the choices. `body`
    is the response body for the page."""

    name: str
    body: Mapping[str, Any]
    choices: tuple[str, ...] = ()


def public_name(name: str) -> str:
    """Return our page's name for a challenge or a factor."""
    return _ALIASES.get(name, name)


def choice_of(choices: tuple[str, ...], chosen: str) -> str | None:
    """Return Cognito's name for the page's choice, or None if Cognito did not offer this choice."""
    return next((each for each in choices if public_name(each) == chosen), None)


def read_step(step: Step) -> Asked:
    """Return the challenge of `step`. Raises UnsupportedChallenge for challenges that the page cannot answer."""
    name, parameters = step.challenge, step.parameters
    if name == TOTP:
        return Asked(name, {"name": name})
    if name in CODE_RESPONSES:
        destination = parameters.get("CODE_DELIVERY_DESTINATION", "")
        return Asked(name, {"name": public_name(name), "destination": destination})
    if name == NEW_PASSWORD and not _names(parameters.get("requiredAttributes", "[]")):
        return Asked(name, {"name": name})
    if name == MFA_SETUP and TOTP in _names(parameters.get("MFAS_CAN_SETUP", "")):
        return Asked(name, {"name": name})
    if name == SELECT_MFA:
        offered = _names(parameters.get("MFAS_CAN_CHOOSE", ""))
        known = {public_name(choice): choice for choice in offered if choice in CODE_RESPONSES}
        shown = [choice for choice in CODE_RESPONSES if choice in known]
        if shown:
            choices = tuple(known[choice] for choice in shown)
            return Asked(name, {"name": name, "choices": shown}, choices)
    raise UnsupportedChallenge(f"challenge {name[:40]}")


def _names(text: str) -> tuple[str, ...]:
    """Return the names in a parameter. The parameter is a JSON list in a string. A text that is not such a list counts
    as one unknown name."""
    try:
        listed = json.loads(text) if text else []
    except ValueError:
        return (text,)
    return tuple(str(name) for name in listed) if isinstance(listed, list) else (text,)
