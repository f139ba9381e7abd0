"""`authorized(scope, group)`: the argument that puts a route behind API Gateway's Cognito authorizer.

    @routes.route("/orders", authorizer=authorized("api/read"))
    def orders():
        return orders_of(caller_of(routes.current_request).sub)

API Gateway answers 401 without a valid access token and refuses a wrong scope; the middleware verifies the rest before
the view runs, and puts the `Caller` on the request. docs/your-routes.md has the whole story.
"""

import functools
from collections.abc import Mapping
from typing import Any

from chalice.app import CognitoUserPoolAuthorizer, Request

from chalicelib.cognito.claims import Caller, verify_caller
from chalicelib.cognito.groups import is_one_name
from chalicelib.settings import user_pool_arn

NAME = "gatehouse"
#: Where the middleware leaves the verified caller for the view.
CALLER_KEY = "gatehouse.caller"


class ScopedAuthorizer(CognitoUserPoolAuthorizer):
    """Chalice's Cognito authorizer with one scope, and optionally a group that the handler side demands."""

    def __init__(self, scope: str, group: str | None) -> None:
        super().__init__(NAME, provider_arns=[user_pool_arn()], scopes=[scope])
        self._scope = scope
        self._group = group

    def verify(self, context: Mapping[str, Any], client_id: str) -> Caller:
        """Return the caller of a requestContext; raises Unauthorized or Forbidden."""
        return verify_caller(context, client_id=client_id, scope=self._scope, group=self._group)


@functools.cache
def authorized(scope: str, group: str | None = None) -> ScopedAuthorizer:
    """Return the authorizer for a route: `scope` such as `api/read`, `group` a Cognito group such as `admins`.

    Raises ValueError for a group whose name could read as several: no token ever holds it.
    """
    if group is not None and not is_one_name(group):
        raise ValueError(f"no route can ask for the group {group!r}: rename it without a comma")
    return ScopedAuthorizer(scope, group)


def caller_of(request: Request) -> Caller:
    """Return who calls an `authorized` route, as the middleware verified it."""
    caller = request.context[CALLER_KEY]
    assert isinstance(caller, Caller)
    return caller
