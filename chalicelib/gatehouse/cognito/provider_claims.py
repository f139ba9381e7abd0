"""Reads an identity provider's claims about a person at a sign-in (S-69).

`ATTRIBUTE_MAPPING` is the mapping that `ops provider add` registers: pool attribute -> claim, both case-sensitive.
Without an entry for `sub`, the user name would be the only place with `sub`, and Cognito writes the user name in lower
case. The entry keeps the exact text of `sub`. Source: AWS "Mapping IdP attributes to profiles and tokens".
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from .claims import parse_moment

ATTRIBUTE_MAPPING: Mapping[str, str] = {
    "email": "email",
    "email_verified": "email_verified",
    "given_name": "given_name",
    "family_name": "family_name",
    "custom:idp_sub": "sub",
}
GROUPS_ATTRIBUTE = "custom:groups"
#: Attributes that are cleared in the pool if the provider's values are empty.
NAMES = ("given_name", "family_name")
#: The maximum length of a value. Cognito refuses a sign-in with a longer value (source: the AWS page above), so longer
#: names are cut.
_MAX_TEXT = 2048


def read_claims(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the claims in an InboundFederation event's `request.attributes`. A claim in the ID token has priority over the
    same claim from userinfo.

    In `request.attributes`, Cognito writes every claim as text. Cognito writes a list as `[a, b]`, so a name with a
    comma could be read as two names. The exact ID token is in `tokenResponse`. Cognito has verified the ID token, so
    the token's claims have priority. A userinfo answer about another person is ignored (OpenID Connect Core 5.3.2).
    """
    id_token, exact = _id_token(attributes)
    userinfo = _mapping(attributes.get("userInfo"))
    if id_token and userinfo.get("sub") != id_token.get("sub"):
        userinfo = {}
    told = (userinfo, id_token, exact)
    return {name: value for claims in told for name, value in claims.items() if value is not None}


def read_auth_time(attributes: Mapping[str, Any]) -> int | None:
    """Return the person's sign-in time at the provider in Unix seconds, or None if the provider does not send this time.

    Only the ID token is read, because userinfo does not describe a sign-in. Silent single sign-on does not change
    `auth_time`. Source: OpenID Connect Core 2, `auth_time`.
    """
    id_token, exact = _id_token(attributes)
    return parse_moment({**id_token, **exact}.get("auth_time"))


def _id_token(attributes: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return two sets of the ID token's claims: as Cognito writes them, and as the token itself contains them. If the
    two sets do not come from the same token, the second set is empty."""
    id_token = _mapping(attributes.get("idToken"))
    exact = _payload(_mapping(attributes.get("tokenResponse")).get("id_token"))
    return id_token, exact if exact.get("sub") == id_token.get("sub") else {}


def text_of(claims: Mapping[str, Any], claim: str) -> str:
    """Return a claim's text, or an empty string if the claim is missing or is not text."""
    value = claims.get(claim)
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def is_verified(claims: Mapping[str, Any]) -> bool:
    """Return whether the provider explicitly says that the address is verified."""
    told = claims.get("email_verified")
    return told is True or told == "true"


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = _json(value)
    return value if isinstance(value, Mapping) else {}


def _payload(token: object) -> Mapping[str, Any]:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)).decode()
    except ValueError:
        return {}
    return _mapping(text)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
