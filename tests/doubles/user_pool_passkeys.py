"""Passkeys of the strict user pool: registration with the person's token, and sign-in with USER_AUTH.

Sources: Amazon Cognito API reference, StartWebAuthnRegistration, CompleteWebAuthnRegistration, ListWebAuthnCredentials,
DeleteWebAuthnCredential, AdminInitiateAuth (USER_AUTH), AdminRespondToAuthChallenge (WEB_AUTHN),
WebAuthnConfigurationType, WebAuthnMfaSettingsType; W3C Web Authentication Level 3, 7.1 and 7.2.
"""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.exceptions import WebAuthnException

from tests.doubles.authenticator import encode
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import SESSION_SECONDS, PoolCore, PoolSession, refusal

#: The maximum number of passkeys per person: developer guide, "Quotas in Amazon Cognito".
MOST_PASSKEYS = 20
#: The size of a page of ListWebAuthnCredentials.
PAGE = 20


@dataclass
class StoredPasskey:
    """The data that the pool stores for a passkey."""

    id: str
    public_key: bytes
    counter: int
    created_at: float
    attachment: str = "platform"
    transports: list[str] = field(default_factory=list)


class PasskeyOperations(PoolCore):
    """Operations for passkeys. `relying_party` is WebAuthnConfiguration.RelyingPartyId. A pool with an empty
    `relying_party` has no passkeys."""

    relying_party: str = ""
    #: The result of USER_AUTH for an unknown user name: the name of the exception, or SELECT_CHALLENGE. AWS does not
    #: document this result.
    unknown_by_choice: str = "UserNotFoundException"

    def _op_start_web_authn_registration(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "StartWebAuthnRegistration"
        user = self._grant(given["AccessToken"], op).user
        if not self.relying_party:
            raise refusal("WebAuthnNotEnabledException", op)
        user.passkey_challenge = encode(secrets.token_bytes(32))
        return {
            "CredentialCreationOptions": {
                "rp": {"id": self.relying_party, "name": self.relying_party},
                "user": {
                    "id": _handle(user),
                    "name": user.email,
                    "displayName": user.email,
                },
                "challenge": user.passkey_challenge,
                "pubKeyCredParams": [
                    {"type": "public-key", "alg": algorithm} for algorithm in (-7, -257)
                ],
                "timeout": 60_000,
                "excludeCredentials": [_described(passkey) for passkey in user.passkeys],
                "authenticatorSelection": {
                    "requireResidentKey": True,
                    "residentKey": "required",
                    "userVerification": "required",
                },
            }
        }

    def _op_complete_web_authn_registration(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "CompleteWebAuthnRegistration"
        user = self._grant(given["AccessToken"], op).user
        challenge, user.passkey_challenge = user.passkey_challenge, None
        if challenge is None:
            raise refusal("WebAuthnChallengeNotFoundException", op)
        if len(user.passkeys) >= MOST_PASSKEYS:
            raise refusal("LimitExceededException", op)
        credential = given["Credential"]
        origin = _origin(credential)
        if not _is_of(origin, self.relying_party):
            raise refusal("WebAuthnOriginNotAllowedException", op)
        try:
            verified = verify_registration_response(
                credential=json.dumps(credential),
                expected_challenge=_decode(challenge),
                expected_rp_id=self.relying_party,
                expected_origin=origin,
                require_user_verification=True,
            )
        except WebAuthnException as error:
            mismatch = "RP ID" in str(error)
            code = "RelyingPartyMismatch" if mismatch else "CredentialNotSupported"
            raise refusal(f"WebAuthn{code}Exception", op) from None
        stored = StoredPasskey(
            encode(verified.credential_id),
            verified.credential_public_key,
            verified.sign_count,
            self.clock(),
            credential.get("authenticatorAttachment", "platform"),
            list(credential["response"].get("transports", [])),
        )
        user.passkeys.append(stored)
        return {}

    def _op_list_web_authn_credentials(self, given: dict[str, Any]) -> dict[str, Any]:
        user = self._grant(given["AccessToken"], "ListWebAuthnCredentials").user
        start, size = int(given.get("NextToken", "0")), given.get("MaxResults", PAGE)
        more = start + size < len(user.passkeys)
        return {
            "Credentials": [
                {
                    "CredentialId": passkey.id,
                    "FriendlyCredentialName": "Passkey",
                    "RelyingPartyId": self.relying_party,
                    "AuthenticatorAttachment": passkey.attachment,
                    "AuthenticatorTransports": passkey.transports,
                    "CreatedAt": datetime.fromtimestamp(passkey.created_at, UTC),
                }
                for passkey in user.passkeys[start : start + size]
            ],
            **({"NextToken": str(start + size)} if more else {}),
        }

    def _op_delete_web_authn_credential(self, given: dict[str, Any]) -> dict[str, Any]:
        op = "DeleteWebAuthnCredential"
        user = self._grant(given["AccessToken"], op).user
        kept = [passkey for passkey in user.passkeys if passkey.id != given["CredentialId"]]
        if len(kept) == len(user.passkeys):
            raise refusal("ResourceNotFoundException", op)
        user.passkeys = kept
        return {}

    def _by_choice(self, given: dict[str, Any]) -> dict[str, Any]:
        """Handle AdminInitiateAuth with USER_AUTH."""
        op, parameters = "AdminInitiateAuth", given["AuthParameters"]
        self._check_hash(
            given["ClientId"], parameters["USERNAME"], parameters.get("SECRET_HASH"), op
        )
        if not self.relying_party:
            raise refusal(
                "InvalidParameterException", op, "USER_AUTH is not enabled for the client."
            )
        user = self.find(parameters["USERNAME"])
        if user is None or user.provider != "COGNITO":
            if self.unknown_by_choice != "SELECT_CHALLENGE":
                raise refusal(self.unknown_by_choice, op)
            nobody = PoolUser(parameters["USERNAME"], "")
            return self._offer(nobody, given["ClientId"])
        if not user.enabled:
            raise refusal("NotAuthorizedException", op, "User is disabled.")
        if user.status == "UNCONFIRMED":
            raise refusal("UserNotConfirmedException", op)
        wanted = parameters.get("PREFERRED_CHALLENGE") == "WEB_AUTHN"
        # If the user needs a second factor, the passkey must count as the second factor (WebAuthnMfaSettings).
        enough = user.passkey_is_mfa or not (user.factors or self.mfa_required)
        if not (wanted and enough and user.passkeys):
            return self._offer(user, given["ClientId"])
        challenge = encode(secrets.token_bytes(32))
        options = {
            "challenge": challenge,
            "timeout": 60_000,
            "rpId": self.relying_party,
            "allowCredentials": [_described(passkey) for passkey in user.passkeys],
            "userVerification": "required",
        }
        told = json.dumps(options)
        answer = self._challenge(
            user, given["ClientId"], "WEB_AUTHN", CREDENTIAL_REQUEST_OPTIONS=told
        )
        self._sessions[answer["Session"]].passkey_challenge = challenge
        return answer

    def _offer(self, user: PoolUser, client_id: str) -> dict[str, Any]:
        session = PoolSession(user, client_id, "SELECT_CHALLENGE", self.clock() + SESSION_SECONDS)
        return {
            "ChallengeName": "SELECT_CHALLENGE",
            "Session": self._keep(session),
            "ChallengeParameters": {},
            "AvailableChallenges": ["PASSWORD", "PASSWORD_SRP"],
        }

    def _check_passkey(self, session: PoolSession, text: str, op: str) -> None:
        """Verify an assertion. An assertion uses up its challenge even if the assertion is wrong."""
        wrong = refusal("NotAuthorizedException", op, "Invalid credential")
        challenge, session.passkey_challenge = session.passkey_challenge, None
        if challenge is None:
            raise wrong
        try:
            credential = json.loads(text)
            passkey = next(each for each in session.user.passkeys if each.id == credential["id"])
            handle = credential["response"].get("userHandle")
            origin = _origin(credential)
        except (ValueError, KeyError, TypeError, StopIteration):
            raise wrong from None
        if handle not in (None, _handle(session.user)) or not _is_of(origin, self.relying_party):
            raise wrong
        try:
            verified = verify_authentication_response(
                credential=text,
                expected_challenge=_decode(challenge),
                expected_rp_id=self.relying_party,
                expected_origin=origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.counter,
                require_user_verification=True,
            )
        except WebAuthnException:
            raise wrong from None
        passkey.counter = verified.new_sign_count


def _handle(user: PoolUser) -> str:
    return encode(user.sub.encode())


def _described(passkey: StoredPasskey) -> dict[str, Any]:
    return {"type": "public-key", "id": passkey.id, "transports": passkey.transports}


def _origin(credential: dict[str, Any]) -> str:
    said = json.loads(_decode(credential["response"]["clientDataJSON"]))
    return str(said["origin"])


def _is_of(origin: str, relying_party: str) -> bool:
    """Return whether an origin may use the relying party's passkeys (Web Authentication 5.1.3, step 7)."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    secure = parts.scheme == "https" or host == "localhost"
    return secure and (host == relying_party or host.endswith(f".{relying_party}"))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
