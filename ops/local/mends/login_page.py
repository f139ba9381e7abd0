"""A patch of POST /login, the hosted page. The patch runs the triggers before and after a sign-in with a password.

MiniStack runs no triggers for this request. MiniStack handles the request on its event loop. If a trigger ran on the
event loop, too, MiniStack could not answer the calls of the trigger's Lambda function. So the patch runs the triggers
in a separate thread.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from .emulator import Emulator, Response, first, replace
from .federated_sign_in import redirect_with_error
from .identity_event import fire
from .trigger import TriggerFailedError

SEEN_WITH = "1.5.33"

_PATHS = ("/login", "/oauth2/login")


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.app, "_handle_cognito_body_request", lambda handle: _route(emulator, handle))


def _route(
    emulator: Emulator, handle: Callable[..., Awaitable[Response | None]]
) -> Callable[..., Awaitable[Response | None]]:
    async def route(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> Response | None:
        if method == "POST" and path in _PATHS:
            answer: Response = await emulator.concurrency.run_reentrant(
                _log_in, emulator, method, path, headers, body, query
            )
            return answer
        return await handle(method, path, headers, body, query)

    return route


def _log_in(
    emulator: Emulator, method: str, path: str, headers: Any, body: bytes, query: Any
) -> Response:
    cognito = emulator.cognito
    form = parse_qs(body.decode("utf-8", errors="replace"))
    client = {"ClientId": first(form, "client_id")}
    _, pool, _ = cognito._find_pool_by_client_id(client["ClientId"])
    user = None
    if pool and first(form, "password"):
        user, _ = cognito._resolve_user(pool, first(form, "username"))
    try:
        if user:
            fire(emulator, pool, "PreAuthentication", "Authentication", user, client)
        response: Response = cognito.handle_login_submit(method, path, headers, body, query)
        if user and response[0] == 302:
            fire(emulator, pool, "PostAuthentication", "Authentication", user, client)
    except TriggerFailedError as failure:
        return redirect_with_error(
            first(form, "redirect_uri"), "invalid_request", str(failure), first(form, "state")
        )
    return response
