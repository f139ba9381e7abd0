"""A patch: attributes must match the pool's schema. Cognito refuses undeclared attributes, and values that are too
long.

MiniStack stores every attribute and value.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StringAttributeConstraintsType.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch: check the attributes of SignUp, AdminCreateUser and AdminUpdateUserAttributes."""
    replace(emulator.cognito, "_new_user_error", lambda check: _of_new_user(emulator, check))
    replace(emulator.cognito, "_admin_update_user_attributes", lambda run: _update(emulator, run))


def _of_new_user(
    emulator: Emulator, check: Callable[..., Response | None]
) -> Callable[..., Response | None]:
    def error(pool: Any, username: str, attributes: Mapping[str, Any]) -> Response | None:
        return check(pool, username, attributes) or _problem(emulator, pool, attributes)

    return error


def _update(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def update(data: Mapping[str, Any]) -> Response:
        pool = emulator.cognito._get_pool_unscoped(data.get("UserPoolId"))
        told = emulator.cognito._attr_list_to_dict(data.get("UserAttributes") or [])
        return (pool and _problem(emulator, pool, told)) or run(data)

    return update


def _problem(
    emulator: Emulator, pool: Mapping[str, Any], attributes: Mapping[str, Any]
) -> Response | None:
    schema = {entry["Name"]: entry for entry in pool.get("SchemaAttributes") or []}
    for name, value in attributes.items():
        if name not in schema:
            message = f"Attributes did not conform to the schema: {name}: Attribute does not exist"
        elif len(str(value)) > _longest(schema[name]):
            message = f"Attributes did not conform to the schema: {name}: String must be shorter"
        else:
            continue
        refusal: Response = emulator.scope.error_response_json(
            "InvalidParameterException", f"{message} in the schema.", 400
        )
        return refusal
    return None


def _longest(entry: Mapping[str, Any]) -> int:
    return int((entry.get("StringAttributeConstraints") or {}).get("MaxLength") or 2048)
