"""A patch of POST /oauth2/token. A refresh keeps the groups and scopes, and requires the client secret.

MiniStack keeps the refresh tokens of hosted sign-ins in a separate list. A refresh with a token from that list loses
cognito:groups and does not require the client secret. The patch removes the token from that list, so MiniStack treats
the token like a token from the API. A refresh then keeps the groups and requires the secret, as in Cognito. The patch
also sets `expires_in` to the access token's real lifetime. If a trigger fails, the patch responds with an error, so
that MiniStack does not crash.
https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from .emulator import Emulator, Response, first, replace
from .trigger import TriggerFailedError

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.cognito, "_oauth2_token", lambda exchange: _exchange(emulator, exchange))


def _exchange(emulator: Emulator, exchange: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def token(
        data: Any, query: Any, raw_body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        form = parse_qs(raw_body.decode("utf-8", errors="replace"))
        cognito._refresh_tokens.pop(first(form, "refresh_token"), None)
        try:
            status, answer_headers, body = exchange(data, query, raw_body, headers)
        except TriggerFailedError as failure:
            refused: Response = cognito._oauth2_error("invalid_request", str(failure))
            return refused
        answer = json.loads(body)
        if status == 200:
            claims = cognito._token_claims(answer["access_token"])
            answer["expires_in"] = claims["exp"] - claims["iat"]
        return status, answer_headers, json.dumps(answer).encode()

    return token
