"""Checks that an event is a REST proxy event of API Gateway, with all the parts that our code needs.

A caller who may invoke the Lambda function can send any event: another payload format, a warm-up ping, a handmade
event. The app first refuses every event in another format, so that later code can rely on the format. Source: AWS, "Set
up Lambda proxy integrations in API Gateway", input format.
"""

import base64
from collections.abc import Mapping
from typing import Any

_CONTEXT_TEXTS = ("resourcePath", "httpMethod", "path")
_KEYS = frozenset(
    {
        "headers",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
        "requestContext",
    }
)


def find_problem(event: object, routes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the reason why `event` is not an API Gateway event for one of `routes`. Return None for a valid event. The
    reason contains no part of the event."""
    if not isinstance(event, dict) or not _KEYS.issubset(event):
        return "keys are missing"
    context = event["requestContext"]
    if not isinstance(context, dict) or not _all_text(context.get(k) for k in _CONTEXT_TEXTS):
        return "requestContext does not come from a REST API"
    identity = context.get("identity")
    if not isinstance(identity, dict) or not isinstance(identity.get("sourceIp"), str):
        return "requestContext has no identity"
    if not (_is_map(event["headers"], _is_text) and _is_map(event["pathParameters"], _is_text)):
        return "headers or pathParameters are not an object of strings"
    several = (event.get("multiValueHeaders"), event["multiValueQueryStringParameters"])
    if not all(_is_map(values, _is_texts) for values in several):
        return "a multi-value map does not contain lists of strings"
    # Chalice's own test client and `chalice local` send bytes. An event of Lambda is JSON and cannot contain bytes.
    if not isinstance(event["body"], str | bytes | None):
        return "body is not text"
    if not isinstance(event.get("isBase64Encoded", False), bool):
        return "isBase64Encoded is neither true nor false"
    body = event["body"]
    if isinstance(body, str) and event.get("isBase64Encoded") and body and not _is_base64(body):
        return "body is not base64"
    methods = routes.get(context["resourcePath"])
    if methods is None:
        return "resource is not a route of this app"
    if not _names_of(context["resourcePath"]).issubset(event["pathParameters"] or {}):
        return "path parameters are missing"
    return None


def _names_of(resource: str) -> set[str]:
    return {s[1:-1] for s in resource.split("/") if s.startswith("{") and s.endswith("}")}


def _all_text(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and _all_text(value)


def _is_base64(text: str | bytes) -> bool:
    """Whether `text` is strict base64. Chalice's decoder is lenient. It would turn an invalid body into an empty body,
    and the app would then accept the empty body."""
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _is_map(value: object, fits: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, dict) and all(
        isinstance(name, str) and fits(entry) for name, entry in value.items()
    )
