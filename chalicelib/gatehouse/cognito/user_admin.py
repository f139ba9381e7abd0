"""Makes Cognito's admin calls for the people in the user pool, with the permissions of the app's IAM role.

Source: Amazon Cognito API reference, "AdminGetUser", "AdminListGroupsForUser", "AdminUserGlobalSignOut",
"AdminUpdateUserAttributes", "AdminDeleteUser", "AdminDisableUser", "AdminEnableUser", "AdminSetUserPassword",
"AdminSetUserMFAPreference"; developer guide, "Quotas in Amazon Cognito" (a person is in 100 groups at most).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from ..errors import NotFound, TemporarilyUnavailable
from .pool_user import PoolUser, load_pool_user
from .user_pool_calls import Refused, call_cognito

#: Cognito's errors for an unknown name. `InvalidParameterException` means that Cognito does not allow such a name.
_UNKNOWN = frozenset({"UserNotFoundException", "InvalidParameterException"})
#: `_GROUPS_A_PAGE` is the number of groups per page (AWS's maximum). `_GROUP_PAGES` is the maximum number of pages that
#: are read.
_GROUPS_A_PAGE = 60
_GROUP_PAGES = 5


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def admin_get_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_list_groups_for_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_user_global_sign_out(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_update_user_attributes(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_set_user_password(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_set_user_mfa_preference(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_delete_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_disable_user(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_enable_user(self, **arguments: Any) -> dict[str, Any]: ...


class UserAdmin:
    """The admin calls for the people of one user pool."""

    def __init__(self, client: CognitoIdp, user_pool_id: str) -> None:
        self._client = client
        self._user_pool_id = user_pool_id

    def load(self, name: str) -> PoolUser:
        """Return a person. `name` is a user name, or the e-mail address of a native user. Raises NotFound or
        TemporarilyUnavailable."""
        found = self.find(name)
        if found is None:
            raise NotFound("the pool has no user with that name")
        return found

    def find(self, name: str) -> PoolUser | None:
        """Return the person as `load` does, or None for an unknown name. Raises TemporarilyUnavailable."""
        return load_pool_user(self._client.admin_get_user, self._user_pool_id, name)

    def is_in_group(self, user_name: str, group: str) -> bool:
        """Whether a person is in a group of the pool. Raises NotFound or TemporarilyUnavailable.

        If the list of groups has too many pages, the method raises TemporarilyUnavailable, too.
        """
        more: dict[str, Any] = {"Limit": _GROUPS_A_PAGE}
        for _ in range(_GROUP_PAGES):
            call = self._client.admin_list_groups_for_user
            answer = self._call("AdminListGroupsForUser", call, user_name, **more)
            if any(entry.get("GroupName") == group for entry in answer.get("Groups", [])):
                return True
            if not answer.get("NextToken"):
                return False
            more["NextToken"] = answer["NextToken"]
        raise TemporarilyUnavailable(f"AdminListGroupsForUser: more than {_GROUP_PAGES} pages")

    def sign_out_everywhere(self, user_name: str) -> None:
        """Revoke every refresh token of a person. The call may be repeated. Raises NotFound or TemporarilyUnavailable.

        API Gateway still accepts an access token that was already issued, until the token expires after ten minutes at
        most (S-37).
        """
        self._call("AdminUserGlobalSignOut", self._client.admin_user_global_sign_out, user_name)

    def update_names(self, user_name: str, names: Mapping[str, str]) -> None:
        """Set `given_name` and `family_name`, and no other attribute. Raises NotFound or TemporarilyUnavailable."""
        attributes = [
            {"Name": name, "Value": names[name]}
            for name in ("given_name", "family_name")
            if name in names
        ]
        update = self._client.admin_update_user_attributes
        self._call("AdminUpdateUserAttributes", update, user_name, UserAttributes=attributes)

    def write_told_groups(self, user_name: str, text: str) -> None:
        """Replace the value of the attribute `custom:groups`, which contains the groups that a provider sent. Raises
        NotFound or TemporarilyUnavailable."""
        attributes = [{"Name": "custom:groups", "Value": text}]
        update = self._client.admin_update_user_attributes
        self._call("AdminUpdateUserAttributes", update, user_name, UserAttributes=attributes)

    def disable(self, user_name: str) -> None:
        """Disable a person, so that the person can no longer sign in. The call may be repeated. Raises NotFound or
        TemporarilyUnavailable."""
        self._call("AdminDisableUser", self._client.admin_disable_user, user_name)

    def enable(self, user_name: str) -> None:
        """Enable a person again. The call may be repeated. Raises NotFound or TemporarilyUnavailable."""
        self._call("AdminEnableUser", self._client.admin_enable_user, user_name)

    def set_password(self, user_name: str, password: str) -> None:
        """Set a permanent password. The call may be repeated. Raises NotFound, Refused or TemporarilyUnavailable.

        When the password is set, Cognito confirms the account, too (aws-sdk-js issue 2976). So call this method only
        after a mailed code was accepted.
        """
        call_cognito(
            self._client.admin_set_user_password,
            {
                "UserPoolId": self._user_pool_id,
                "Username": user_name,
                "Password": password,
                "Permanent": True,
            },
        )

    def turn_app_off(self, user_name: str, *, passkeys: bool = False) -> None:
        """Turn a person's authenticator app off. The call may be repeated. Raises NotFound or TemporarilyUnavailable.

        `UserPoolApi.prefer_totp` does the same with the person's own token. Source: API reference,
        "AdminSetUserMFAPreference".
        """
        settings: dict[str, Any] = {
            "SoftwareTokenMfaSettings": {"Enabled": False, "PreferredMfa": False}
        }
        if passkeys:
            settings["WebAuthnMfaSettings"] = {"Enabled": False}
        call = self._client.admin_set_user_mfa_preference
        self._call("AdminSetUserMFAPreference", call, user_name, **settings)

    def delete(self, user_name: str) -> None:
        """Delete a person, whatever the state of the account. Raises NotFound or TemporarilyUnavailable."""
        self._call("AdminDeleteUser", self._client.admin_delete_user, user_name)

    def _call(self, operation: str, call: Any, user_name: str, **more: Any) -> dict[str, Any]:
        arguments = {"UserPoolId": self._user_pool_id, "Username": user_name, **more}
        try:
            return call_cognito(call, arguments)
        except Refused as refused:
            if refused.code in _UNKNOWN:
                raise NotFound("the pool has no user with that name") from None
            raise TemporarilyUnavailable(f"{operation}: {refused.code}") from None
