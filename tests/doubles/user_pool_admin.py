"""The calls with which operators manage people in the strict user pool: invitations, disabled people, groups, second
factors.

AWS does not document the result of AdminUserGlobalSignOut for a disabled person, or of AdminDeleteSoftwareToken for a
person without an authenticator app. With `unsure`, the double refuses both calls. Sources: Amazon Cognito user pools
API reference, AdminCreateUser (`RESEND` accepts an existing, unconfirmed user), AdminDisableUser,
AdminSetUserMFAPreference, AdminDeleteSoftwareToken, groups.
"""

import secrets
from typing import Any

from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import refusal
from tests.doubles.user_pool_people import PeopleOperations, described

_SETTINGS = {
    "SoftwareTokenMfaSettings": "SOFTWARE_TOKEN_MFA",
    "SMSMfaSettings": "SMS_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
}


class AdminOperations(PeopleOperations):
    """The operators' operations."""

    pool_groups: tuple[str, ...] = ("admins", "readers")
    #: The second factors of the pool. If a call sets another factor, the double refuses the call.
    pool_factors: tuple[str, ...] = ("SOFTWARE_TOKEN_MFA",)
    unsure: bool = False

    def _op_describe_user_pool(self, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "UserPool": {
                "Id": given["UserPoolId"],
                "UsernameConfiguration": {"CaseSensitive": self.case_sensitive},
                "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
            }
        }

    def _op_admin_create_user(self, given: dict[str, Any]) -> dict[str, Any]:
        op, address = "AdminCreateUser", given["Username"]
        if "@" not in address:
            raise refusal("InvalidParameterException", op, "Username should be an email.")
        user = self.find(address)
        if given.get("MessageAction") == "RESEND":
            if user is None:
                raise refusal("UserNotFoundException", op)
            if user.status != "FORCE_CHANGE_PASSWORD":
                raise refusal("UnsupportedUserStateException", op)
            user.password = f"Temp-{secrets.token_urlsafe(9)}"
        else:
            if user is not None:
                raise refusal("UsernameExistsException", op)
            told = {each["Name"]: each["Value"] for each in given["UserAttributes"]}
            user = PoolUser(
                told["email"],
                given.get("TemporaryPassword", f"Temp-{secrets.token_urlsafe(9)}"),
                status="FORCE_CHANGE_PASSWORD",
                given_name=told.get("given_name", ""),
                family_name=told.get("family_name", ""),
                email_verified=told.get("email_verified") == "true",
                created_at=self.clock(),
            )
            try:
                self.trigger("PreSignUp_AdminCreateUser", user, {})
            except TriggerFailed as error:
                raise refusal("UserLambdaValidationException", op, str(error)) from None
            self.users.append(user)
        user.modified_at = self.clock()
        if self.undeliverable is not None:
            raise refusal(self.undeliverable, op)
        if "EMAIL" in given.get("DesiredDeliveryMediums", ["SMS"]):
            self.sent.append((user.email, "invitation", user.password))
        return {"User": described(user, "Attributes")}

    def _op_admin_disable_user(self, given: dict[str, Any]) -> dict[str, Any]:
        self._named(given["Username"], "AdminDisableUser").enabled = False
        return {}

    def _op_admin_enable_user(self, given: dict[str, Any]) -> dict[str, Any]:
        self._named(given["Username"], "AdminEnableUser").enabled = True
        return {}

    def _op_admin_user_global_sign_out(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminUserGlobalSignOut"
        if self.unsure and not self._named(given["Username"], op).enabled:
            raise refusal("NotAuthorizedException", op, "User is disabled.")
        return super()._op_admin_user_global_sign_out(given)

    def _op_admin_set_user_mfa_preference(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminSetUserMFAPreference"
        user = self._named(given["Username"], op)
        if (passkeys := given.get("WebAuthnMfaSettings")) is not None:
            user.passkey_is_mfa = passkeys["Enabled"]
        for setting, value in given.items():
            factor = _SETTINGS.get(setting)
            if factor is None:
                continue
            if factor not in self.pool_factors:
                raise refusal("InvalidParameterException", op)
            user.factors.discard(factor)
            user.factors |= {factor} if value["Enabled"] else set()
            if user.preferred == factor and not value["PreferredMfa"]:
                user.preferred = None
        return {}

    def _op_admin_delete_software_token(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminDeleteSoftwareToken")
        if user.totp_secret is None and self.unsure:
            raise refusal("InvalidParameterException", "AdminDeleteSoftwareToken")
        user.totp_secret = None
        return {}

    def _op_list_groups(self, given: dict[str, Any]) -> dict[str, Any]:
        return _page([{"GroupName": name} for name in self.pool_groups], "Groups", given)

    def _op_admin_list_groups_for_user(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminListGroupsForUser")
        return _page([{"GroupName": name} for name in user.groups], "Groups", given)

    def _op_list_users_in_group(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["GroupName"] not in self.pool_groups:
            raise refusal("ResourceNotFoundException", "ListUsersInGroup")
        members = [user for user in self.users if given["GroupName"] in user.groups]
        return _page([described(user, "Attributes") for user in members], "Users", given)

    def _op_admin_add_user_to_group(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminAddUserToGroup"
        if given["GroupName"] not in self.pool_groups:
            raise refusal("ResourceNotFoundException", op, "Group not found.")
        user = self._named(given["Username"], op)
        user.groups = tuple(dict.fromkeys((*user.groups, given["GroupName"])))
        return {}

    def _op_admin_remove_user_from_group(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._named(given["Username"], "AdminRemoveUserFromGroup")
        user.groups = tuple(name for name in user.groups if name != given["GroupName"])
        return {}


def _page(found: list[dict[str, Any]], name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return as many items as the caller requests, but at most 60, as AWS does. Also return a token if more items
    exist."""
    limit = min(given.get("Limit", 60), 60)
    start = int(given.get("NextToken", "0"))
    answer: dict[str, Any] = {name: found[start : start + limit]}
    if start + limit < len(found):
        answer["NextToken"] = str(start + limit)
    return answer
