"""The pre-token-generation trigger (V2): both doors give the same access token (DESIGN, "Scopes").

A sign-in through the user-pool API carries `aws.cognito.signin.user.admin` and nothing else. Here it gets the scopes that
a hosted sign-in asks for, and loses the one that would let a script change the profile (S-05). The server-only client
that manages MFA keeps it.

Groups: people of an identity provider get those that it tells (`custom:groups`, where `ops provider` maps a claim to it)
besides the pool's own. Anybody else's `custom:groups` counts for nothing (S-51). Where nothing changes, no
`groupOverrideDetails` is sent: an empty one would wipe the groups.
Source: AWS "Pre token generation Lambda trigger", event version 2; needs the Essentials plan or higher.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.cognito.groups import parse_provider_groups, without_automatic
from chalicelib.cognito.identities import parse_identities
from chalicelib.cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from chalicelib.errors import TriggerRefused
from chalicelib.settings import Settings

Event = dict[str, Any]


def handle(event: Event, settings: Settings) -> Event:
    """Return `event` with the scopes to add and to suppress. Raises TriggerRefused for foreign events (S-58)."""
    if event.get("userPoolId") != settings.user_pool_id:
        raise TriggerRefused("event of another user pool")
    if not str(event.get("triggerSource")).startswith("TokenGeneration_"):
        raise TriggerRefused("unknown triggerSource")
    if _client_id(event) != settings.client_id:
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
    groups = _groups(event, settings.user_pool_id)
    if groups is not None:
        details["groupOverrideDetails"] = groups
    event["response"] = {"claimsAndScopeOverrideDetails": details}
    return event


def _client_id(event: Mapping[str, Any]) -> object:
    caller = event.get("callerContext")
    return caller.get("clientId") if isinstance(caller, Mapping) else None


def _groups(event: Mapping[str, Any], user_pool_id: str) -> dict[str, Any] | None:
    """Return `groupOverrideDetails` for a person of an identity provider, or None if the pool's groups stand."""
    request = _mapping(event.get("request"))
    attributes = _mapping(request.get("userAttributes"))
    if not parse_identities(attributes.get("identities")):
        return None
    configured = _mapping(request.get("groupConfiguration"))
    listed = configured.get("groupsToOverride")
    present = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    told = parse_provider_groups(attributes.get("custom:groups"))
    groups = list(dict.fromkeys(without_automatic([*present, *told], user_pool_id)))
    if groups == present:
        return None
    kept = {
        name: configured[name]
        for name in ("iamRolesToOverride", "preferredRole")
        if configured.get(name)
    }
    return {"groupsToOverride": groups, **kept}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _scopes(event: Mapping[str, Any]) -> tuple[object, ...]:
    request = event.get("request")
    listed = request.get("scopes") if isinstance(request, Mapping) else None
    return tuple(listed) if isinstance(listed, list) else ()
