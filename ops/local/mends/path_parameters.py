"""A patch of a REST API's path parameters: a function gets the parameters percent-encoded, as in the caller's request.

MiniStack decodes the path before it routes a request. So `%2F` splits a path segment in two, and the function decodes
`%25` a second time. On AWS, only the function (or a mapping template) decodes a path (aws/chalice#511, aws/chalice#688,
serverless/serverless#5037). So `%2F` stays within its segment.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch: pass the path to REST APIs in its original form."""
    replace(emulator.app, "_handle_execute_api_request", lambda handle: _handle(emulator, handle))


def _handle(
    emulator: Emulator, original: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    async def handle(
        host: str, path: str, *arguments: Any, raw_path: str | None = None, **named: Any
    ) -> Any:
        if raw_path is not None and _is_of_rest_api(emulator, host, path):
            path = raw_path.partition("?")[0]
        return await original(host, path, *arguments, raw_path=raw_path, **named)

    return handle


def _is_of_rest_api(emulator: Emulator, host: str, path: str) -> bool:
    parsed = emulator.app._parse_execute_api_url(host, path)
    return parsed is not None and emulator.rest_apis.find_api_scope(parsed[0]) is not None
