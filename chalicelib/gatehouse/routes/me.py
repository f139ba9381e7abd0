"""The caller's own record."""

from typing import Any

from chalice.app import Blueprint

from .. import services
from ..errors import InvalidRequest
from ..log import log_event
from .authorization import authorized, caller_of
from .request import checked_body

routes = Blueprint(__name__)

_NAMES = ("given_name", "family_name")
_MAX_NAME = 100


@routes.route("/me", methods=["GET"], authorizer=authorized("api/read"))
def me() -> dict[str, Any]:
    """The record from the users table and the caller's groups."""
    caller = caller_of(routes.current_request)
    record = services.current().profile.load(caller.username, caller.sub)
    return _answer(record, caller.groups)


@routes.route("/me", methods=["PATCH"], authorizer=authorized("api/write"))
def rename() -> dict[str, Any]:
    """Change the names of a person who has no identity provider; answers as GET does."""
    from ..web.bodies import read_name

    caller = caller_of(routes.current_request)
    body = checked_body(routes.current_request)
    unknown = set(body) - set(_NAMES)
    if unknown or not body:
        raise InvalidRequest("neither given_name nor family_name, or something else besides")
    names = {name: read_name(body, name, max_length=_MAX_NAME) for name in _NAMES if name in body}
    record = services.current().profile.rename(caller.username, caller.sub, names)
    log_event("profile_changed", user=caller.username)
    return _answer(record, caller.groups)


def _answer(record: Any, groups: tuple[str, ...]) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(record), "groups": list(groups)}
