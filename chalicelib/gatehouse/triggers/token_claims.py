"""The pre-token-generation trigger (V2): both doors give the same access token (DESIGN, "Scopes").

A sign-in through the user-pool API carries `aws.cognito.signin.user.admin` and nothing else. Here it gets the scopes that
a hosted sign-in asks for, and loses the one that would let a script change the profile (S-05). The server-only client
that manages MFA keeps it.

Groups: people of an identity provider get those that it tells (`custom:groups`, where `ops provider` maps a claim to it)
besides the pool's own, for as long as the provider's row names that claim: Cognito keeps the attribute when the mapping is
gone. Anybody else's `custom:groups` counts for nothing, and a group whose name could read as two behind API Gateway gets
into no token (S-51). Neither do more than a request's headers can carry; the pool's own come first. Whatever is left out
is counted in the log (S-69). Where nothing changes, no `groupOverrideDetails` is sent: an empty one would wipe the groups.
Source: AWS "Pre token generation Lambda trigger", event version 2; needs the Essentials plan or higher.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cognito.group_texts import fit_into_token
from ..cognito.groups import is_one_name, without_automatic
from ..cognito.identities import Identity, parse_identities
from ..cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from ..cognito.told_groups import told_groups
from ..errors import TemporarilyUnavailable, TriggerRefused
from ..log import log_event
from ..settings import Settings

if TYPE_CHECKING:
    from ..store.providers import ProviderStore

Event = dict[str, Any]


def handle(
    event: Event, settings: Settings, load_providers: "Callable[[], ProviderStore]"
) -> Event:
    """Return `event` with the scopes to add and to suppress. Raises TriggerRefused for foreign events (S-58).

    The providers are asked for only where one of them tells groups: no other sign-in waits for a table. Where they cannot
    be read, their groups are left out, and the next tokens have them again.
    """
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("event of another user pool")
    if not str(event.get("triggerSource")).startswith("TokenGeneration_"):
        raise TriggerRefused("unknown triggerSource")
    if _client_id(event) not in settings.client_ids:
        # Another app client of the pool, the one for MFA among them: its tokens are not ours to shape.
        return event
    if event["triggerSource"] == "TokenGeneration_ClientCredentials":
        raise TriggerRefused("a machine would get the scopes of people")
    present = _scopes(event)
    details: dict[str, Any] = {
        "accessTokenGeneration": {
            "scopesToAdd": [scope for scope in SCOPES if scope not in present],
            "scopesToSuppress": [USER_ADMIN_SCOPE],
        }
    }
    groups = _groups(event, settings.user_pool_id, load_providers)
    if groups is not None:
        details["groupOverrideDetails"] = groups
    event["response"] = {"claimsAndScopeOverrideDetails": details}
    return event


def _client_id(event: Mapping[str, Any]) -> object:
    caller = event.get("callerContext")
    return caller.get("clientId") if isinstance(caller, Mapping) else None


def _groups(
    event: Mapping[str, Any], user_pool_id: str, load_providers: "Callable[[], ProviderStore]"
) -> dict[str, Any] | None:
    """Return `groupOverrideDetails`, or None if the pool's groups stand."""
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
            detail="names that could read as several, or more than a token carries",
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
    """Tell whether one of a person's providers tells groups now."""
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
