"""A patch: a federated profile cannot sign in with a password, and a deleted account has no links.

MiniStack accepts any password for a profile without a password. AWS refuses a password for a federated profile: "users
who sign in with a third-party provider don't have a password in your user pool".
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users.html

When an account is deleted, MiniStack keeps the account's links to people of identity providers. So a person who was
linked to the deleted account cannot be linked to another account.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminLinkProviderForUser.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_password_signin_refused", lambda run: _refuse(emulator, run))
    replace(emulator.cognito, "_admin_delete_user", lambda run: _forget_links(emulator, run))


def _forget_links(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def delete(data: Mapping[str, Any]) -> Response:
        answer = run(data)
        pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
        if answer[0] == 200 and pool:
            links = cognito._provider_links(pool)
            for key in [key for key, name in links.items() if name not in pool["_users"]]:
                del links[key]
        return answer

    return delete


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
