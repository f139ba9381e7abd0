"""An example of a route of your own. The route reads the caller's claims and uses no table. See docs/your-routes.md."""

from typing import Any

from chalice.app import Blueprint

from .gatehouse import authorized, caller_of

routes = Blueprint(__name__)


@routes.route("/whoami", methods=["GET"], authorizer=authorized("api/read"))
def whoami() -> dict[str, Any]:
    """Return the owner and the rights of the caller's access token."""
    caller = caller_of(routes.current_request)
    return {
        "sub": caller.sub,
        "username": caller.username,
        "scopes": list(caller.scopes),
        "groups": list(caller.groups),
    }
