"""SignUp, ConfirmSignUp, ResendConfirmationCode, ForgotPassword and ConfirmForgotPassword of the strict user pool.

With PreventUserExistenceErrors, AWS has two responses for an unknown user: invented CodeDeliveryDetails, and
InvalidParameterException. The responses alternate. Source: "Managing user existence error responses".
"""

from typing import Any

from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.doubles.pool_users import PoolUser, password_problem
from tests.doubles.user_pool_core import PoolCore, refusal

#: The attributes of the pool that people may set themselves.
SCHEMA = frozenset(
    {"email", "given_name", "family_name", "name", "custom:idp_sub", "custom:groups"}
)


def delivery(address: str) -> dict[str, str]:
    """Return the destination of a code, as in Cognito's response."""
    name, _, domain = address.partition("@")
    where = f"{name[:1]}***@{domain[:1]}***"
    return {"Destination": where, "DeliveryMedium": "EMAIL", "AttributeName": "email"}


class AccountOperations(PoolCore):
    """The operations with which people create and restore their own accounts."""

    def _op_sign_up(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "SignUp"
        self._check_hash(given["ClientId"], given["Username"], given.get("SecretHash"), op)
        if problem := password_problem(given["Password"]):
            raise refusal(problem, op)
        attributes = {entry["Name"]: entry["Value"] for entry in given.get("UserAttributes", [])}
        address = given["Username"]
        if "@" not in address or attributes.get("email", address) != address:
            raise refusal("InvalidParameterException", op, "Username should be an email.")
        if not set(attributes) <= SCHEMA:
            raise refusal(
                "InvalidParameterException", op, "Attribute does not exist in the schema."
            )
        user = PoolUser(
            address,
            given["Password"],
            status="UNCONFIRMED",
            given_name=attributes.get("given_name", ""),
            family_name=attributes.get("family_name", ""),
            email_verified=False,
        )
        try:
            self.trigger("PreSignUp_SignUp", user, given.get("ClientMetadata", {}))
        except TriggerFailed as error:
            message = f"PreSignUp failed with error {error}."
            raise refusal("UserLambdaValidationException", op, message) from None
        if self.find(given["Username"]) is not None:
            raise refusal("UsernameExistsException", op)
        self.users.append(user)
        self._deliver(user, "sign-up", op)
        return {
            "UserConfirmed": False,
            "UserSub": user.sub,
            "CodeDeliveryDetails": delivery(address),
        }

    def _op_confirm_sign_up(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "ConfirmSignUp"
        self._check_hash(given["ClientId"], given["Username"], given.get("SecretHash"), op)
        user = self.find(given["Username"])
        if user is None:
            raise refusal("ExpiredCodeException", op)
        if user.status != "UNCONFIRMED":
            raise refusal("NotAuthorizedException", op, "User cannot be confirmed.")
        if problem := user.check_code("sign-up", given["ConfirmationCode"], self.clock()):
            raise refusal(problem, op)
        user.status, user.email_verified = "CONFIRMED", True
        self.trigger("PostConfirmation_ConfirmSignUp", user, given.get("ClientMetadata", {}))
        return {}

    def _op_resend_confirmation_code(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "ResendConfirmationCode"
        self._check_hash(given["ClientId"], given["Username"], given.get("SecretHash"), op)
        user = self.find(given["Username"])
        if user is None:
            return self._simulated(given["Username"], op)
        if user.status != "UNCONFIRMED":
            raise refusal("InvalidParameterException", op, "User is already confirmed.")
        self._deliver(user, "sign-up", op)
        return {"CodeDeliveryDetails": delivery(user.email)}

    def _op_forgot_password(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "ForgotPassword"
        self._check_hash(given["ClientId"], given["Username"], given.get("SecretHash"), op)
        user = self.find(given["Username"])
        if user is None or user.provider != "COGNITO":
            return self._simulated(given["Username"], op)
        if user.status == "UNCONFIRMED":
            raise refusal("InvalidParameterException", op, "no registered or verified email")
        if user.status == "FORCE_CHANGE_PASSWORD" or not user.enabled:
            raise refusal("NotAuthorizedException", op)
        self._deliver(user, "reset", op)
        return {"CodeDeliveryDetails": delivery(user.email)}

    def _op_confirm_forgot_password(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "ConfirmForgotPassword"
        self._check_hash(given["ClientId"], given["Username"], given.get("SecretHash"), op)
        if (problem := password_problem(given["Password"])) is not None:
            raise refusal(problem, op)
        user = self.find(given["Username"])
        if user is None:
            raise refusal("CodeMismatchException", op)
        if problem := user.check_code("reset", given["ConfirmationCode"], self.clock()):
            raise refusal(problem, op)
        if given["Password"] in user.past_passwords:
            raise refusal("PasswordHistoryPolicyViolationException", op)
        user.password, user.status = given["Password"], "CONFIRMED"
        user.failures, user.locked_until = 0, 0.0
        self.trigger("PostConfirmation_ConfirmForgotPassword", user, {})
        return {}

    def _simulated(self, name: str, op: str) -> dict[str, Any]:
        self.simulated += 1
        if self.simulated % 2:
            return {"CodeDeliveryDetails": delivery(name)}
        raise refusal("InvalidParameterException", op)

    def _deliver(self, user: PoolUser, purpose: str, op: str) -> None:
        if self.undeliverable is not None:
            raise refusal(self.undeliverable, op)
        self._send(user, purpose)
