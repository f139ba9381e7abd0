"""A patch: UpdateUserPool resets omitted fields to their defaults, and a protected pool cannot be deleted.

MiniStack keeps omitted fields, and deletes any pool.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

#: Fields that an update does not reset. Tags belong to the resource, so other API calls change them.
_KEPT = {"UserPoolTags"}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_update_user_pool", lambda run: _reset(emulator, run))
    replace(emulator.cognito, "_delete_user_pool", lambda run: _protect(emulator, run))


def _reset(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def update(data: Mapping[str, Any]) -> Response:
        defaults = emulator.templates._COGNITO_USER_POOL_UPDATABLE
        reset = {name: copy.deepcopy(defaults[name]) for name in defaults if name not in _KEPT}
        return run({**reset, **data})

    return update


def _protect(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def delete(data: Mapping[str, Any]) -> Response:
        pool = emulator.cognito._get_pool_unscoped(data.get("UserPoolId")) or {}
        if pool.get("DeletionProtection") == "ACTIVE":
            message = "The user pool cannot be deleted because deletion protection is activated."
            refusal: Response = emulator.scope.error_response_json(
                "InvalidParameterException", message, 400
            )
            return refusal
        return run(data)

    return delete
