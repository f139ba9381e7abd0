"""The pre-token-generation trigger (V2): both doors give the same access token (DESIGN, "Scopes").

A sign-in through the user-pool API carries `aws.cognito.signin.user.admin` and nothing else. Here it gets the scopes that
a hosted sign-in asks for, and loses the one that would let a script change the profile (S-05). The server-only client
that manages MFA keeps it. Groups are Cognito's own matter: an empty `groupOverrideDetails` would wipe them, so none is sent.
Source: AWS "Pre token generation Lambda trigger", event version 2; needs the Essentials plan or higher.
"""

from collections.abc import Mapping
from typing import Any

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
    present = _scopes(event)
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {
                "scopesToAdd": [scope for scope in SCOPES if scope not in present],
                "scopesToSuppress": [USER_ADMIN_SCOPE],
            }
        }
    }
    return event


def _client_id(event: Mapping[str, Any]) -> object:
    caller = event.get("callerContext")
    return caller.get("clientId") if isinstance(caller, Mapping) else None


def _scopes(event: Mapping[str, Any]) -> tuple[object, ...]:
    request = event.get("request")
    listed = request.get("scopes") if isinstance(request, Mapping) else None
    return tuple(listed) if isinstance(listed, list) else ()
