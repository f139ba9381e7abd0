"""A patch: passwords must not begin or end with a space. If a person chooses a password as the answer to a challenge,
the password must follow the policy.

MiniStack allows spaces anywhere, and accepts any password as the answer to NEW_PASSWORD_REQUIRED.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html#CognitoUserPools-SignUp-request-Password
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-policies.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

_ANSWERS = ("RespondToAuthChallenge", "AdminRespondToAuthChallenge")


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_validate_password", lambda check: _trimmed(emulator, check))
    replace(emulator.cognito, "_run_idp_handler", lambda run: _at_challenge(emulator, run))


def _trimmed(
    emulator: Emulator, check: Callable[..., Response | None]
) -> Callable[..., Response | None]:
    def error(pool: Any, password: str) -> Response | None:
        if password != password.strip():
            refusal: Response = emulator.scope.error_response_json(
                "InvalidParameterException",
                "Password must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$",
                400,
            )
            return refusal
        return check(pool, password)

    return error


def _at_challenge(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def call(handler: Any, action: str, data: Mapping[str, Any]) -> Response:
        if action in _ANSWERS and data.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
            pool = pool or cognito._find_pool_by_client_id(data.get("ClientId"))[1]
            chosen = str((data.get("ChallengeResponses") or {}).get("NEW_PASSWORD") or "")
            problem = cognito._validate_password(pool, chosen) if pool else None
            if problem:
                refusal: Response = problem
                return refusal
        return run(handler, action, data)

    return call
