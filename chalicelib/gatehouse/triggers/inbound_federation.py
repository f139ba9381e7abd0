"""The trigger that chooses, at each sign-in, the attributes that Cognito stores for a federated person (S-69).

Without this trigger, Cognito keeps the old value of a mapped attribute if the provider does not send the attribute's
claim. For example, a person who loses the last group at the provider would keep `admins` in the pool for ever.

The trigger's answer replaces the provider's claims, and Cognito drops every claim that the answer omits. So the answer
contains every mapped claim. If the provider did not send a claim, the claim's value is empty. The answer is
never empty, because Cognito would keep all attributes after an empty answer. AWS does not document whether an empty
value from this trigger clears the stored value. Therefore the state "no groups" has its own value
(`group_texts.write_groups`). If the provider does not send a person's given name or family name, the trigger itself
deletes this name.

If the trigger fails, Cognito refuses the sign-in. The refusal is intended, because a sign-in must not continue with
outdated data. Source: AWS "Inbound federation Lambda trigger".
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cognito.group_texts import read_groups_claim, write_groups
from ..cognito.provider_claims import (
    ATTRIBUTE_MAPPING,
    GROUPS_ATTRIBUTE,
    NAMES,
    is_verified,
    read_auth_time,
    read_claims,
    text_of,
)
from ..errors import SignUpRefused, TemporarilyUnavailable, TriggerRefused
from ..log import log_event
from ..settings import Settings
from ..store.providers import Provider, ProviderStore

if TYPE_CHECKING:
    from ..cognito.federated_profiles import FederatedProfiles
    from ..store.proofs import ProofStore

Event = dict[str, Any]

SOURCE = "InboundFederation_ExternalProvider"


def handle(
    event: Event,
    settings: Settings,
    providers: ProviderStore,
    load_profiles: "Callable[[], FederatedProfiles]",
    load_proofs: "Callable[[], ProofStore] | None" = None,
) -> Event:
    """Return `event` with a value for every mapped attribute.

    If `load_proofs` is given, the trigger stores the time at which the person signed in at the provider.

    Raises TriggerRefused for events of another pool, for unknown events, and for claims without a subject. Raises
    SignUpRefused for a provider that is not in the table. Raises TemporarilyUnavailable in an outage. A repeated event
    gets the same answer (S-55).
    """
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("the event belongs to another user pool")
    if event.get("triggerSource") != SOURCE:
        raise TriggerRefused("unknown triggerSource")
    request = _mapping(event.get("request"))
    name = request.get("providerName")
    provider = providers.find_ignoring_case(name) if isinstance(name, str) else None
    if provider is None:
        raise SignUpRefused("the provider is not in the table")
    claims = read_claims(_mapping(request.get("attributes")))
    if not text_of(claims, "sub"):
        raise TriggerRefused("the provider sent no subject")
    attributes = decide_attributes(claims, provider)
    if emptied := [each for each in NAMES if not attributes[each]]:
        load_profiles().delete_names(provider.name, text_of(claims, "sub"), claims, emptied)
    if load_proofs is not None:
        _note(provider.name, text_of(claims, "sub"), request, load_proofs())
    event["response"] = {"userAttributesToMap": attributes}
    return event


def _note(provider: str, subject: str, request: Mapping[str, Any], proofs: "ProofStore") -> None:
    """Store the time at which the person signed in at the provider. An unknown time is stored as unknown. An outage of
    the table does not stop the sign-in."""
    try:
        proofs.note(f"{provider}/{subject}", read_auth_time(_mapping(request.get("attributes"))))
    except TemporarilyUnavailable as error:
        log_event("proof_not_noted", level="error", provider=provider, detail=error.detail)


def decide_attributes(claims: Mapping[str, Any], provider: Provider) -> dict[str, str]:
    """Return every mapped attribute's value twice: under the attribute's name and under the claim's name.

    AWS does not document which of the two names Cognito reads. Some users report that Cognito reads the attribute's
    name, and others report the claim's name. All users report that Cognito ignores unknown names.
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
            detail="the provider sent more groups than fit into the attribute",
        )
    return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
