"""A patch: if a query parameter is repeated, `queryStringParameters` contains its last value. The multi-value lists
contain all its values.

MiniStack uses the first value. For load balancers, AWS documents that the last value is used. For REST APIs, people
report the same.
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
