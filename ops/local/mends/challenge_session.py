"""A patch: the value `Session` in a sign-in challenge is valid for one person, one client, one challenge and one answer.
The client's settings limit how long a `Session` is valid.

MiniStack issues a `Session`, but never checks its value. MiniStack lacks the challenge MFA_SETUP. In a challenge, AWS
names people by the pool's user name, and MiniStack by the name that was typed. MiniStack accepts the same code of an
authenticator app several times.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

_SIGN_INS = ("InitiateAuth", "AdminInitiateAuth")
_ANSWERS = ("RespondToAuthChallenge", "AdminRespondToAuthChallenge")
_APP_CALLS = ("AssociateSoftwareToken", "VerifySoftwareToken")
_APP = "SOFTWARE_TOKEN_MFA"
_CODE = "SOFTWARE_TOKEN_MFA_CODE"
#: The challenges whose `Session` this module checks. MiniStack itself handles CUSTOM_CHALLENGE and PASSWORD_VERIFIER.
_CHALLENGES = ("NEW_PASSWORD_REQUIRED", _APP, "MFA_SETUP", "SMS_MFA", "EMAIL_OTP", "WEB_AUTHN")
_DEFAULT_MINUTES = 3


@dataclass
class Open:
    """A sign-in that waits for the answer to a challenge."""

    pool: Mapping[str, Any]
    user: dict[str, Any]
    client_id: str
    challenge: str
    until: float
    secret: str = ""
    verified: bool = False


_open: dict[str, Open] = {}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_mfa_challenge_for_user", _with_set_up)
    replace(emulator.cognito, "_run_idp_handler", lambda run: _around(emulator, run))


def _with_set_up(challenge_for: Callable[..., Any]) -> Callable[..., Any]:
    def challenge(pool: Mapping[str, Any], user: Mapping[str, Any], *more: Any) -> Any:
        found = challenge_for(pool, user, *more)
        has_none = _APP not in user.get("_mfa_enabled", [])
        if found or pool.get("MfaConfiguration") != "ON" or not has_none:
            return found
        return {
            "ChallengeName": "MFA_SETUP",
            "Session": secrets.token_urlsafe(48),
            "ChallengeParameters": {"MFAS_CAN_SETUP": json.dumps([_APP])},
        }

    return challenge


def _around(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def call(handler: Any, action: str, data: dict[str, Any]) -> Response:
        found = None
        if action in _ANSWERS and data.get("ChallengeName") in _CHALLENGES:
            found, wrong = _answered(emulator, data)
            if wrong:
                return _refuse(emulator, *wrong)
        elif action in _APP_CALLS and data.get("Session") and not data.get("AccessToken"):
            found = _open.get(data["Session"])
            if found is None or found.challenge != "MFA_SETUP":
                return _refuse(emulator, "NotAuthorizedException", "Invalid session for the user.")
        response = run(handler, action, data)
        if response[0] != 200:
            return response
        answer = json.loads(response[2] or b"{}")
        if action in _APP_CALLS and found:
            found.secret = answer.get("SecretCode") or found.secret
            found.verified = action == "VerifySoftwareToken"
            _note_code(found.user, data.get("UserCode"))
            _open[answer["Session"]] = _open.pop(data["Session"])
        elif action in _ANSWERS and found:
            _finish(found, data)
        if action == "VerifySoftwareToken" and data.get("AccessToken"):
            _note_code(
                emulator.cognito._user_for_access_token(data["AccessToken"]), data.get("UserCode")
            )
        if action in (*_SIGN_INS, *_ANSWERS) and answer.get("ChallengeName") in _CHALLENGES:
            answer = _issue(emulator, data, answer)
        return response[0], response[1], json.dumps(answer).encode()

    return call


def _answered(
    emulator: Emulator, data: Mapping[str, Any]
) -> tuple[Open | None, tuple[str, str] | None]:
    """Return the sign-in that an answer belongs to, or the error for the answer. The error consists of the exception's
    name and a message.
    """
    responses = data.get("ChallengeResponses") or {}
    found = _open.get(str(data.get("Session")))
    if (
        found is None
        or found.client_id != data.get("ClientId")
        or found.challenge != data["ChallengeName"]
        or found.user
        is not emulator.cognito._resolve_user(found.pool, responses.get("USERNAME"))[0]
    ):
        return None, ("NotAuthorizedException", "Invalid session for the user.")
    if time.time() >= found.until:
        message = "Invalid session for the user, session is expired."
        return None, ("NotAuthorizedException", message)
    if found.challenge == "MFA_SETUP" and not found.verified:
        return None, ("InvalidParameterException", "The software token is not verified.")
    code = responses.get(_CODE)
    if found.challenge == _APP and code and code == found.user.get("_last_app_code"):
        message = "Your software token has already been used once."
        return None, ("ExpiredCodeException", message)
    return found, None


def _finish(found: Open, data: Mapping[str, Any]) -> None:
    del _open[data["Session"]]
    _note_code(found.user, (data.get("ChallengeResponses") or {}).get(_CODE))
    if found.challenge == "MFA_SETUP":
        found.user["_totp_secret"] = found.secret
        found.user.setdefault("_mfa_enabled", []).append(_APP)
        found.user["_preferred_mfa"] = _APP


def _note_code(user: dict[str, Any] | None, code: Any) -> None:
    if user is not None and code:
        user["_last_app_code"] = code


def _issue(emulator: Emulator, data: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    cognito = emulator.cognito
    client_id = str(data.get("ClientId"))
    pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
    pool = pool or cognito._find_pool_by_client_id(client_id)[1]
    told = {**(data.get("AuthParameters") or {}), **(data.get("ChallengeResponses") or {})}
    user, _ = cognito._resolve_user(pool, told.get("USERNAME"))
    minutes = pool["_clients"][client_id].get("AuthSessionValidity") or _DEFAULT_MINUTES
    name, until = answer["ChallengeName"], time.time() + 60 * int(minutes)
    _open[answer["Session"]] = Open(pool, user, client_id, name, until)
    parameters = {**answer.get("ChallengeParameters", {}), "USER_ID_FOR_SRP": user["Username"]}
    return {**answer, "ChallengeParameters": parameters}


def _refuse(emulator: Emulator, code: str, message: str) -> Response:
    refusal: Response = emulator.scope.error_response_json(code, message, 400)
    return refusal
