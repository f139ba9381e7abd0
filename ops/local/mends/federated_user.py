"""A federated profile has no password to sign in with.

MiniStack lets any password through where a profile has none. AWS refuses: "users who sign in with
a third-party provider don't have a password in your user pool".
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ops.local.mends.emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Put the mend in place."""
    replace(emulator.cognito, "_password_signin_refused", lambda run: _refuse(emulator, run))


def _refuse(
    emulator: Emulator, run: Callable[..., Response | None]
) -> Callable[..., Response | None]:
    def refused(user: Mapping[str, Any]) -> Response | None:
        if user.get("UserStatus") == "EXTERNAL_PROVIDER":
            answer: Response = emulator.scope.error_response_json(
                "NotAuthorizedException", "Incorrect username or password.", 400
            )
            return answer
        return run(user)

    return refused
