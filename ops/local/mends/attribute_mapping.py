"""A patch that writes an identity provider's claims as user-pool attributes.

AWS uses only mapped claims, and writes every value as a string. For example, a JSON true becomes "true". A list becomes
text. One claim may set several attributes. If email_verified is not mapped, AWS treats the attribute as false:
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
AWS takes the claims from the ID token. If the ID token lacks a claim, AWS takes that claim from userinfo:
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-oidc-flow.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SEEN_WITH = "1.5.33"

# Cognito itself sets `username` and `sub`: the mapped `username` becomes the profile's name, and only Cognito writes
# `sub`.
_NOT_ATTRIBUTES = {"username", "sub"}


def map_attributes(claims: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, str]:
    """Build the attributes of a federated profile from the claims that are mapped."""
    attributes = {
        attribute: as_text(claims[claim])
        for attribute, claim in mapping.items()
        if attribute not in _NOT_ATTRIBUTES and claims.get(claim) is not None
    }
    if "email" in attributes:
        attributes.setdefault("email_verified", "false")
    return attributes


def as_text(value: Any) -> str:
    """Convert a claim's value to an attribute's text.

    AWS documents that a list becomes "a string", but does not document the string's format. People report the format
    "[a, b]", so this function uses that format. Code that reads such lists must accept other formats, too.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(as_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)


def missing_required(attributes: Mapping[str, str], schema: list[Mapping[str, Any]]) -> list[str]:
    """Return the names of the pool's required attributes that a sign-in does not set."""
    return [
        str(entry["Name"])
        for entry in schema
        if entry.get("Required")
        and entry.get("Name") not in _NOT_ATTRIBUTES
        and not attributes.get(str(entry.get("Name")))
    ]
