"""A patch: if a function fails, or returns an invalid response, API Gateway itself responds with 502.

MiniStack passes the function's error on to the caller and ignores the API's gateway responses. On AWS, API Gateway
sends its DEFAULT_5XX response, which contains no details of the error.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .emulator import Emulator, Response, replace

SEEN_WITH = "1.5.33"

_KIND = "DEFAULT_5XX"


def apply(emulator: Emulator) -> None:
    """Apply the patch: replace the function's error by API Gateway's response, and its status by 502."""
    rest_apis = emulator.rest_apis
    replace(rest_apis, "_invoke_lambda_proxy_v1", lambda invoke: _invoke(rest_apis, invoke))
    replace(rest_apis, "_gateway_error_response", _answer)


def _invoke(
    rest_apis: Any, original: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    async def invoke(*arguments: Any, **named: Any) -> Any:
        response = await original(*arguments, **named)
        # A response from the function has headers. A response without headers comes from MiniStack itself.
        if isinstance(response, tuple) and response[:2] == (
            502,
            {"Content-Type": "application/json"},
        ):
            failure = rest_apis._gw_error(_KIND, "Internal server error")
            failure.of_the_function = True
            return failure
        return response

    return invoke


def _answer(original: Callable[[Any, Any], Response]) -> Callable[[Any, Any], Response]:
    def answer(error: Any, request: Any) -> Response:
        status, headers, body = original(error, request)
        return 502 if getattr(error, "of_the_function", False) else status, headers, body

    return answer
