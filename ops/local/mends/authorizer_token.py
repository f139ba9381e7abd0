"""A patch: a REST method without scopes accepts only ID tokens. If a method has no "OAuth Scopes", API Gateway treats
the token as an ID token.

MiniStack also accepts access tokens for such a method.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(
        emulator.rest_apis, "_validate_cognito_authorizer", lambda check: _by_kind(emulator, check)
    )


def _by_kind(
    emulator: Emulator, check: Callable[..., Awaitable[tuple[Any, Any]]]
) -> Callable[..., Awaitable[tuple[Any, Any]]]:
    async def validate(
        authorizer: Any, method: Mapping[str, Any], *arguments: Any
    ) -> tuple[Any, Any]:
        claims, refused = await check(authorizer, method, *arguments)
        if claims and not method.get("authorizationScopes") and claims.get("token_use") != "id":
            return None, emulator.rest_apis._gw_error("UNAUTHORIZED", "Unauthorized")
        return claims, refused

    return validate
