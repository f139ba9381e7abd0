"""Request bodies: JSON objects of modest size, or nothing."""

import json
from typing import Any

from chalicelib.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 16 * 1024


def verify_body(raw: bytes | str, content_type: str | None) -> None:
    """Check a body before anything reads it. Raises PayloadTooLarge, UnsupportedMediaType or InvalidRequest.

    An empty body is fine. The media type must be application/json and nothing around it: Chalice's own check passes
    `text/plain;application/json`, which a cross-site form can send.
    """
    if not raw:
        return
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"{len(raw)} bytes")
    media_type = (content_type or "").split(";", 1)[0].strip().lower()
    parameters = (content_type or "").partition(";")[2].strip().lower()
    if media_type != "application/json" or parameters not in ("", "charset=utf-8"):
        raise UnsupportedMediaType("body is not application/json")
    parse_object(raw)


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """Return the JSON object of a body; an empty body is an empty object. Raises InvalidRequest."""
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest("body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidRequest("body is not a JSON object")
    return body
