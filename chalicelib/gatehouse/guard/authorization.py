"""`authorized(scope, group, fresh, max_age)`: the argument that puts a route behind API Gateway's Cognito authorizer.

    @routes.route("/orders", authorizer=authorized("api/read"))
    def orders():
        return orders_of(caller_of(routes.current_request).sub)

API Gateway answers 401 without a valid access token and refuses a wrong scope; the guard verifies the rest before
the view runs, and puts the `Caller` on the request. With `max_age=300` the person must have proved who they are within five
minutes, and with `fresh=True` it also asks the pool and the users table whether the person still has these rights.
docs/your-routes.md has the whole story.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import CognitoUserPoolAuthorizer, Request

from ..cognito.claims import Caller, parse_issued_at, verify_caller
from ..cognito.groups import is_one_name
from ..settings import user_pool_arn

if TYPE_CHECKING:
    from ..flows.fresh_check import FreshCheck

NAME = "gatehouse"
#: Where the guard leaves the verified caller for the view.
CALLER_KEY = "gatehouse.caller"


class ScopedAuthorizer(CognitoUserPoolAuthorizer):
    """Chalice's Cognito authorizer with one scope, and what the handler side may demand besides."""

    def __init__(
        self, scope: str, group: str | None, fresh: bool, max_age: int | None, pool_arn: str
    ) -> None:
        super().__init__(NAME, provider_arns=[pool_arn], scopes=[scope])
        self._scope = scope
        self._group = group
        self._fresh = fresh
        #: Seconds since the person's last proof, at most; None on most routes.
        self.max_age = max_age

    def verify(self, context: Mapping[str, Any], client_ids: Collection[str]) -> Caller:
        """Return the caller of a requestContext; raises Unauthorized or Forbidden."""
        return verify_caller(context, client_ids=client_ids, scope=self._scope, group=self._group)

    def verify_age(self, context: Mapping[str, Any], now: float) -> None:
        """See that the person has proved who they are lately; raises InsufficientUserAuthentication."""
        if self.max_age is not None:
            from ..cognito.authentication_time import verify_age  # most apps have no such route

            verify_age(context, self.max_age, now)

    def verify_fresh(
        self, caller: Caller, context: Mapping[str, Any], load_check: "Callable[[], FreshCheck]"
    ) -> None:
        """Ask whether the caller still has these rights, if the route wants that; raises TemporarilyUnavailable besides."""
        if self._fresh:
            load_check().verify(caller, issued_at=parse_issued_at(context), group=self._group)


def authorized(
    scope: str,
    group: str | None = None,
    fresh: bool = False,
    max_age: int | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> ScopedAuthorizer:
    """Return the authorizer for a route: `scope` such as `api/read`, `group` a Cognito group such as `admins`.

    `fresh` asks at each call whether the person is enabled, in the group, and not signed out since the token was issued: two
    or three calls to AWS side by side, for routes where ten minutes of an old right are too long.

    `max_age` is how many seconds ago, at most, the person proved who they are: by password or passkey, or at the identity
    provider, where a silent single sign-on does not count. Otherwise the answer is 401 `insufficient_user_authentication`
    (RFC 9470), and the page asks the person to confirm.

    `environ` holds the stage's settings where they are not those of the process.

    Raises ValueError for a group whose name could read as several, which no token ever holds, and for a `max_age` that is no
    number of seconds from 30 to 86,400.
    """
    if group is not None and not is_one_name(group):
        raise ValueError(f"no route can ask for the group {group!r}: rename it without a comma")
    if max_age is not None:
        from ..cognito.authentication_time import refuse_age

        if reason := refuse_age(max_age):
            raise ValueError(reason)
    return ScopedAuthorizer(scope, group, fresh, max_age, user_pool_arn(environ))


def caller_of(request: Request) -> Caller:
    """Return who calls an `authorized` route, as the guard verified it. Raises RuntimeError on a public one."""
    caller = request.context.get(CALLER_KEY)
    if not isinstance(caller, Caller):
        raise RuntimeError(
            "nobody's token was verified: this route has no authorizer=authorized(…)"
        )
    return caller
