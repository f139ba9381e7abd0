"""A patch: API Gateway's Cognito authorizer passes the claims `exp` and `iat` to a function as dates.

The token contains both times in seconds, but API Gateway passes them in Java's format, `Mon Nov 30 12:00:00 UTC 2026`.
Every other number is passed as text. AWS documents where a function finds the claims, but not the format of the dates.
The sources of the format are aws/serverless-java-container#25 and awsdocs/amazon-api-gateway-developer-guide#158.
MiniStack passes seconds.
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
    """Apply the patch: pass `exp` and `iat` in AWS's format."""
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
