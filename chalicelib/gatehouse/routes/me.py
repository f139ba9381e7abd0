"""Routes for the caller's own record."""

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from ..log import log_event
from .call import Call

if TYPE_CHECKING:
    from ..store.users import UserRecord

_NAMES = ("given_name", "family_name")
_MAX_NAME = 100
_TOTP = "SOFTWARE_TOKEN_MFA"


def show(call: Call) -> dict[str, Any]:
    """Return the caller's record from the users table, and the caller's groups."""
    caller = call.caller
    record = call.services.profile.load(caller.username, caller.sub)
    return _answer(call, record)


def second_factor(call: Call) -> dict[str, Any]:
    """Return the second factors that the caller has turned on, by their names in Cognito. For a person who signs in
    through a provider, the list is empty, because the second factor is the provider's task.

    For a person with an authenticator app, also return the number of unused recovery codes, and the time at which a
    recovery code was last used.
    """
    caller = call.caller
    factors = call.services.profile.second_factor(caller.username, caller.sub)
    answer: dict[str, Any] = {"on": bool(factors), "factors": list(factors)}
    if _TOTP in factors:
        codes = call.services.recovery_code_store.load(caller.username)
        answer["recovery_codes"] = {"left": len(codes.digests), "used_at": codes.used_at or None}
    return answer


def rename(call: Call) -> dict[str, Any]:
    """Change the given name or the family name of a person without an identity provider. The answer is the same as for
    GET."""
    from ..edge.bodies import read_name

    caller = call.caller
    body = call.checked_body()
    unknown = set(body) - set(_NAMES)
    if unknown or not body:
        raise InvalidRequest(
            "the body must contain given_name, family_name or both, and nothing else"
        )
    names = {name: read_name(body, name, max_length=_MAX_NAME) for name in _NAMES if name in body}
    record = call.services.profile.rename(caller.username, caller.sub, names)
    log_event("profile_changed", user=caller.username)
    return _answer(call, record)


def _answer(call: Call, record: "UserRecord") -> dict[str, Any]:
    from dataclasses import asdict

    labels = call.services.profile.providers_of(record)
    return {
        **asdict(record),
        "groups": list(call.caller.groups),
        "providers": [{"name": name, "label": label} for name, label in labels.items()],
    }
