"""Deletes first and last names from a federated person's profile when the provider no longer sends the names (S-69).

The user name of the person's own profile is `<provider>_<subject>`. If the pool ignores case, user names that differ
only in case are equal. A linked account is found by the e-mail address. The account belongs to the person only if the
account's `identities` contain the person's provider and subject. The trigger's IAM role may delete attributes, but may
not write attributes. Source: Amazon Cognito API reference, AdminGetUser, AdminDeleteUserAttributes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..errors import TemporarilyUnavailable
from ..log import log_event
from .identities import Identity
from .pool_user import FEDERATED_STATUS, PoolUser, load_pool_user
from .provider_claims import text_of
from .user_pool_calls import Refused, call_cognito


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def admin_get_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_delete_user_attributes(self, **arguments: Any) -> dict[str, Any]: ...


class FederatedProfiles:
    """Finds and changes profiles in one pool."""

    def __init__(self, client: CognitoIdp, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id

    def delete_names(
        self, provider: str, subject: str, claims: Mapping[str, Any], names: Sequence[str]
    ) -> None:
        """Delete the attributes in `names` from the person's profile. Missing attributes are ignored. Raises
        TemporarilyUnavailable."""
        user = self._find(Identity(provider, subject), text_of(claims, "email"))
        stale = [name for name in names if user is not None and user.attributes.get(name)]
        if user is None or not stale:
            return
        try:
            call_cognito(
                self._client.admin_delete_user_attributes,
                {
                    "UserPoolId": self._pool,
                    "Username": user.user_name,
                    "UserAttributeNames": stale,
                },
            )
        except Refused as refused:
            raise TemporarilyUnavailable(f"AdminDeleteUserAttributes: {refused.code}") from None
        log_event("names_deleted", user=user.user_name, provider=provider, names=",".join(stale))

    def _find(self, identity: Identity, email: str) -> PoolUser | None:
        own = self._load(f"{identity.provider}_{identity.subject}")
        if own is not None and own.status == FEDERATED_STATUS:
            return own
        linked = self._load(email) if email else None
        return linked if linked is not None and identity in linked.identities else None

    def _load(self, name: str) -> PoolUser | None:
        return load_pool_user(self._client.admin_get_user, self._pool, name)
