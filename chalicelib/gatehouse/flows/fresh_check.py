"""Checks whether a person still has the rights that the person's token states (S-70).

An access token lasts ten minutes, and API Gateway verifies nothing but the token. So at each call of a route with
`authorized(…, fresh=True)`, Gatehouse reads the pool and the users table, in parallel. If the pool or the table does
not answer, the route answers 503 and never grants access. Source: Amazon Cognito developer guide, "Revoking tokens" (an
issued access token stays valid until the token expires).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import workers
from ..cognito.claims import Caller
from ..cognito.identities import Identity
from ..cognito.pool_user import PoolUser
from ..cognito.told_groups import told_groups
from ..cognito.user_admin import UserAdmin
from ..errors import Forbidden, NotFound, Unauthorized
from ..store.users import UserStore

if TYPE_CHECKING:
    from ..store.providers import ProviderStore


class FreshCheck:
    """Checks a caller in the pool and in the users table. The caller's claims must already be verified."""

    def __init__(
        self,
        *,
        users: UserStore,
        user_admin: UserAdmin,
        load_providers: "Callable[[], ProviderStore]",
    ) -> None:
        self._users = users
        self._user_admin = user_admin
        self._load_providers = load_providers

    def verify(self, caller: Caller, *, issued_at: int, group: str | None) -> None:
        """Raise an error if the person is disabled, is not in `group`, or was signed out at or after `issued_at`. If
        `group` is None, groups are not checked.

        Raises Unauthorized if the person was deleted, disabled or signed out, or if another person has the user name
        now. When a route answers Unauthorized, the browser refreshes the session, and the answer to the refresh
        contains the reason. Raises Forbidden if the person is no longer in the group, and TemporarilyUnavailable if a
        service does not answer.

        If a person has no record in the users table, no sign-out is recorded either, so only the pool's answer counts.
        The next sign-in writes the record.
        """
        person, in_pool_group, record = workers.together(
            lambda: self._user_admin.find(caller.username),
            lambda: group is None or self._is_in_group(caller.username, group),
            lambda: self._users.load(caller.username),
        )
        if person is None:
            raise Unauthorized("the pool no longer has a user with that name")
        if person.sub != caller.sub:
            raise Unauthorized("the user name now belongs to another person")
        if not person.enabled:
            raise Unauthorized("the person is disabled")
        if record is not None and record.ends_tokens_of(issued_at):
            raise Unauthorized("the person was signed out everywhere after this token was issued")
        if not in_pool_group and group not in self._told_groups(person):
            raise Forbidden("the person is no longer in the group")

    def _is_in_group(self, user_name: str, group: str) -> bool:
        try:
            return self._user_admin.is_in_group(user_name, group)
        except NotFound:
            return False

    def _tells_groups(self, identities: tuple[Identity, ...]) -> bool:
        return self._load_providers().tells_groups(identity.provider for identity in identities)

    def _told_groups(self, person: PoolUser) -> tuple[str, ...]:
        return told_groups(person.attributes, self._tells_groups).names
