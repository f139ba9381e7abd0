"""A patch: a token's `auth_time` is the time of the sign-in, even after a refresh.

MiniStack instead writes the time at which the token was issued.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-step-up-authentication.html
"Refreshing a token doesn't reset the auth_time claim."
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"

# `origin_jti` → time of the sign-in, in seconds since the epoch. All tokens of one sign-in have the same `origin_jti`.
_times: dict[str, int] = {}


def apply(emulator: Emulator) -> None:
    """Apply the patch: write the time of the sign-in into each token before the token is signed."""
    replace(emulator.cognito, "_signed_jwt", _with_time_of_sign_in)


def _with_time_of_sign_in(sign: Callable[..., str]) -> Callable[..., str]:
    def signed(claims: dict[str, Any], *arguments: Any, **named: Any) -> str:
        origin = claims.get("origin_jti")
        if origin and "auth_time" in claims:
            kept = _times.setdefault(str(origin), claims["auth_time"])
            claims = {**claims, "auth_time": kept}
        return sign(claims, *arguments, **named)

    return signed
