"""A patch: GET /logout redirects only to the client's own logout URLs.

MiniStack redirects to any URL if a client has no logout URLs.
https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .emulator import Emulator, Response, first, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "handle_logout", lambda handle: _logout(emulator, handle))


def _logout(emulator: Emulator, handle: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def logout(method: str, path: str, headers: Any, query: dict[str, Any]) -> Response:
        _, _, client = cognito._find_pool_by_client_id(first(query, "client_id"))
        if client and first(query, "logout_uri") not in (client.get("LogoutURLs") or []):
            refused: Response = cognito._oauth2_error("invalid_request", "Invalid logout_uri.")
            return refused
        return handle(method, path, headers, query)

    return logout
