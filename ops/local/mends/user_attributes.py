"""A patch of the calls that delete a user's attributes.

MiniStack lacks AdminDeleteUserAttributes, and its AdminUpdateUserAttributes stores empty values. On AWS,
AdminDeleteUserAttributes "deletes attribute values from a user", and AdminUpdateUserAttributes does the same for "a
blank value":
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_dispatch_idp", lambda run: _dispatch(emulator, run))
    replace(emulator.cognito, "_admin_update_user_attributes", lambda run: _update(emulator, run))


def _dispatch(emulator: Emulator, run: Callable[..., Any]) -> Callable[..., Any]:
    async def dispatch(action: str, data: dict[str, Any]) -> Any:
        if action == "AdminDeleteUserAttributes":
            return _delete(emulator, data, data.get("UserAttributeNames") or [])
        return await run(action, data)

    return dispatch


def _update(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def update(data: dict[str, Any]) -> Response:
        answer = run(data)
        blank = [pair["Name"] for pair in data.get("UserAttributes") or [] if not pair.get("Value")]
        return _delete(emulator, data, blank) if blank and answer[0] == 200 else answer

    return update


def _delete(emulator: Emulator, data: dict[str, Any], names: Collection[str]) -> Response:
    cognito = emulator.cognito
    pool, refusal = cognito._resolve_pool(data.get("UserPoolId"))
    if not refusal:
        user, refusal = cognito._resolve_user(pool, data.get("Username"))
    if refusal:
        refused: Response = refusal
        return refused
    user["Attributes"] = [pair for pair in user["Attributes"] if pair["Name"] not in names]
    done: Response = emulator.scope.json_response({})
    return done
