"""What administrators do with other people."""

from chalice.app import Blueprint

from chalicelib import services
from chalicelib.log import log_event
from chalicelib.routes.authorization import authorized, caller_of

routes = Blueprint(__name__)


@routes.route(
    "/users/{userName}/sign-out",
    methods=["POST"],
    authorizer=authorized("api/write", group="admins"),
)
def sign_out(userName: str) -> dict[str, str]:  # noqa: N803 - the path parameter's name in the contract
    """End every session of a person, at every device: no refresh works any more."""
    services.current().user_admin.sign_out_everywhere(userName)
    log_event("global_sign_out", user=userName, by=caller_of(routes.current_request).username)
    return {"userName": userName}
