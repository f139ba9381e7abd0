"""What administrators see of other people, and do with them."""

from typing import Any

from chalice.app import Blueprint

from .. import services
from ..errors import InvalidRequest
from ..log import log_event
from .authorization import authorized, caller_of
from .request import query_value

routes = Blueprint(__name__)

_DEFAULT_LIMIT = 50
_MAX_LIMIT = 100


@routes.route(
    "/users", methods=["GET"], authorizer=authorized("api/read", group="admins", fresh=True)
)
def users() -> dict[str, Any]:
    """A page of the users table in no particular order; `cursor` leads to the next and is null at the end."""
    from dataclasses import asdict

    request = routes.current_request
    current = services.current()
    limit = _limit(query_value(request, "limit"))
    cursor = query_value(request, "cursor")
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
        raise InvalidRequest("limit is not a number")
    if not 1 <= int(text) <= _MAX_LIMIT:
        raise InvalidRequest("limit is out of range")
    return int(text)


@routes.route(
    "/users/{userName}/sign-out",
    methods=["POST"],
    authorizer=authorized("api/write", group="admins", fresh=True),
)
def sign_out(userName: str) -> dict[str, str]:  # noqa: N803 - the path parameter's name in the contract
    """End every session of a person, at every device: no refresh works any more."""
    user_name = services.current().global_sign_out.end_sessions(userName)
    log_event("global_sign_out", user=user_name, by=caller_of(routes.current_request).username)
    return {"userName": userName}
