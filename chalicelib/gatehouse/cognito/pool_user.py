"""A user of the pool, as ListUsers and AdminGetUser return the user."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import TemporarilyUnavailable
from .identities import Identity, parse_identities
from .user_pool_calls import Refused, call_cognito

#: The status of a profile that Cognito made at a person's first sign-in through a provider.
FEDERATED_STATUS = "EXTERNAL_PROVIDER"


class PoolUser(NamedTuple):
    """A user of the pool. `status` is Cognito's UserStatus."""

    user_name: str
    status: str
    enabled: bool
    attributes: Mapping[str, str]
    #: Cognito's names of the second factors that are switched on. AdminGetUser returns the factors, but ListUsers does
    #: not.
    factors: tuple[str, ...] = ()

    @property
    def sub(self) -> str:
        return self.attributes.get("sub", "")

    @property
    def identities(self) -> tuple[Identity, ...]:
        return parse_identities(self.attributes.get("identities"))


def parse_pool_user(answer: Mapping[str, Any]) -> PoolUser:
    """Read a user from an answer of ListUsers or AdminGetUser. The two operations use different names for the
    attributes."""
    listed = answer.get("Attributes") or answer.get("UserAttributes") or []
    return PoolUser(
        user_name=str(answer.get("Username", "")),
        status=str(answer.get("UserStatus", "")),
        enabled=answer.get("Enabled") is True,
        attributes={str(entry["Name"]): str(entry.get("Value", "")) for entry in listed},
        factors=tuple(answer.get("UserMFASettingList") or ()),
    )


def load_pool_user(
    admin_get_user: Callable[..., dict[str, Any]], user_pool_id: str, name: str
) -> PoolUser | None:
    """Return the user whose user name or address is `name`, or None. Raises TemporarilyUnavailable.

    The pool compares names and aliases by the pool's own rule for upper and lower case (AWS "User pool case
    sensitivity").
    """
    try:
        answer = call_cognito(admin_get_user, {"UserPoolId": user_pool_id, "Username": name})
    except Refused as refused:
        # Cognito refuses an impossible name, for example a name with a space, as an invalid parameter.
        if refused.code in ("UserNotFoundException", "InvalidParameterException"):
            return None
        raise TemporarilyUnavailable(f"AdminGetUser: {refused.code}") from None
    return parse_pool_user(answer)
