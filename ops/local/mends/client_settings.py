"""A patch of an app client's settings. Numbers must be within AWS's limits, and scopes must exist. If an update omits a
field, the field gets its default value.

MiniStack stores any number, scope and URL. If UpdateUserPoolClient omits a field, MiniStack keeps the old value. If a
client names no authentication flow, MiniStack allows every flow.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = {"seconds": 1, "minutes": _MINUTE, "hours": _HOUR, "days": _DAY}
#: setting → (its name in TokenValidityUnits, default unit, shortest and longest time in seconds)
_LIVES = {
    "AccessTokenValidity": ("AccessToken", "hours", 5 * _MINUTE, _DAY),
    "IdTokenValidity": ("IdToken", "hours", 5 * _MINUTE, _DAY),
    "RefreshTokenValidity": ("RefreshToken", "days", _HOUR, 3650 * _DAY),
}
_FLOWS = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_KEPT = {"ClientName"}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    for name in ("_create_user_pool_client", "_update_user_pool_client"):
        replace(emulator.cognito, name, lambda run: _checked(emulator, run))
    replace(emulator.cognito, "_update_user_pool_client", lambda run: _reset(emulator, run))


def _reset(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def update(data: Mapping[str, Any]) -> Response:
        defaults = emulator.templates._COGNITO_USER_POOL_CLIENT_UPDATABLE
        reset = {name: copy.deepcopy(defaults[name]) for name in defaults if name not in _KEPT}
        return run({**reset, **data})

    return update


def _checked(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def save(data: Mapping[str, Any]) -> Response:
        data = {**data, "ExplicitAuthFlows": data.get("ExplicitAuthFlows") or _FLOWS}
        pool = emulator.cognito._get_pool_unscoped(data.get("UserPoolId")) or {}
        wrong = _wrong_scope(emulator, pool, data) or _wrong_value(data)
        if wrong:
            refusal: Response = emulator.scope.error_response_json(*wrong, 400)
            return refusal
        return run(data)

    return save


def _wrong_scope(
    emulator: Emulator, pool: Mapping[str, Any], data: Mapping[str, Any]
) -> tuple[str, str] | None:
    known = set(emulator.cognito._STANDARD_OAUTH_SCOPES)
    for identifier, server in (pool.get("_resource_servers") or {}).items():
        known |= {f"{identifier}/{scope['ScopeName']}" for scope in server.get("Scopes") or []}
    unknown = [scope for scope in data.get("AllowedOAuthScopes") or [] if scope not in known]
    if not unknown:
        return None
    return "ScopeDoesNotExistException", f"Invalid scope requested: {unknown[0]}"


def _wrong_value(data: Mapping[str, Any]) -> tuple[str, str] | None:
    wrong = next(_problems(data), None)
    return ("InvalidParameterException", wrong) if wrong else None


def _problems(data: Mapping[str, Any]) -> Any:
    units = data.get("TokenValidityUnits") or {}
    for setting, (unit, default, shortest, longest) in _LIVES.items():
        seconds = int(data.get(setting) or 0) * _UNITS[units.get(unit) or default]
        # If the unit is seconds, a lifetime may be shorter than on AWS. So a test does not have to wait for minutes
        # until a token expires.
        least = 1 if units.get(unit) == "seconds" else shortest
        if seconds and not least <= seconds <= longest:
            yield f"Invalid range for token validity: {setting}."
    if not 3 <= int(data.get("AuthSessionValidity") or 3) <= 15:
        yield "AuthSessionValidity is from 3 to 15 minutes."
    rotation = data.get("RefreshTokenRotation") or {}
    if not 0 <= int(rotation.get("RetryGracePeriodSeconds") or 0) <= 60:
        yield "RetryGracePeriodSeconds is from 0 to 60."
    if rotation.get("Feature") == "ENABLED" and _FLOWS[1] in data["ExplicitAuthFlows"]:
        yield "ALLOW_REFRESH_TOKEN_AUTH is not allowed with refresh token rotation."
    for url in (*(data.get("CallbackURLs") or ()), *(data.get("LogoutURLs") or ())):
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.hostname not in _LOOPBACK
        if "#" in url or plain or not parts.scheme:
            yield f"{url} is not a URL that people can be sent to."
