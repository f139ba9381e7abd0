"""Finds a federated person's profile in the pool, by the provider's own name for the person or by address (S-75).

A profile is used only if it has an identity of the given provider and subject. A signal from one provider therefore
cannot affect the people of another provider. Source: Amazon Cognito API reference, AdminGetUser, ListUsers.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import TemporarilyUnavailable
from .identities import Identity
from .pool_user import PoolUser, load_pool_user, parse_pool_user
from .user_pool_calls import Refused, call_cognito

_PAGE = 60


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def admin_get_user(self, **arguments: Any) -> dict[str, Any]: ...
    def list_users(self, **arguments: Any) -> dict[str, Any]: ...


class ProviderPeople:
    """Finds people of one pool who signed in through providers."""

    def __init__(self, client: CognitoIdp, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id

    def find(self, provider: str, subject: str, indexed: str) -> PoolUser | None:
        """Return the person's profile, or None. `indexed` is the user name in the index of people (`store/subjects.py`),
        or an empty string.

        If the index entry is missing or outdated, this method finds only the profile `<provider>_<subject>`. This
        profile is not linked to another account. Raises TemporarilyUnavailable.
        """
        wanted = Identity(provider, subject)
        for name in dict.fromkeys(filter(None, (indexed, f"{provider}_{subject}"))):
            user = load_pool_user(self._client.admin_get_user, self._pool, name)
            if user is not None and wanted in user.identities:
                return user
        return None

    def subjects_of(self, provider: str, email: str) -> tuple[str, ...]:
        """Return the subjects of all people of a provider with the address `email`. Raises TemporarilyUnavailable."""
        found: dict[str, None] = {}
        for spelling in dict.fromkeys((email, email.lower())):
            quoted = spelling.replace("\\", "\\\\").replace('"', '\\"')
            for user in self._list(f'email = "{quoted}"'):
                for identity in user.identities:
                    if identity.provider == provider and identity.subject:
                        found[identity.subject] = None
        return tuple(found)

    def _list(self, wanted: str) -> list[PoolUser]:
        arguments: Mapping[str, Any] = {
            "UserPoolId": self._pool,
            "Filter": wanted,
            "Limit": _PAGE,
        }
        try:
            page = call_cognito(self._client.list_users, arguments)
        except Refused as refused:
            raise TemporarilyUnavailable(f"ListUsers: {refused.code}") from None
        if page.get("PaginationToken"):
            raise TemporarilyUnavailable("ListUsers found too many people with the same address")
        return [parse_pool_user(user) for user in page.get("Users", [])]
