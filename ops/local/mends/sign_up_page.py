"""A patch that adds /signup and /confirmUser, managed login's own sign-up pages, which MiniStack lacks.

On these pages, people choose a password before they prove that they can read the mailbox. The pages send no
ClientMetadata. Gatehouse's pre-sign-up trigger must handle sign-ups from these pages (S-67). If the trigger refuses the
sign-up, the page shows the trigger's message.
https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

from .emulator import Emulator, Response, first, replace

SEEN_WITH = "1.5.33"

#: path → (operation, fields of the form, path of the next page)
_PAGES = {
    "/signup": ("SignUp", ("username", "password"), "/confirmUser"),
    "/confirmUser": ("ConfirmSignUp", ("username", "code"), "/login"),
}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.app, "_handle_cognito_body_request", lambda handle: _route(emulator, handle))


def _route(
    emulator: Emulator, handle: Callable[..., Awaitable[Response | None]]
) -> Callable[..., Awaitable[Response | None]]:
    async def route(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> Response | None:
        if path in _PAGES and method == "GET":
            return _form(path, query, "")
        if path in _PAGES and method == "POST":
            answer: Response = await emulator.concurrency.run_reentrant(
                _send, emulator, path, {**query, **parse_qs(body.decode())}
            )
            return answer
        return await handle(method, path, headers, body, query)

    return route


def _send(emulator: Emulator, path: str, given: Mapping[str, Any]) -> Response:
    cognito = emulator.cognito
    operation, _, onward = _PAGES[path]
    username, client_id = first(given, "username"), first(given, "client_id")
    _, _, client = cognito._find_pool_by_client_id(client_id)
    secret = str((client or {}).get("ClientSecret") or "")
    digest = hmac.new(secret.encode(), (username + client_id).encode(), hashlib.sha256).digest()
    call: dict[str, Any] = {
        "ClientId": client_id,
        "Username": username,
        "SecretHash": base64.b64encode(digest).decode(),
    }
    if operation == "SignUp":
        attributes = [{"Name": "email", "Value": username}]
        call |= {"Password": first(given, "password"), "UserAttributes": attributes}
        handler = cognito._sign_up
    else:
        call |= {"ConfirmationCode": first(given, "code")}
        handler = cognito._confirm_sign_up
    status, _, answer = cognito._run_idp_handler(handler, operation, call)
    if status != 200:
        return _form(path, given, str(json.loads(answer).get("message", "")))
    query = {name: first(given, name) for name in given if name not in ("password", "code")}
    return 302, {"Location": f"{onward}?{urlencode(query)}"}, b""


def _form(path: str, given: Mapping[str, Any], refusal: str) -> Response:
    _, names, _ = _PAGES[path]
    fields = "".join(f'<label>{name} <input name="{name}"></label> ' for name in names)
    address = escape(f"{path}?{urlencode({k: first(given, k) for k in given if k not in names})}")
    form = f'<form method="post" action="{address}">{fields}<button>Go on</button></form>'
    page = f'<p role="alert">{escape(refusal)}</p>{form}'
    return 200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()
