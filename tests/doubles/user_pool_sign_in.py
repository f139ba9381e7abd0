"""AdminInitiateAuth and AdminRespondToAuthChallenge of the strict user pool."""

import hmac
import json
from typing import Any

from tests.doubles.pool_users import PoolUser, password_problem
from tests.doubles.user_pool_core import refusal
from tests.doubles.user_pool_passkeys import PasskeyOperations

CODE_NAMES = {
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
    "SMS_MFA": "SMS_MFA_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
}


class SignInOperations(PasskeyOperations):
    """Operations for passwords, passkeys and challenges."""

    def _op_admin_initiate_auth(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminInitiateAuth"
        if given["UserPoolId"] == self.pool_id and given["AuthFlow"] == "USER_AUTH":
            return self._by_choice(given)
        if given["UserPoolId"] != self.pool_id or given["AuthFlow"] != "ADMIN_USER_PASSWORD_AUTH":
            raise refusal("InvalidParameterException", op)
        parameters = given["AuthParameters"]
        name = parameters["USERNAME"]
        self._check_hash(given["ClientId"], name, parameters.get("SECRET_HASH"), op)
        wrong = refusal("NotAuthorizedException", op, "Incorrect username or password.")
        user = self.find(name)
        if user is None or not parameters["PASSWORD"]:
            raise wrong
        if user.provider != "COGNITO" and user.password == "" and not self.federated_passwords:
            raise wrong
        if user.is_locked(self.clock()):
            raise refusal("NotAuthorizedException", op, "Password attempts exceeded")
        if user.password and not hmac.compare_digest(
            user.password.encode(), parameters["PASSWORD"].encode()
        ):
            user.note_failure(self.clock())
            raise wrong
        if not user.enabled:
            raise refusal("NotAuthorizedException", op, "User is disabled.")
        if user.status == "UNCONFIRMED":
            raise refusal("UserNotConfirmedException", op)
        if user.status == "RESET_REQUIRED":
            raise refusal("PasswordResetRequiredException", op)
        user.failures = 0
        if self.next_challenge is not None:
            challenge, parameters = self.next_challenge
            self.next_challenge = None
            return self._challenge(user, given["ClientId"], challenge, **parameters)
        if user.status == "FORCE_CHANGE_PASSWORD":
            return self._challenge(
                user,
                given["ClientId"],
                "NEW_PASSWORD_REQUIRED",
                requiredAttributes="[]",
                userAttributes=json.dumps({"email": user.email}),
            )
        return self._after_password(user, given["ClientId"])

    def _op_get_tokens_from_refresh_token(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "GetTokensFromRefreshToken"
        if given.get("ClientSecret") != self.clients.get(given["ClientId"], ""):
            raise refusal("NotAuthorizedException", op, "Unable to verify secret hash for client")
        body = self.cognito.refresh_by_api(given["RefreshToken"])
        if body is None:
            raise refusal("NotAuthorizedException", op, "Refresh Token has been revoked")
        names = {
            "AccessToken": "access_token",
            "IdToken": "id_token",
            "RefreshToken": "refresh_token",
        }
        result = {name: body[key] for name, key in names.items() if key in body}
        return {"AuthenticationResult": {**result, "ExpiresIn": 600, "TokenType": "Bearer"}}

    def _after_password(self, user: PoolUser, client_id: str) -> dict[str, Any]:
        factors = sorted(user.factors)
        if len(factors) > 1 and user.preferred is None:
            offered = json.dumps([self.offered_as.get(each, each) for each in factors])
            return self._challenge(user, client_id, "SELECT_MFA_TYPE", MFAS_CAN_CHOOSE=offered)
        if factors:
            return self._factor(user, client_id, user.preferred or factors[0])
        if self.mfa_required:
            can = json.dumps(self.mfas_can_setup)
            return self._challenge(user, client_id, "MFA_SETUP", MFAS_CAN_SETUP=can)
        return {"ChallengeParameters": {}, "AuthenticationResult": self._tokens(user, client_id)}

    def _factor(self, user: PoolUser, client_id: str, name: str) -> dict[str, Any]:
        if name == "SOFTWARE_TOKEN_MFA":
            return self._challenge(user, client_id, name)
        self._send(user, name)
        medium = "EMAIL" if name == "EMAIL_OTP" else "SMS"
        where = "g***@e***" if medium == "EMAIL" else "+*******0123"
        return self._challenge(
            user,
            client_id,
            name,
            CODE_DELIVERY_DELIVERY_MEDIUM=medium,
            CODE_DELIVERY_DESTINATION=where,
        )

    def _op_admin_respond_to_auth_challenge(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AdminRespondToAuthChallenge"
        if given["UserPoolId"] != self.pool_id:
            raise refusal("ResourceNotFoundException", op)
        client_id, name = given["ClientId"], given["ChallengeName"]
        responses = given["ChallengeResponses"]
        self._check_hash(client_id, responses.get("USERNAME", ""), responses.get("SECRET_HASH"), op)
        session = self._session(given.get("Session", ""), op)
        # USERNAME must be the user's name in the pool. Only AdminInitiateAuth accepts an alias.
        theirs = session.user.username == responses["USERNAME"]
        if not theirs or session.client_id != client_id or session.challenge != name:
            raise refusal("NotAuthorizedException", op, "Invalid session for the user.")
        user = session.user
        expected = {"USERNAME", "SECRET_HASH"}
        if name == "NEW_PASSWORD_REQUIRED":
            expected |= {"NEW_PASSWORD"}
            password = responses["NEW_PASSWORD"]
            if problem := password_problem(password):
                raise refusal(problem, op)
            user.password, user.status = password, "CONFIRMED"
            answer = self._after_password(user, client_id)
        elif name == "MFA_SETUP":
            if not session.verified or session.totp_secret is None:
                raise refusal("InvalidParameterException", op)
            user.totp_secret = session.totp_secret
            user.factors.add("SOFTWARE_TOKEN_MFA")
            answer = {"AuthenticationResult": self._tokens(user, client_id)}
        elif name == "SELECT_MFA_TYPE":
            expected |= {"ANSWER"}
            offered = {self.offered_as.get(each, each): each for each in user.factors}
            if responses["ANSWER"] not in offered:
                raise refusal("InvalidParameterException", op)
            answer = self._factor(user, client_id, offered[responses["ANSWER"]])
        elif name == "WEB_AUTHN":
            expected |= {"CREDENTIAL"}
            self._check_passkey(session, responses["CREDENTIAL"], op)
            answer = {"AuthenticationResult": self._tokens(user, client_id)}
        else:
            expected |= {CODE_NAMES[name]}
            self._check_factor(user, name, responses[CODE_NAMES[name]], op)
            answer = {"AuthenticationResult": self._tokens(user, client_id)}
        if set(responses) != expected:
            raise AssertionError(f"{name} takes {sorted(expected)}, not {sorted(responses)}")
        self._sessions.pop(given["Session"])
        return answer

    def _check_factor(self, user: PoolUser, name: str, code: str, op: str) -> None:
        if name == "SOFTWARE_TOKEN_MFA":
            if not user.check_totp(code, self.clock()):
                raise refusal("CodeMismatchException", op)
        elif problem := user.check_code(name, code, self.clock()):
            # In this double, the code of a challenge expires together with the Session.
            limited = problem == "LimitExceededException"
            raise refusal("NotAuthorizedException" if limited else problem, op)
