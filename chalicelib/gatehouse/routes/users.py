"""Routes with which administrators list people and sign people out."""

from typing import Any

from ..errors import InvalidRequest
from ..log import log_event
from .call import Call

_DEFAULT_LIMIT = 50
_MAX_LIMIT = 100


def page(call: Call) -> dict[str, Any]:
    """Return one page of the users table, in no particular order. In the answer, `cursor` is the position of the next
    page. On the last page, `cursor` is null."""
    from dataclasses import asdict

    current = call.services
    limit = _limit(call.query_value("limit"))
    cursor = call.query_value("cursor")
    after = None if cursor is None else current.user_cursors.open(cursor)
    records, last = current.users.page(limit, after)
    return {
        "users": [asdict(record) for record in records],
        "cursor": None if last is None else current.user_cursors.seal(last),
    }


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if len(text) > len(str(_MAX_LIMIT)) or not (text.isascii() and text.isdigit()):
        raise InvalidRequest("limit is not a number", field="limit")
    if not 1 <= int(text) <= _MAX_LIMIT:
        raise InvalidRequest("limit is out of range", field="limit")
    return int(text)


def sign_out(call: Call, userName: str) -> dict[str, str]:  # noqa: N803 - the path parameter's name in the contract
    """End every session of a person, on every device. After the call, these sessions can no longer be refreshed."""
    user_name = call.services.global_sign_out.end_sessions(userName)
    log_event("global_sign_out", user=user_name, by=call.caller.username)
    return {"userName": userName}
