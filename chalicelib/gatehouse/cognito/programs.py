"""Describes what a program on a person's own computer needs to sign people in. The program uses a public client and a
loopback redirect (RFC 8252).

The endpoints are named as in OAuth's server metadata (RFC 8414). The description is public, because a public client has
no secret.
"""

from typing import Any

from ..settings import Settings
from .scopes import SCOPES

_ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "revocation_endpoint": "revoke",
}


def describe_programs(settings: Settings) -> dict[str, Any] | None:
    """Return client id, redirect URIs, scope and endpoints, or None if the stage has no public client."""
    if not settings.program_client_id:
        return None
    endpoints = {name: f"{settings.cognito_url}/oauth2/{path}" for name, path in _ENDPOINTS.items()}
    return {
        "client_id": settings.program_client_id,
        "redirect_uris": list(settings.program_redirect_uris),
        "scope": " ".join(SCOPES),
        **endpoints,
    }
