"""The trigger that decides what Cognito stores of a provider's person, at each sign-in anew (S-69).

Without it Cognito leaves a mapped attribute as it was when its claim is missing: whoever loses the last group at the
provider would keep `admins` here for good. What this trigger answers replaces the claims, and what it leaves out is
dropped, so every mapped claim is in the answer, empty where it is gone. An empty map would keep everything: there is none.
Whether an empty value clears what is stored, AWS does not say of this trigger. So no groups is a value of its own
(`group_texts.write_groups`), and a name is deleted here where the provider tells none.
If the trigger fails, Cognito refuses the sign-in, and that is meant: it must not go on with what was true earlier.
Source: AWS "Inbound federation Lambda trigger".
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cognito.group_texts import read_groups_claim, write_groups
from ..cognito.provider_claims import (
    ATTRIBUTE_MAPPING,
    GROUPS_ATTRIBUTE,
    NAMES,
    is_verified,
    read_claims,
    text_of,
)
from ..errors import SignUpRefused, TriggerRefused
from ..log import log_event
from ..settings import Settings
from ..store.providers import Provider, ProviderStore

if TYPE_CHECKING:
    from ..cognito.federated_profiles import FederatedProfiles

Event = dict[str, Any]

SOURCE = "InboundFederation_ExternalProvider"


def handle(
    event: Event,
    settings: Settings,
    providers: ProviderStore,
    load_profiles: "Callable[[], FederatedProfiles]",
) -> Event:
    """Return `event` with every mapped attribute decided.

    Raises TriggerRefused for foreign events and for claims without a subject, SignUpRefused for a provider that is not
    in the table, and TemporarilyUnavailable. The same event again gives the same answer (S-55).
    """
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("event of another user pool")
    if event.get("triggerSource") != SOURCE:
        raise TriggerRefused("unknown triggerSource")
    request = _mapping(event.get("request"))
    name = request.get("providerName")
    provider = providers.find_ignoring_case(name) if isinstance(name, str) else None
    if provider is None:
        raise SignUpRefused("the provider is not in the table")
    claims = read_claims(_mapping(request.get("attributes")))
    if not text_of(claims, "sub"):
        raise TriggerRefused("the provider told no subject")
    attributes = decide_attributes(claims, provider)
    if emptied := [each for each in NAMES if not attributes[each]]:
        load_profiles().delete_names(provider.name, text_of(claims, "sub"), claims, emptied)
    event["response"] = {"userAttributesToMap": attributes}
    return event


def decide_attributes(claims: Mapping[str, Any], provider: Provider) -> dict[str, str]:
    """Return every mapped attribute's value, under the attribute's name and under its claim's.

    AWS's page does not say by which of the two the answer is read; people report both, and that unknown names are ignored.
    """
    decided = {attribute: text_of(claims, claim) for attribute, claim in ATTRIBUTE_MAPPING.items()}
    decided["email_verified"] = "true" if is_verified(claims) else "false"
    under_claims = {claim: decided[attribute] for attribute, claim in ATTRIBUTE_MAPPING.items()}
    if provider.groups_claim:
        text = _groups(claims.get(provider.groups_claim), provider.name)
        decided[GROUPS_ATTRIBUTE] = under_claims[provider.groups_claim] = text
    return {**decided, **under_claims}


def _groups(told: object, provider: str) -> str:
    groups = read_groups_claim(told)
    text, too_many = write_groups(groups.names)
    if groups.left_out or too_many:
        log_event(
            "groups_left_out",
            level="warning",
            provider=provider,
            kept=len(groups.names) - too_many,
            unfit=groups.left_out,
            no_room=too_many,
            detail="what the provider told does not fit",
        )
    return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
