"""A patch: for a repeated query parameter, `queryStringParameters` has the last value; the multi-value lists have all
values.

MiniStack uses the first value. AWS documents the use of the last value for load balancers, and people report the same
for REST APIs.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#multi-value-headers
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .emulator import Emulator, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.rest_apis, "_build_lambda_event_v1", _last)


def _last(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def event(*arguments: Any, **named: Any) -> dict[str, Any]:
        built = build(*arguments, **named)
        every = built.get("multiValueQueryStringParameters")
        if every:
            built["queryStringParameters"] = {name: values[-1] for name, values in every.items()}
        return built

    return event
