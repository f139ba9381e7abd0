"""`authorized(scope, group, fresh, max_age)`: the `authorizer` argument of a route that requires an access token.

    @routes.route("/orders", authorizer=authorized("api/read"))
    def orders():
        return orders_of(caller_of(routes.current_request).sub)

API Gateway answers 401 to a request without a valid access token, and refuses a token without the scope. Before the
view runs, the guard makes all other checks and stores the `Caller` in the request. With `max_age=300`, the person must
have authenticated within the last five minutes. With `fresh=True`, the guard also checks in the pool and in the users
table whether the person is still enabled, still in the group, and not signed out. docs/your-routes.md explains the
details.
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
#: The key under which the guard stores the verified caller for the view.
CALLER_KEY = "gatehouse.caller"


class ScopedAuthorizer(CognitoUserPoolAuthorizer):
    """Chalice's Cognito authorizer with one scope, and with the additional requirements that the guard checks."""

    def __init__(
        self, scope: str, group: str | None, fresh: bool, max_age: int | None, pool_arn: str
    ) -> None:
        super().__init__(NAME, provider_arns=[pool_arn], scopes=[scope])
        self._scope = scope
        self._group = group
        self._fresh = fresh
        #: The maximum number of seconds since the person's last authentication; None on most routes.
        self.max_age = max_age

    def verify(self, context: Mapping[str, Any], client_ids: Collection[str]) -> Caller:
        """Return the caller of a requestContext. Raises Unauthorized or Forbidden."""
        return verify_caller(context, client_ids=client_ids, scope=self._scope, group=self._group)

    def verify_age(self, context: Mapping[str, Any], clock: Callable[[], float]) -> None:
        """Check that the person has authenticated recently. Raises InsufficientUserAuthentication."""
        if self.max_age is not None:
            # The import is here, so that apps without `max_age` do not load authentication_time.
            from ..cognito.authentication_time import verify_age

            verify_age(context, self.max_age, clock())

    def verify_fresh(
        self, caller: Caller, context: Mapping[str, Any], load_check: "Callable[[], FreshCheck]"
    ) -> None:
        """If the route was declared with `fresh`, check that the caller still has the rights in the access token.
        Raises Unauthorized, Forbidden or TemporarilyUnavailable."""
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
    """Return the authorizer for a route. `scope` is for example `api/read`. `group` is a Cognito group, for example
    `admins`.

    With `fresh`, each call checks that the person is still enabled, still in the group, and not signed out. The check
    makes two or three parallel calls to AWS. Use `fresh` for routes on which a withdrawn right must stop working at
    once. On other routes, the right may still work for ten minutes after it was withdrawn.

    `max_age` is the maximum number of seconds since the person authenticated: by password, by passkey, or at the identity
    provider. Silent single sign-on does not count. If more seconds have passed, the answer is 401
    `insufficient_user_authentication` (RFC 9470), and the page asks the person to authenticate again.

    `environ` contains the stage's settings. The default is the process's environment.

    Raises ValueError if the group's name could be read as several names, because a token never contains such a group.
    Also raises ValueError if `max_age` is not a whole number from 30 to 86,400.
    """
    if group is not None and not is_one_name(group):
        raise ValueError(
            f"tokens cannot contain the group {group!r}, because its name can be read as several names: rename the group"
        )
    if max_age is not None:
        from ..cognito.authentication_time import refuse_age

        if reason := refuse_age(max_age):
            raise ValueError(reason)
    return ScopedAuthorizer(scope, group, fresh, max_age, user_pool_arn(environ))


def caller_of(request: Request) -> Caller:
    """Return the verified caller of an `authorized` route. Raises RuntimeError on a public route."""
    caller = request.context.get(CALLER_KEY)
    if not isinstance(caller, Caller):
        raise RuntimeError(
            "this route has no authorizer=authorized(…), so there is no verified caller"
        )
    return caller
