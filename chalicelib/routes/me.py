"""The caller's own record."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import services
from chalicelib.errors import NotFound
from chalicelib.routes.authorization import authorized, caller_of

routes = Blueprint(__name__)


@routes.route("/me", methods=["GET"], authorizer=authorized("api/read"))
def me() -> dict[str, Any]:
    """The record from the users table and the caller's groups."""
    from dataclasses import asdict

    caller = caller_of(routes.current_request)
    record = services.current().users.load(caller.username)
    # A user name can be given to a new person after a deletion; `sub` never is (S-50).
    if record is None or record.sub not in ("", caller.sub):
        raise NotFound("the caller has no record; the next sign-in writes it")
    return {**asdict(record), "groups": list(caller.groups)}
