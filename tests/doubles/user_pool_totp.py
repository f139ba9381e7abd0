"""AssociateSoftwareToken, VerifySoftwareToken, SetUserMFAPreference and RevokeToken of the strict double of the
user pool."""

from typing import Any

from tests.doubles.pool_users import new_totp_secret
from tests.doubles.user_pool_core import PoolCore, refusal


class TotpOperations(PoolCore):
    """Operations that set up authenticator apps. One operation revokes the tokens that the set-up used."""

    def _op_associate_software_token(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "AssociateSoftwareToken"
        secret = new_totp_secret()
        if "AccessToken" in given:
            self._grant(given["AccessToken"], op).totp_secret = secret
            return {"SecretCode": secret}
        session = self._session(given["Session"], op)
        if session.challenge != "MFA_SETUP":
            raise refusal("NotAuthorizedException", op)
        del self._sessions[given["Session"]]
        session.totp_secret = secret
        return {"SecretCode": secret, "Session": self._keep(session)}

    def _op_verify_software_token(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "VerifySoftwareToken"
        code = given["UserCode"]
        if "AccessToken" in given:
            grant = self._grant(given["AccessToken"], op)
            if grant.totp_secret is None:
                raise refusal("SoftwareTokenMFANotFoundException", op)
            if not grant.user.check_totp(code, self.clock(), grant.totp_secret):
                raise refusal("EnableSoftwareTokenMFAException", op, "Code mismatch")
            grant.user.totp_secret = grant.totp_secret
            return {"Status": "SUCCESS"}
        session = self._session(given["Session"], op)
        if session.totp_secret is None:
            raise refusal("SoftwareTokenMFANotFoundException", op)
        if not session.user.check_totp(code, self.clock(), session.totp_secret):
            raise refusal("EnableSoftwareTokenMFAException", op, "Code mismatch")
        del self._sessions[given["Session"]]
        session.verified = True
        return {"Status": "SUCCESS", "Session": self._keep(session)}

    def _op_set_user_mfa_preference(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "SetUserMFAPreference"
        user = self._grant(given["AccessToken"], op).user
        if (passkeys := given.get("WebAuthnMfaSettings")) is not None:
            user.passkey_is_mfa = passkeys["Enabled"]
        totp = given.get("SoftwareTokenMfaSettings")
        if totp is None:
            return {}
        if totp["Enabled"] and user.totp_secret is None:
            raise refusal(
                "InvalidParameterException", op, "User has not verified software token mfa"
            )
        user.factors.discard("SOFTWARE_TOKEN_MFA")
        user.factors |= {"SOFTWARE_TOKEN_MFA"} if totp["Enabled"] else set()
        user.preferred = "SOFTWARE_TOKEN_MFA" if totp["PreferredMfa"] else None
        return {}

    def _op_revoke_token(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.clients.get(given["ClientId"]) != given.get("ClientSecret"):
            raise refusal("UnauthorizedException", "RevokeToken")
        for grant in self.grants.values():
            if given["Token"] == grant.refresh_token:
                grant.revoked = True
        if (entry := self.cognito._refresh.get(given["Token"])) is not None:
            entry.family.revoked = True
        return {}
