"""The calls with which administrators manage people in the strict user pool: attributes, lists, linking, deletion.

ListUsers with a filter compares exactly, even if the pool ignores case, because AWS documents only exact comparison.
Sources: Amazon Cognito user pools API reference, ListUsers, AdminGetUser, AdminListGroupsForUser,
AdminUpdateUserAttributes, AdminDeleteUserAttributes, AdminDeleteUser, AdminLinkProviderForUser,
AdminDisableProviderForUser, AdminUserGlobalSignOut, AdminSetUserPassword.
"""

import json
import re
from datetime import datetime, timezone
from typing import Any

from tests.doubles.pool_users import PoolUser, password_problem
from tests.doubles.user_pool_core import PoolCore, refusal

_FILTER = re.compile(r'(email|cognito:user_status) (\^?=) "((?:[^"\\]|\\.)*)"')
_WRITABLE = ("given_name", "family_name")
MAX_PAGE = 60
MAX_LINKS = 5


class PeopleOperations(PoolCore):
    """The administrators' operations."""

    #: Whether AdminLinkProviderForUser raises an error after it has linked the user, as if the call were repeated.
    link_throws_after: bool = False

    def _op_list_users(self, given: dict[str, Any]) -> dict[str, Any]:
        limit = given.get("Limit", MAX_PAGE)
        if not 1 <= limit <= MAX_PAGE:
            raise refusal("InvalidParameterException", "ListUsers")
        found = self.users
        if text := given.get("Filter"):
            match = _FILTER.fullmatch(text)
            if match is None:
                raise refusal("InvalidParameterException", "ListUsers")
            attribute, comparison, quoted = match.groups()
            wanted = re.sub(r"\\(.)", r"\1", quoted)
            values = [(user.email if attribute == "email" else user.status, user) for user in found]
            found = [
                user
                for value, user in values
                if value == wanted or (comparison == "^=" and value.startswith(wanted))
            ]
        start = int(given.get("PaginationToken", "0"))
        page = found[start : start + limit]
        answer: dict[str, Any] = {"Users": [described(user, "Attributes") for user in page]}
        if start + limit < len(found):
            answer["PaginationToken"] = str(start + limit)
        return answer

    def _op_admin_get_user(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminGetUser")
        answer = described(user, "UserAttributes")
        if user.factors:
            answer["UserMFASettingList"] = sorted(user.factors)
        if user.preferred:
            answer["PreferredMfaSetting"] = user.preferred
        return answer

    def _op_admin_update_user_attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminUpdateUserAttributes"
        assert given["UserPoolId"] == self.pool_id
        user = self._named(given["Username"], op)
        for attribute in given["UserAttributes"]:
            if attribute["Name"] not in (*_WRITABLE, "custom:groups"):
                raise AssertionError(f"{attribute['Name']} is not ours to change")
            name = attribute["Name"].replace("custom:groups", "told_groups")
            setattr(user, name, attribute["Value"])
        return {}

    def _op_admin_set_user_password(self, given: dict[str, Any]) -> dict[str, Any]:
        """Set a password. The call confirms an UNCONFIRMED user, but leaves the user's address unverified (aws-sdk-js
        issue 2976)."""
        user = self._named(given["Username"], "AdminSetUserPassword")
        assert given["Permanent"] is True
        if problem := password_problem(given["Password"]):
            raise refusal(problem, "AdminSetUserPassword")
        user.password, user.status = given["Password"], "CONFIRMED"
        return {}

    def _op_admin_delete_user_attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminDeleteUserAttributes")
        for name in given["UserAttributeNames"]:
            if name not in _WRITABLE:
                raise AssertionError(f"{name} is not ours to delete")
            setattr(user, name, "")
        return {}

    def _op_admin_user_global_sign_out(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminUserGlobalSignOut")
        self._end_sessions(user)
        return {}

    def _op_admin_delete_user(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminDeleteUser")
        self.users.remove(user)
        self._end_sessions(user)
        return {}

    def _op_admin_link_provider_for_user(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminLinkProviderForUser"
        destination, source = given["DestinationUser"], given["SourceUser"]
        if destination["ProviderName"] != "Cognito":
            raise refusal("InvalidParameterException", op)
        if source["ProviderAttributeName"] != "Cognito_Subject":
            raise refusal("InvalidParameterException", op)
        user = self._named(destination["ProviderAttributeValue"], op)
        pair = (source["ProviderName"], source["ProviderAttributeValue"])
        if any(pair in other.identities for other in self.users):
            raise refusal("InvalidParameterException", op, "SourceUser is already linked")
        if len(user.identities) >= MAX_LINKS:
            raise refusal("LimitExceededException", op)
        user.identities.append(pair)
        if self.link_throws_after:
            raise refusal("InvalidParameterException", op)
        return {}

    def _op_admin_disable_provider_for_user(self, given: dict[str, Any]) -> dict[str, Any]:
        source = given["User"]
        pair = (source["ProviderName"], source["ProviderAttributeValue"])
        for user in self.users:
            if pair in user.identities and source["ProviderAttributeName"] == "Cognito_Subject":
                user.identities.remove(pair)
                return {}
        raise refusal("UserNotFoundException", "AdminDisableProviderForUser")

    def _named(self, name: str, op: str) -> PoolUser:
        user = self.find(name)
        if user is None:
            raise refusal("UserNotFoundException", op)
        return user


def described(user: PoolUser, attributes: str) -> dict[str, Any]:
    """Return a user in the format of ListUsers or AdminGetUser. The two operations use different names for the list of
    attributes."""
    found = {
        "sub": user.sub,
        "email": user.email,
        "email_verified": "true" if user.email_verified else "false",
        "given_name": user.given_name,
        "family_name": user.family_name,
    }
    if user.idp_subject:
        found["custom:idp_sub"] = user.idp_subject
    if user.identities:
        found["identities"] = json.dumps(
            [{"userId": s, "providerName": p, "providerType": "OIDC"} for p, s in user.identities]
        )
    if user.told_groups:
        found["custom:groups"] = user.told_groups
    return {
        "Username": user.username,
        "UserCreateDate": datetime.fromtimestamp(user.created_at, timezone.utc),
        "UserLastModifiedDate": datetime.fromtimestamp(user.modified_at, timezone.utc),
        attributes: [{"Name": name, "Value": value} for name, value in found.items() if value],
        "Enabled": user.enabled,
        "UserStatus": user.status,
    }
