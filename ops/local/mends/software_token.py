"""A patch that adds AdminDeleteSoftwareToken, which MiniStack lacks. AdminDeleteSoftwareToken deletes the key of a lost
authenticator app.

AWS: "After this operation, the user can no longer sign in with TOTP MFA, and can register a new TOTP factor".
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

_ACTION = "AdminDeleteSoftwareToken"
_FACTOR = "SOFTWARE_TOKEN_MFA"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_dispatch_idp", lambda dispatch: _dispatch(emulator, dispatch))


def _dispatch(
    emulator: Emulator, dispatch: Callable[..., Awaitable[Response]]
) -> Callable[..., Awaitable[Response]]:
    async def run(action: str, data: dict[str, Any]) -> Response:
        if action == _ACTION:
            return _delete(emulator, data)
        return await dispatch(action, data)

    return run


def _delete(emulator: Emulator, data: Mapping[str, Any]) -> Response:
    cognito = emulator.cognito
    pool, refused = cognito._resolve_pool(data.get("UserPoolId"))
    user = None
    if not refused:
        user, refused = cognito._resolve_user(pool, data.get("Username"))
    if user is None:
        refusal: Response = refused
        return refusal
    for name in ("_totp_secret", "_totp_pending_secret"):
        user.pop(name, None)
    user["_mfa_enabled"] = [name for name in user.get("_mfa_enabled", []) if name != _FACTOR]
    if user.get("_preferred_mfa") == _FACTOR:
        user["_preferred_mfa"] = ""
    done: Response = cognito.json_response({})
    return done
