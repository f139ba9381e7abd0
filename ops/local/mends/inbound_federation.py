"""The InboundFederation trigger: what a provider says, before it is mapped.

MiniStack shows it the ID token only, with JSON's types, and takes claims that the answer leaves out
for attributes all the same. AWS shows token response, ID token and userinfo, drops what the answer
leaves out, and keeps everything where the answer is empty:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html
Every value is text there, a list is "[a, b]", as a report with a real pool shows (2026-02), where
the answer's names are those of claims, which are then mapped.

Whether an empty value clears what is stored of a person, AWS does not say. The pool's tag
`local-aws:empty-claims` decides: `clear`, as without a tag, or `keep`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .attribute_mapping import as_text
from .emulator import Emulator
from .identity_provider import Told
from .trigger import invoke

SEEN_WITH = "1.5.33"

EMPTY_CLAIMS_TAG = "local-aws:empty-claims"


def decide_claims(
    emulator: Emulator, pool: Mapping[str, Any], relay: Mapping[str, Any], subject: str, told: Told
) -> dict[str, Any]:
    """Run the trigger, if the pool has one; return the claims to map."""
    parts = {"tokenResponse": told.tokens, "idToken": told.id_token, "userInfo": told.userinfo}
    event = {
        "version": "1",
        "triggerSource": "InboundFederation_ExternalProvider",
        "region": emulator.cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": subject,
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": relay["client_id"],
        },
        "request": {
            "providerName": relay["provider_name"],
            "providerType": "OIDC",
            "attributes": {name: _as_texts(part) for name, part in parts.items()},
        },
        "response": {"userAttributesToMap": {}},
    }
    answer = invoke(emulator, pool, "InboundFederation", event) or {}
    decided = answer.get("userAttributesToMap")
    if not isinstance(decided, Mapping) or not decided:
        return told.claims
    return dict(decided)


def merge(
    emulator: Emulator, pool: Mapping[str, Any], user: dict[str, Any], attributes: dict[str, str]
) -> None:
    """Write a sign-in's attributes into a profile: what is missing stays, what is empty may go."""
    cognito = emulator.cognito
    cognito._merge_federated_attrs(user, without_empty(attributes), cognito._now_epoch())
    if (pool.get("UserPoolTags") or {}).get(EMPTY_CLAIMS_TAG) != "keep":
        user["Attributes"] = [
            pair for pair in user["Attributes"] if attributes.get(pair["Name"]) != ""
        ]


def without_empty(attributes: Mapping[str, str]) -> dict[str, str]:
    """Leave out attributes without a value: a profile holds none."""
    return {name: value for name, value in attributes.items() if value != ""}


def _as_texts(claims: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in claims.items() if value is not None}
