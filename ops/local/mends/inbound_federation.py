"""A patch of the InboundFederation trigger. This trigger gets a provider's data before Cognito maps the claims.

MiniStack passes only the ID token to the trigger, with JSON types, and keeps claims that the trigger's answer omits.
AWS passes the token response, the ID token and userinfo. AWS drops the claims that the answer omits. But if the answer
is empty, AWS keeps all claims:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html
A report about a real pool (2026-02) shows that AWS passes every value as text, and a list as "[a, b]". The same report
shows that the trigger's answer uses the claims' names, and that Cognito maps the claims afterwards.

AWS does not say whether an empty value clears a stored attribute. In the local AWS, the pool's tag
`local-aws:empty-claims` decides: `clear` (the default) or `keep`.
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
    """Run the trigger if the pool has this trigger. Return the claims that Cognito must map to attributes."""
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
    """Write a sign-in's attributes into a profile. If an attribute is missing, the stored value does not change. If an
    attribute is empty, the pool's tag decides whether the stored value is removed.
    """
    cognito = emulator.cognito
    cognito._merge_federated_attrs(user, without_empty(attributes), cognito._now_epoch())
    if (pool.get("UserPoolTags") or {}).get(EMPTY_CLAIMS_TAG) != "keep":
        user["Attributes"] = [
            pair for pair in user["Attributes"] if attributes.get(pair["Name"]) != ""
        ]


def without_empty(attributes: Mapping[str, str]) -> dict[str, str]:
    """Remove attributes without a value, because a profile never contains such attributes."""
    return {name: value for name, value in attributes.items() if value != ""}


def _as_texts(claims: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in claims.items() if value is not None}
