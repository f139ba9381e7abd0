"""Routes for lists of sessions. People list and end their own sessions. Administrators list and end the sessions of other
people."""

from typing import TYPE_CHECKING, Any

from ..log import log_event
from .call import Call

if TYPE_CHECKING:
    from ..flows.session_list import ListedSession


def own(call: Call) -> dict[str, Any]:
    """Return the caller's sessions. `current` is true for the session whose cookie was sent."""
    return _answer(call.services.session_list.of(call.caller.sub, _cookie(call)))


def end_own(call: Call, id: str) -> dict[str, str]:  # noqa: A002 - the path parameter's name in the contract
    """End one of the caller's sessions."""
    call.services.session_list.end(call.caller.sub, id)
    log_event("session_ended", user=call.caller.username, by=call.caller.username)
    return {"id": id}


def end_others(call: Call) -> dict[str, int]:
    """End all of the caller's sessions except the session of this browser."""
    ended = call.services.session_list.end_others(call.caller.sub, _cookie(call))
    log_event("sessions_ended", user=call.caller.username, by=call.caller.username, count=ended)
    return {"ended": ended}


def of_person(call: Call, userName: str) -> dict[str, Any]:  # noqa: N803 - the name in the contract
    """Return a person's sessions."""
    person = call.services.user_admin.load(userName)
    return _answer(call.services.session_list.of(person.sub, _cookie(call)))


def end_of_person(call: Call, userName: str, id: str) -> dict[str, str]:  # noqa: A002, N803 - names in the contract
    """End one of a person's sessions."""
    person = call.services.user_admin.load(userName)
    call.services.session_list.end(person.sub, id)
    log_event("session_ended", user=person.user_name, by=call.caller.username)
    return {"id": id}


def _cookie(call: Call) -> str | None:
    from ..session.sessions import COOKIE

    return call.cookies.get(COOKIE)


def _answer(listed: "list[ListedSession]") -> dict[str, Any]:
    return {
        "sessions": [
            {
                "id": each.row.id,
                "device": each.row.device,
                "provider": each.row.provider,
                "provider_label": each.provider_label,
                "started_at": each.row.startedAt,
                "last_used_at": each.row.lastUsedAt,
                "current": each.current,
            }
            for each in listed
        ]
    }
