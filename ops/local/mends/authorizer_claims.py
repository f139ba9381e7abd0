"""The claims that API Gateway's Cognito authorizer hands to a function: `exp` and `iat` are dates.

`Mon Nov 30 12:00:00 UTC 2026`, as Java writes one, where the token has seconds; every other number is text.
AWS describes where the claims are, not how they are spelled: seen in aws/serverless-java-container#25 and
awsdocs/amazon-api-gateway-developer-guide#158. MiniStack hands seconds on.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"

_DATES = ("exp", "iat")


def apply(emulator: Emulator) -> None:
    """Spell the two claims as AWS does."""
    replace(emulator.rest_apis, "_stringify_claims", _spell)


def _spell(original: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def spell(claims: Any) -> dict[str, Any]:
        spelled = original(claims)
        for name in _DATES:
            if isinstance((claims or {}).get(name), int):
                moment = time.gmtime(claims[name])
                spelled[name] = time.strftime("%a %b %d %H:%M:%S UTC %Y", moment)
        return spelled

    return spell
