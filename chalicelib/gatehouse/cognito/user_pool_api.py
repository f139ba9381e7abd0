"""Calls Cognito's user-pool API for one app client: sign-in, challenges, accounts, authenticator apps.

This module builds requests and reads answers, and does nothing else. The modules in `flows` decide how a person learns
of a refusal. Sources: Amazon Cognito user pools API reference (AdminInitiateAuth, AdminRespondToAuthChallenge, SignUp,
ConfirmSignUp, ResendConfirmationCode, ForgotPassword, ConfirmForgotPassword, AssociateSoftwareToken,
VerifySoftwareToken, SetUserMFAPreference, GetTokensFromRefreshToken, RevokeToken); developer guide, "Computing secret
hash values".
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import TemporarilyUnavailable
from .oauth import TokenSet
from .sign_up_mark import KEY, build_mark
from .user_pool_calls import Refused, SecretRefused, call_cognito


@dataclass(frozen=True)
class Visitor:
    """The source of a request, in the form that Cognito's threat protection needs. `ip` is
    requestContext.identity.sourceIp.

    `device_cookie` is for our own throttle. The cookie shows that a person has signed in to an account with this browser
    before.
    """

    ip: str
    server: str
    path: str
    user_agent: str = ""
    device_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Step:
    """The result of one step of a sign-in: tokens, or the next challenge."""

    tokens: TokenSet | None = None
    challenge: str = ""
    session: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


class CognitoIdp(Protocol):
    """The methods of boto3's client that this module calls. The tests' fake client has the same methods."""

    def admin_initiate_auth(self, **arguments: Any) -> dict[str, Any]: ...
    def admin_respond_to_auth_challenge(self, **arguments: Any) -> dict[str, Any]: ...
    def sign_up(self, **arguments: Any) -> dict[str, Any]: ...
    def confirm_sign_up(self, **arguments: Any) -> dict[str, Any]: ...
    def resend_confirmation_code(self, **arguments: Any) -> dict[str, Any]: ...
    def forgot_password(self, **arguments: Any) -> dict[str, Any]: ...
    def confirm_forgot_password(self, **arguments: Any) -> dict[str, Any]: ...
    def associate_software_token(self, **arguments: Any) -> dict[str, Any]: ...
    def verify_software_token(self, **arguments: Any) -> dict[str, Any]: ...
    def set_user_mfa_preference(self, **arguments: Any) -> dict[str, Any]: ...
    def get_tokens_from_refresh_token(self, **arguments: Any) -> dict[str, Any]: ...
    def revoke_token(self, **arguments: Any) -> dict[str, Any]: ...


class UserPoolApi:
    """Makes the calls of one app client with a secret. All methods raise Refused or TemporarilyUnavailable.

    `load_client_secret(renew)` returns the secret. `renew=True` bypasses the secret's cache.
    """

    def __init__(
        self,
        client: CognitoIdp,
        *,
        user_pool_id: str,
        client_id: str,
        load_client_secret: Callable[[bool], str],
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id
        self._load_client_secret = load_client_secret

    def sign_in(self, username: str, password: str, visitor: Visitor) -> Step:
        """Check a password (ADMIN_USER_PASSWORD_AUTH). The method passes the password on to Cognito byte for byte
        (S-46)."""
        parameters = {"USERNAME": username, "PASSWORD": password}
        return self._initiate("ADMIN_USER_PASSWORD_AUTH", parameters, visitor)

    def begin_passkey(self, username: str, visitor: Visitor) -> Step:
        """Request the challenge for a passkey (USER_AUTH). If Cognito returns a different challenge, the person has no
        passkey."""
        parameters = {"USERNAME": username, "PREFERRED_CHALLENGE": "WEB_AUTHN"}
        return self._initiate("USER_AUTH", parameters, visitor)

    def _initiate(self, flow: str, parameters: Mapping[str, str], visitor: Visitor) -> Step:
        return self._step(
            self._client.admin_initiate_auth,
            lambda hashed: {
                "UserPoolId": self._pool,
                "ClientId": self._client_id,
                "AuthFlow": flow,
                "AuthParameters": {**parameters, "SECRET_HASH": hashed},
                "ContextData": _context_data(visitor),
            },
            parameters["USERNAME"],
        )

    def respond(
        self,
        challenge: str,
        session: str,
        username: str,
        responses: Mapping[str, str],
        visitor: Visitor,
    ) -> Step:
        """Answer a challenge. `username` is the user's name in the pool (USER_ID_FOR_SRP), because an alias, such as an
        e-mail address, does not work in this call."""
        return self._step(
            self._client.admin_respond_to_auth_challenge,
            lambda hashed: {
                "UserPoolId": self._pool,
                "ClientId": self._client_id,
                "ChallengeName": challenge,
                "Session": session,
                "ChallengeResponses": {**responses, "USERNAME": username, "SECRET_HASH": hashed},
                "ContextData": _context_data(visitor),
            },
            username,
        )

    def sign_up(self, email: str, password: str, ip: str) -> None:
        """Create an unconfirmed user. The call contains our mark (`sign_up_mark.py`). Cognito mails a code.

        The address is the only attribute of the new user. All other attributes are set after the person has proved access
        to the mailbox (S-67).
        """
        self._account(
            self._client.sign_up,
            email,
            ip,
            lambda secret: {
                "Password": password,
                "UserAttributes": [{"Name": "email", "Value": email}],
                "ClientMetadata": {KEY: build_mark(email, secret)},
            },
        )

    def confirm_sign_up(self, user_name: str, code: str, names: Mapping[str, str], ip: str) -> None:
        """Confirm a sign-up with the mailed code. `names` are passed to the trigger that writes the person's record in
        the users table."""
        self._account(
            self._client.confirm_sign_up,
            user_name,
            ip,
            lambda _: {"ConfirmationCode": code, "ClientMetadata": dict(names)},
        )

    def resend_code(self, user_name: str, ip: str) -> None:
        """Mail the code of a sign-up again."""
        self._account(self._client.resend_confirmation_code, user_name, ip, lambda _: {})

    def forgot_password(self, user_name: str, ip: str) -> None:
        """Mail a code with which the person can set a new password."""
        self._account(self._client.forgot_password, user_name, ip, lambda _: {})

    def reset_password(self, user_name: str, code: str, password: str, ip: str) -> None:
        """Set a new password with the mailed code."""
        given = {"ConfirmationCode": code, "Password": password}
        self._account(self._client.confirm_forgot_password, user_name, ip, lambda _: given)

    def associate_totp(
        self, *, access_token: str | None = None, session: str | None = None
    ) -> tuple[str, str]:
        """Return the secret of a new authenticator app, in base32, and the Session that replaces `session`."""
        proof = {"AccessToken": access_token} if access_token else {"Session": session}
        answer = call_cognito(self._client.associate_software_token, proof)
        return _text(answer, "SecretCode"), str(answer.get("Session") or "")

    def verify_totp(
        self, code: str, *, access_token: str | None = None, session: str | None = None
    ) -> str:
        """Verify an authenticator app by the app's first code. Return the Session that replaces `session`."""
        proof = {"AccessToken": access_token} if access_token else {"Session": session}
        answer = call_cognito(self._client.verify_software_token, {**proof, "UserCode": code})
        if answer.get("Status") != "SUCCESS":
            raise Refused("EnableSoftwareTokenMFAException")
        return str(answer.get("Session") or "")

    def prefer_totp(self, access_token: str, enabled: bool, *, passkeys: bool = False) -> None:
        """Turn the authenticator app on or off as the person's second factor.

        If `passkeys` is true, a passkey with user verification counts as both factors. If `passkeys` is false, Cognito
        offers no passkey to a person who has an authenticator app. Source: API reference, "WebAuthnMfaSettingsType".
        """
        call_cognito(
            self._client.set_user_mfa_preference,
            {
                "AccessToken": access_token,
                "SoftwareTokenMfaSettings": {"Enabled": enabled, "PreferredMfa": enabled},
                **({"WebAuthnMfaSettings": {"Enabled": enabled}} if passkeys else {}),
            },
        )

    def refresh(self, refresh_token: str) -> TokenSet:
        """Renew the tokens of a person who signed in through this API. If rotation is on, Cognito also renews the
        refresh token."""
        answer = self._with_secret(
            self._client.get_tokens_from_refresh_token,
            lambda secret: {
                "RefreshToken": refresh_token,
                "ClientId": self._client_id,
                "ClientSecret": secret,
            },
        )
        result = answer.get("AuthenticationResult") or {}
        return TokenSet(
            _text(result, "AccessToken"),
            result.get("IdToken") or None,
            result.get("RefreshToken") or None,
        )

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token, and the access tokens that were issued with that refresh token."""
        self._with_secret(
            self._client.revoke_token,
            lambda secret: {
                "Token": refresh_token,
                "ClientId": self._client_id,
                "ClientSecret": secret,
            },
        )

    def _account(
        self,
        call: Callable[..., dict[str, Any]],
        user_name: str,
        ip: str,
        build: Callable[[str], Mapping[str, Any]],
    ) -> None:
        """Make a call about an account. `user_name` is an e-mail address, or the user's name in the pool. `build` takes
        the client's secret and returns the call's other arguments."""
        self._with_secret(
            call,
            lambda secret: {
                "ClientId": self._client_id,
                "Username": user_name,
                "SecretHash": secret_hash(user_name, self._client_id, secret),
                "UserContextData": {"IpAddress": ip},
                **build(secret),
            },
        )

    def _step(
        self,
        call: Callable[..., dict[str, Any]],
        build: Callable[[str], dict[str, Any]],
        username: str,
    ) -> Step:
        return parse_step(
            self._with_secret(
                call, lambda secret: build(secret_hash(username, self._client_id, secret))
            )
        )

    def _with_secret(
        self, call: Callable[..., dict[str, Any]], build: Callable[[str], dict[str, Any]]
    ) -> dict[str, Any]:
        """Make the call with the client's secret. If Cognito refuses the secret, read the secret again without the
        cache, and repeat the call once (S-59)."""
        for renew in (False, True):
            try:
                return call_cognito(call, build(self._load_client_secret(renew)))
            except SecretRefused:
                continue
        raise TemporarilyUnavailable("Cognito refuses the client secret")


def secret_hash(username: str, client_id: str, client_secret: str) -> str:
    """Return `base64(HMAC-SHA256(client secret, user name + client id))` (AWS: computing secret hash values)."""
    digest = hmac.new(client_secret.encode(), (username + client_id).encode(), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode()


def parse_step(answer: Mapping[str, Any]) -> Step:
    """Read an answer of AdminInitiateAuth or AdminRespondToAuthChallenge."""
    result = answer.get("AuthenticationResult")
    if isinstance(result, Mapping) and result:
        tokens = TokenSet(
            _text(result, "AccessToken"), _text(result, "IdToken"), _text(result, "RefreshToken")
        )
        return Step(tokens=tokens)
    return Step(
        challenge=_text(answer, "ChallengeName"),
        session=str(answer.get("Session") or ""),
        parameters={str(k): str(v) for k, v in (answer.get("ChallengeParameters") or {}).items()},
    )


def _context_data(visitor: Visitor) -> dict[str, Any]:
    headers = [{"headerName": "User-Agent", "headerValue": visitor.user_agent}]
    return {
        "IpAddress": visitor.ip,
        "ServerName": visitor.server,
        "ServerPath": visitor.path,
        "HttpHeaders": headers if visitor.user_agent else [],
    }


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise TemporarilyUnavailable(f"Cognito answered without {name}")
    return value
