"""Checks and parses request bodies. A body is a JSON object of limited size, or empty."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..email_domains import MAX_ADDRESS_LENGTH, parse_address
from ..errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 16 * 1024


def verify_body(raw: bytes | str, content_type: str | None) -> None:
    """Check the size, the media type and the JSON of a request's body. Raises PayloadTooLarge, UnsupportedMediaType or
    InvalidRequest.

    An empty body is accepted. The media type must be exactly application/json. Chalice's own check would accept
    `text/plain;application/json`, a media type that a cross-site form can send.
    """
    if not raw:
        return
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"{len(raw)} bytes")
    media_type = (content_type or "").split(";", 1)[0].strip(" \t").lower()
    parameters = (content_type or "").partition(";")[2].strip(" \t").lower()
    if media_type != "application/json" or parameters not in ("", "charset=utf-8"):
        raise UnsupportedMediaType("body is not application/json")
    parse_object(raw)


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """Return the JSON object of a body. An empty body counts as an empty object. Raises InvalidRequest.

    This function is stricter than Python's `json` module. The body must be UTF-8. NaN and Infinity are refused. Each
    name may occur only once, because two parsers could read different values of a repeated name.
    """
    if not raw:
        return {}
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        body = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidRequest("body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidRequest("body is not a JSON object")
    return body


def parse_form(raw: bytes | str, names: Iterable[str]) -> dict[str, str]:
    """Return those fields of a form that are listed in `names`. Each of these fields may occur only once. Raises
    PayloadTooLarge or InvalidRequest."""
    from urllib.parse import parse_qs

    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"{len(raw)} bytes")
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        given = parse_qs(text, errors="strict", max_num_fields=32)
    except ValueError:
        raise InvalidRequest("body is not a form") from None
    if any(len(given.get(name, ())) > 1 for name in names):
        raise InvalidRequest("a field is given more than once")
    return {name: given[name][0] for name in names if name in given}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> None:
    raise ValueError


def read_text(body: Mapping[str, Any], name: str, *, max_length: int) -> str:
    """Return the member `name` exactly as the caller sent it. The member must be a text of 1 to `max_length`
    characters. Raises InvalidRequest."""
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= max_length:
        raise InvalidRequest(f"{name} is missing, empty, too long or not text", field=name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name} has an unpaired surrogate", field=name) from None
    return value


def read_name(body: Mapping[str, Any], name: str, *, max_length: int) -> str:
    """Return a person's name without surrounding spaces. The name must be one printable line. Raises InvalidRequest."""
    value = read_text(body, name, max_length=max_length).strip()
    if not value or not value.isprintable():
        raise InvalidRequest(f"{name} is not a name", field=name)
    return value


def read_flag(body: Mapping[str, Any], name: str) -> bool:
    """Return the Boolean member `name`, or False if the body has no such member. Raises InvalidRequest."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} is neither true nor false", field=name)
    return value


def read_email(body: Mapping[str, Any], name: str = "email") -> str:
    """Return an e-mail address without surrounding spaces. The domain of the result is in lower-case ASCII. Raises
    InvalidRequest.

    A text that is not an e-mail address is refused. Cognito would accept a user's other names too (`sub`, `Okta_00u1`),
    but the throttle would then count the attempts for each name separately (S-72).
    """
    address = parse_address(read_text(body, name, max_length=MAX_ADDRESS_LENGTH).strip())
    if address is None:
        raise InvalidRequest(f"{name} is not an e-mail address", field=name)
    return address
