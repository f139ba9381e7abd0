"""The pre-token-generation trigger (V2), which gives hosted and direct sign-ins the same access token (DESIGN,
"Scopes").

A sign-in through the user-pool API has only the scope `aws.cognito.signin.user.admin`. This trigger adds the scopes of
a hosted sign-in. The trigger also removes `aws.cognito.signin.user.admin`, because a script in the browser could
otherwise change the profile (S-05). The tokens of the server-only client that manages MFA keep this scope.

People of an identity provider get the provider's groups in addition to the pool's own groups. The provider's groups are
in `custom:groups`, if `ops provider` maps a claim to this attribute. Cognito keeps the attribute after the mapping is
removed. So the provider's groups count only while the provider's row still contains the name of the mapped claim. For
all other people, `custom:groups` is ignored. A token never contains a group whose name API Gateway could pass on as two
names (S-51). Groups that do not fit into a request's headers are left out. The pool's own groups have priority over the
provider's groups. The log line contains the number of omitted groups (S-69). If the groups do not change,
`groupOverrideDetails` is omitted, because an empty object would remove all groups. Source: AWS "Pre token generation
Lambda trigger", event version 2. Version 2 requires the Essentials plan or a higher plan.

If a route has a `max_age`, the token contains the time at which the person last authenticated, and a second time that
identifies the sign-in (ADR 14). For a sign-in through the user-pool API, the person authenticated at the time of the
sign-in. For a sign-in at a provider, the time of the authentication is the provider's `auth_time`, which the
InboundFederation trigger has stored. For a password on managed login, the time is unknown, because managed login does
not report whether the person entered the password. A refresh repeats the stored value.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cognito.authentication_time import AFTER_SECONDS, build_claims
from ..cognito.group_texts import fit_into_token
from ..cognito.groups import is_one_name, without_automatic
from ..cognito.identities import NATIVE, Identity, birthplace_of, parse_identities
from ..cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from ..cognito.told_groups import told_groups
from ..errors import TemporarilyUnavailable, TriggerRefused
from ..log import log_event
from ..settings import Settings

if TYPE_CHECKING:
    from ..store.proofs import Proof, ProofStore
    from ..store.providers import ProviderStore

Event = dict[str, Any]


#: The events that Cognito sends directly after a check of a password, a passkey or a new password.
_CHECKED_NOW = frozenset({"TokenGeneration_Authentication", "TokenGeneration_NewPasswordChallenge"})
#: The event of a sign-in through managed login: at a provider, or on managed login's own page.
_MANAGED_LOGIN = "TokenGeneration_HostedAuth"


def handle(
    event: Event,
    settings: Settings,
    load_providers: "Callable[[], ProviderStore]",
    load_proofs: "Callable[[], ProofStore] | None" = None,
) -> Event:
    """Return `event` with the scopes to add and to suppress. Raises TriggerRefused for events of another pool and for
    unexpected events (S-58).

    `load_proofs` is set if a route has a `max_age`. The token then contains the time of the last authentication. If the
    throttle table does not answer, the sign-in still succeeds, but the token lacks the time.

    The providers are read only if the person has groups from a provider, so other sign-ins do not wait for the table. If
    the providers cannot be read, the token lacks the providers' groups. The next token has these groups again.
    """
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("the event belongs to another user pool")
    if not str(event.get("triggerSource")).startswith("TokenGeneration_"):
        raise TriggerRefused("unknown triggerSource")
    if _client_id(event) not in settings.client_ids:
        # The tokens of other app clients, for example the server-only client for MFA, stay unchanged.
        return event
    if event["triggerSource"] == "TokenGeneration_ClientCredentials":
        raise TriggerRefused("a machine client must not get people's scopes")
    present = _scopes(event)
    details: dict[str, Any] = {
        "accessTokenGeneration": {
            "scopesToAdd": [scope for scope in SCOPES if scope not in present],
            "scopesToSuppress": [USER_ADMIN_SCOPE],
        }
    }
    if load_proofs is not None and (proof := _proof(event, load_proofs())) is not None:
        details["accessTokenGeneration"]["claimsToAddOrOverride"] = build_claims(*proof)
    groups = _groups(event, settings.user_pool_id, load_providers)
    if groups is not None:
        details["groupOverrideDetails"] = groups
    event["response"] = {"claimsAndScopeOverrideDetails": details}
    return event


def _proof(event: Mapping[str, Any], proofs: "ProofStore") -> "Proof | None":
    """Return the person's last authentication, or None if the token must not contain an authentication. A sign-in
    through the API is itself an authentication. For other sign-ins, return the last stored authentication."""
    attributes = _mapping(_mapping(event.get("request")).get("userAttributes"))
    user_name = str(event.get("userName"))
    identities = parse_identities(attributes.get("identities"))
    of_providers = [f"{identity.provider}/{identity.subject}" for identity in identities]
    is_native = birthplace_of(user_name, identities).provider == NATIVE
    native = f"{NATIVE}/{attributes.get('sub')}"
    source = event["triggerSource"]
    if source in _CHECKED_NOW and not is_native:
        return None  # a provider's people have no password in the pool
    try:
        if source in _CHECKED_NOW:
            return proofs.note(native, proofs.now())
        if not is_native:
            return proofs.latest(of_providers)
        if source != _MANAGED_LOGIN:
            return proofs.latest([*of_providers, native])
        told = proofs.latest(of_providers)
        if told is None or proofs.now() - told.seen_at > AFTER_SECONDS:
            # Managed login may have accepted a cookie instead of the password, so this sign-in does not count as an
            # authentication. An older authentication does not count either, because the older authentication may come
            # from another browser.
            proofs.note(native, None)
            return None
        return told
    except TemporarilyUnavailable as error:
        log_event("proof_left_out", level="error", user=user_name, detail=error.detail)
        return None


def _client_id(event: Mapping[str, Any]) -> object:
    caller = event.get("callerContext")
    return caller.get("clientId") if isinstance(caller, Mapping) else None


def _groups(
    event: Mapping[str, Any], user_pool_id: str, load_providers: "Callable[[], ProviderStore]"
) -> dict[str, Any] | None:
    """Return `groupOverrideDetails`, or None if the trigger does not change the token's groups."""
    request = _mapping(event.get("request"))
    attributes = _mapping(request.get("userAttributes"))
    configured = _mapping(request.get("groupConfiguration"))
    listed = configured.get("groupsToOverride")
    present = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    told = told_groups(attributes, lambda theirs: _tells_groups(theirs, load_providers))
    identities = parse_identities(attributes.get("identities"))
    named = [name for name in present if is_one_name(name)]
    own, theirs = tuple(dict.fromkeys(named)), told.names
    if identities:
        own, theirs = (without_automatic(names, user_pool_id) for names in (own, theirs))
    groups = list(fit_into_token(own, theirs))
    unfit, no_room = told.left_out + len(present) - len(named), len({*own, *theirs}) - len(groups)
    if unfit or no_room:
        log_event(
            "groups_left_out",
            level="warning",
            user=str(event.get("userName")),
            kept=len(groups),
            unfit=unfit,
            no_room=no_room,
            detail="some names can be read as several names, or the groups do not all fit into a token",
        )
    if groups == present:
        return None
    kept = {
        name: configured[name]
        for name in ("iamRolesToOverride", "preferredRole")
        if configured.get(name)
    }
    return {"groupsToOverride": groups, **kept}


def _tells_groups(
    identities: tuple[Identity, ...], load_providers: "Callable[[], ProviderStore]"
) -> bool:
    """Return whether one of a person's providers currently sends groups."""
    try:
        return load_providers().tells_groups(identity.provider for identity in identities)
    except TemporarilyUnavailable as error:
        log_event("groups_left_out", level="error", detail=error.detail)
        return False


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _scopes(event: Mapping[str, Any]) -> tuple[object, ...]:
    request = event.get("request")
    listed = request.get("scopes") if isinstance(request, Mapping) else None
    return tuple(listed) if isinstance(listed, list) else ()
