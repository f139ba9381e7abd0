"""A patch of AdminCreateUser with RESEND: invited people get a new temporary password with a new expiry.

MiniStack sends the old password again, even to confirmed people, and its temporary passwords never expire. AWS
describes `RESEND` with the words "to reset the temporary-password duration with a new temporary password". The password
is valid for the policy's `TemporaryPasswordValidityDays` (7 if the value is missing or 0).
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

INVITED = "FORCE_CHANGE_PASSWORD"
_DEFAULT_DAYS = 7
_UNTIL = "_temporary_until"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_admin_create_user", lambda run: _invite(emulator, run))
    replace(emulator.cognito, "_admin_set_user_password", lambda run: _set(emulator, run))
    replace(emulator.cognito, "_password_signin_refused", lambda run: _refuse(emulator, run))


def _invite(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def create(data: Mapping[str, Any]) -> Response:
        pool, user = _find(emulator, data)
        if user is not None and str(data.get("MessageAction") or "").upper() == "RESEND":
            if user.get("UserStatus") != INVITED:
                refusal: Response = emulator.scope.error_response_json(
                    "UnsupportedUserStateException",
                    "User cannot be invited in the current state.",
                    400,
                )
                return refusal
            password = data.get("TemporaryPassword") or cognito._generate_temp_password()
            problem: Response | None = cognito._validate_password(pool, password)
            if problem:
                return problem
            user["_password"] = password
        answer = run(data)
        if answer[0] == 200:
            _start_time(*_find(emulator, data))
        return answer

    return create


def _set(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def set_password(data: Mapping[str, Any]) -> Response:
        answer = run(data)
        if answer[0] == 200:
            _start_time(*_find(emulator, data))
        return answer

    return set_password


def _start_time(pool: Mapping[str, Any] | None, user: dict[str, Any] | None) -> None:
    if pool is None or user is None:
        return
    policy = (pool.get("Policies") or {}).get("PasswordPolicy") or {}
    days = int(policy.get("TemporaryPasswordValidityDays") or _DEFAULT_DAYS)
    user[_UNTIL] = time.time() + days * 86_400


def is_expired(user: Mapping[str, Any], now: float) -> bool:
    """Tell whether a person's temporary password has expired."""
    return user.get("UserStatus") == INVITED and now >= user.get(_UNTIL, float("inf"))


def _refuse(
    emulator: Emulator, run: Callable[..., Response | None]
) -> Callable[..., Response | None]:
    def refused(user: Mapping[str, Any]) -> Response | None:
        if is_expired(user, time.time()):
            answer: Response = emulator.scope.error_response_json(
                "NotAuthorizedException",
                "Temporary password has expired and must be reset by an administrator.",
                400,
            )
            return answer
        return run(user)

    return refused


def _find(emulator: Emulator, data: Mapping[str, Any]) -> tuple[Any, Any]:
    cognito = emulator.cognito
    pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
    return pool, cognito._resolve_user(pool, data.get("Username"))[0] if pool else None
