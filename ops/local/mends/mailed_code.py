"""A patch of the codes that Cognito sends by mail. Each code is new, and is valid for one use, a few tries and a
limited time. If a person confirms a sign-up with a code, the mail address is verified.

MiniStack always sends 123456 or 654321, allows unlimited tries, and leaves `email_verified` unset. MiniStack also sends
codes to people who need no code.
https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Function, Response, replace

SEEN_WITH = "1.5.33"

#: AWS limits the tries per hour and account to "5 to 20". This module allows five tries per code.
TRIES = 5
_SECONDS = {"_confirmation_code": 24 * 3600, "_reset_code": 3600}
_KEYS = {"ConfirmSignUp": "_confirmation_code", "ConfirmForgotPassword": "_reset_code"}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    cognito = emulator.cognito
    replace(cognito, "_send_verification_email", lambda send: _fresh(emulator, send))
    replace(cognito, "_confirmation_code_error", lambda check: _bounded(emulator, check))
    replace(cognito, "_confirm_sign_up", lambda run: _proving(emulator, run))
    replace(cognito, "_resend_confirmation_code", lambda run: _to_confirm(emulator, run))
    replace(cognito, "_forgot_password", lambda run: _to_reset(emulator, run))


def _fresh(emulator: Emulator, send: Function) -> Function:
    def deliver(
        pool: Any, username: str, attributes: Any, code: str, attribute_name: str = "email"
    ) -> Any:
        user, _ = emulator.cognito._resolve_user(pool, username)
        if user is not None:
            code = f"{secrets.randbelow(10**6):06d}"
            key = "_reset_code" if attribute_name == "password" else "_confirmation_code"
            user.update({key: code, f"{key}_tries": 0, f"{key}_until": time.time() + _SECONDS[key]})
        return send(pool, username, attributes, code, attribute_name=attribute_name)

    return deliver


def _bounded(
    emulator: Emulator, check: Callable[..., Response | None]
) -> Callable[..., Response | None]:
    def error(action: str, data: Mapping[str, Any]) -> Response | None:
        key = _KEYS.get(action)
        _, user = _find(emulator, data) if key else (None, None)
        if user is None or not user.get(key):
            return check(action, data)
        if time.time() >= user[f"{key}_until"]:
            user.pop(key)
        else:
            user[f"{key}_tries"] += 1
            if user[f"{key}_tries"] > TRIES:
                return _refuse(emulator, "LimitExceededException", "Attempt limit exceeded.")
        return check(action, data)

    return error


def _proving(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def confirm(data: Mapping[str, Any]) -> Response:
        answer = run(data)
        pool, user = _find(emulator, data)
        if answer[0] == 200 and user and "email" in (pool.get("AutoVerifiedAttributes") or []):
            proved = [{"Name": "email_verified", "Value": "true"}]
            user["Attributes"] = emulator.cognito._merge_attributes(user["Attributes"], proved)
        return answer

    return confirm


def _to_confirm(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def resend(data: Mapping[str, Any]) -> Response:
        _, user = _find(emulator, data)
        if user and user.get("UserStatus") != "UNCONFIRMED":
            message = "User is already confirmed."
            return _refuse(emulator, "InvalidParameterException", message)
        return run(data)

    return resend


def _to_reset(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def forgot(data: Mapping[str, Any]) -> Response:
        _, user = _find(emulator, data)
        if user is None:
            return run(data)
        if user.get("UserStatus") == "FORCE_CHANGE_PASSWORD":
            message = "User password cannot be reset in the current state."
            return _refuse(emulator, "NotAuthorizedException", message)
        told = emulator.cognito._attr_list_to_dict(user.get("Attributes") or [])
        if told.get("email_verified") != "true":
            message = "There is no registered or verified email."
            return _refuse(emulator, "InvalidParameterException", message)
        return run(data)

    return forgot


def _find(emulator: Emulator, data: Mapping[str, Any]) -> tuple[Any, Any]:
    cognito = emulator.cognito
    pool = cognito._find_pool_by_client_id(data.get("ClientId"))[1]
    return pool, cognito._resolve_user(pool, data.get("Username"))[0] if pool else None


def _refuse(emulator: Emulator, code: str, message: str) -> Response:
    refusal: Response = emulator.scope.error_response_json(code, message, 400)
    return refusal
