"""A patch that adds POST /oauth2/revoke, which MiniStack lacks. MiniStack has only the RevokeToken call.

The endpoint responds with 200 for valid and invalid refresh tokens alike. The error is `unsupported_token_type` for an
access or ID token, `invalid_request` for another client's token, and `invalid_client` for wrong credentials.
https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from .emulator import Emulator, Response, first, replace

SEEN_WITH = "1.5.33"

_PATH = "/oauth2/revoke"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.app, "_handle_cognito_body_request", lambda handle: _route(emulator, handle))


def _route(
    emulator: Emulator, handle: Callable[..., Awaitable[Response | None]]
) -> Callable[..., Awaitable[Response | None]]:
    async def route(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> Response | None:
        if (method, path) == ("POST", _PATH):
            return _revoke(emulator, headers, body)
        return await handle(method, path, headers, body, query)

    return route


def _revoke(emulator: Emulator, headers: Mapping[str, str], body: bytes) -> Response:
    cognito = emulator.cognito
    parsed = parse_qs(body.decode("utf-8", errors="replace"))
    form = {name: first(parsed, name) for name in parsed}
    client_id, secret = cognito._authenticate_client(headers, form)
    _, _, client = cognito._find_pool_by_client_id(client_id)
    problem = ""
    if not client or (client.get("ClientSecret") or "") != (secret or ""):
        problem = "invalid_client"
    elif not form.get("token") or client.get("EnableTokenRevocation") is False:
        problem = "invalid_request"
    else:
        claims = cognito._token_claims(form["token"])
        if claims.get("token_use") in ("access", "id"):
            problem = "unsupported_token_type"
        elif claims.get("client_id", client_id) != client_id:
            problem = "invalid_request"
    if problem:
        refused: Response = cognito._oauth2_error(problem, problem.replace("_", " "))
        return refused
    cognito._revoke_token({"Token": form["token"]})
    return 200, {"Content-Type": "application/json"}, b""
