"""A patch that adds refresh token rotation, which MiniStack lacks.

A client with rotation gets a new refresh token at each refresh. The new token expires when the old token would have
expired. The old token still works during the client's grace period. After the grace period, Cognito refuses the old
token. A client with rotation cannot use the flow REFRESH_TOKEN_AUTH. GetTokensFromRefreshToken requires the client's
secret; MiniStack does not check the secret.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Function, Response, replace

SEEN_WITH = "1.5.33"

_SETTING = "RefreshTokenRotation"
_REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
# Refresh token → end of its grace period, in seconds since the epoch.
_retired: dict[str, float] = {}
_successor: contextvars.ContextVar[str] = contextvars.ContextVar("successor", default="")


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    cognito = emulator.cognito
    # `_COGNITO_USER_POOL_CLIENT_UPDATABLE` lists the properties that MiniStack's CloudFormation passes on. The default
    # value of the added property is None.
    emulator.templates._COGNITO_USER_POOL_CLIENT_UPDATABLE[_SETTING] = None
    for name in ("_create_user_pool_client", "_update_user_pool_client"):
        replace(cognito, name, lambda call: _keep_setting(emulator, call))
    replace(cognito, "_refresh_auth_result", lambda refresh: _rotate(emulator, refresh))
    replace(cognito, "_oauth2_refresh_api_issued_token", _hand_out)
    replace(cognito, "_get_tokens_from_refresh_token", lambda run: _ask_secret(emulator, run))
    replace(cognito, "_auth_flow_error", lambda check: _refuse_flow(emulator, check))


def _keep_setting(emulator: Emulator, call: Function) -> Function:
    def save(data: Mapping[str, Any]) -> Response:
        status, headers, body = call(data)
        if status == 200 and _SETTING in data:
            client_id = json.loads(body)["UserPoolClient"]["ClientId"]
            emulator.cognito._find_pool_by_client_id(client_id)[2][_SETTING] = data[_SETTING]
        return status, headers, body

    return save


def _grace(emulator: Emulator, client_id: str) -> float | None:
    """Return a client's grace period in seconds. Return None if the client has no rotation."""
    client = emulator.cognito._find_pool_by_client_id(client_id)[2] or {}
    setting = client.get(_SETTING) or {}
    if setting.get("Feature") != "ENABLED":
        return None
    return float(setting.get("RetryGracePeriodSeconds", 0))


def _rotate(emulator: Emulator, refresh: Function) -> Function:
    cognito = emulator.cognito

    def result(pool: Any, pool_id: str, client_id: str, token: str) -> tuple[Any, Any]:
        grace = _grace(emulator, client_id)
        if grace is not None and _retired.get(token, float("inf")) <= time.time():
            return None, emulator.scope.error_response_json(
                "RefreshTokenReuseException", "Refresh token has been rotated out.", 400
            )
        issued, error = refresh(pool, pool_id, client_id, token)
        if issued and grace is not None:
            _retired.setdefault(token, time.time() + grace)
            fresh = {"jti": cognito.new_uuid(), "iat": int(time.time())}
            claims = {**cognito._token_claims(token), **fresh}
            issued["RefreshToken"] = cognito._signed_jwt(claims, pool_id, "access")
            _successor.set(issued["RefreshToken"])
        return issued, error

    return result


def _hand_out(refresh: Callable[..., Response]) -> Callable[..., Response]:
    def at_token_endpoint(*arguments: Any) -> Response:
        _successor.set("")
        status, headers, body = refresh(*arguments)
        if status == 200 and _successor.get():
            body = json.dumps({**json.loads(body), "refresh_token": _successor.get()}).encode()
        return status, headers, body

    return at_token_endpoint


def _ask_secret(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    def get_tokens(data: Mapping[str, Any]) -> Response:
        client_id = data.get("ClientId")
        client = emulator.cognito._find_pool_by_client_id(client_id)[2] or {}
        if client.get("ClientSecret") and data.get("ClientSecret") != client["ClientSecret"]:
            refusal: Response = emulator.scope.error_response_json(
                "NotAuthorizedException",
                f"Unable to verify secret hash for client {client_id}",
                400,
            )
            return refusal
        return run(data)

    return get_tokens


def _refuse_flow(emulator: Emulator, check: Function) -> Function:
    def error(action: str, data: Mapping[str, Any]) -> Any:
        rotates = _grace(emulator, str(data.get("ClientId", ""))) is not None
        if data.get("AuthFlow") in _REFRESH_FLOWS and rotates:
            return emulator.scope.error_response_json(
                "InvalidParameterException", "Refresh token rotation is on for this client.", 400
            )
        return check(action, data)

    return error
