"""A patch that adds passkeys, which MiniStack lacks. People can register, list and delete passkeys, and sign in with
USER_AUTH.

py_webauthn verifies challenge, origin, relying party, user verification, signature and counter. A person with a second
factor can sign in with a passkey only if the pool counts passkeys as two factors. The hosted page does not offer
passkeys.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StartWebAuthnRegistration.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CompleteWebAuthnRegistration.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnMfaSettingsType.html
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, replace
from .webauthn_response import (
    Refused,
    described,
    encode,
    handle_of,
    party_of,
    verify_authentication,
    verify_registration,
)

SEEN_WITH = "1.5.33"

_NAME = "WEB_AUTHN"
_FLOW = "ALLOW_USER_AUTH"
_PAGE = 20
_TIMEOUT_MILLISECONDS = 60_000
#: ES256 and RS256, which every platform supports.
_ALGORITHMS = (-7, -257)
#: Property of AWS::Cognito::UserPool → its name in WebAuthnConfiguration.
_PROPERTIES = {
    "WebAuthnRelyingPartyID": "RelyingPartyId",
    "WebAuthnUserVerification": "UserVerification",
    "WebAuthnFactorConfiguration": "FactorConfiguration",
}
#: `Session` → the challenge that waits for an answer.
_waiting: dict[str, str] = {}


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    cognito = emulator.cognito
    handlers = {
        "StartWebAuthnRegistration": _start,
        "CompleteWebAuthnRegistration": verify_registration,
        "ListWebAuthnCredentials": _list,
        "DeleteWebAuthnCredential": _delete,
    }
    cognito._UNSIGNED_IDP_ACTIONS |= set(handlers)
    replace(cognito, "_dispatch_idp", lambda dispatch: _dispatch(emulator, handlers, dispatch))
    replace(cognito, "_admin_initiate_auth", lambda run: _by_choice(emulator, run))
    replace(cognito, "_admin_respond_to_auth_challenge", lambda run: _answer(emulator, run))
    replace(cognito, "_apply_mfa_preference", _note_preference)
    replace(cognito, "_use_choice_based_ui", lambda _: lambda client: False)
    replace(
        emulator.templates,
        "_cognito_user_pool_software_token_mfa",
        lambda run: _configure(emulator, run),
    )


def _configure(emulator: Emulator, run: Callable[..., None]) -> Callable[..., None]:
    def configure(
        pool_id: str, earlier: Mapping[str, Any], wanted: Mapping[str, Any], *rest: Any
    ) -> None:
        run(pool_id, earlier, wanted, *rest)
        pool = emulator.cognito._get_pool_unscoped(pool_id)
        pool["WebAuthnConfiguration"] = {
            name: wanted[key] for key, name in _PROPERTIES.items() if key in wanted
        }

    return configure


def _dispatch(
    emulator: Emulator,
    handlers: Mapping[str, Callable[..., Any]],
    dispatch: Callable[..., Awaitable[Response]],
) -> Callable[..., Awaitable[Response]]:
    cognito = emulator.cognito

    async def run(action: str, data: dict[str, Any]) -> Response:
        if action not in handlers:
            return await dispatch(action, data)

        def handle(given: dict[str, Any]) -> Response:
            user, pool = cognito._user_pool_for_access_token(given.get("AccessToken"))
            if user is None:
                return _refuse(emulator, Refused("NotAuthorizedException", "Invalid Access Token"))
            try:
                answered: Response = cognito.json_response(handlers[action](given, user, pool))
            except Refused as refused:
                return _refuse(emulator, refused)
            return answered

        answer: Response = await cognito.run_reentrant(
            cognito._run_idp_handler, handle, action, data, thread_name="passkeys"
        )
        return answer

    return run


def _start(_: Mapping[str, Any], user: dict[str, Any], pool: Mapping[str, Any]) -> dict[str, Any]:
    party = party_of(pool)
    if not party:
        raise Refused("WebAuthnNotEnabledException", "WebAuthn is not enabled for this user pool.")
    user["_passkey_challenge"] = encode(secrets.token_bytes(32))
    attributes = {pair["Name"]: pair["Value"] for pair in user.get("Attributes", [])}
    name = attributes.get("email") or user["Username"]
    verification = pool["WebAuthnConfiguration"].get("UserVerification", "preferred")
    options = {
        "rp": {"id": party, "name": party},
        "user": {"id": handle_of(user), "name": name, "displayName": name},
        "challenge": user["_passkey_challenge"],
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in _ALGORITHMS],
        "timeout": _TIMEOUT_MILLISECONDS,
        "excludeCredentials": [described(each) for each in user.get("_passkeys", ())],
        "authenticatorSelection": {
            "requireResidentKey": True,
            "residentKey": "required",
            "userVerification": verification,
        },
    }
    return {"CredentialCreationOptions": options}


def _list(
    given: Mapping[str, Any], user: dict[str, Any], pool: Mapping[str, Any]
) -> dict[str, Any]:
    start, size = int(given.get("NextToken") or 0), int(given.get("MaxResults") or _PAGE)
    passkeys = user.get("_passkeys", [])
    listed = [
        {
            "CredentialId": each["id"],
            "FriendlyCredentialName": "Passkey",
            "RelyingPartyId": party_of(pool),
            "AuthenticatorAttachment": each["attachment"],
            "AuthenticatorTransports": each["transports"],
            "CreatedAt": each["created"],
        }
        for each in passkeys[start : start + size]
    ]
    more = {"NextToken": str(start + size)} if start + size < len(passkeys) else {}
    return {"Credentials": listed, **more}


def _delete(given: Mapping[str, Any], user: dict[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    passkeys = user.get("_passkeys", [])
    kept = [each for each in passkeys if each["id"] != given.get("CredentialId")]
    if len(kept) == len(passkeys):
        raise Refused("ResourceNotFoundException", "There is no such passkey.")
    user["_passkeys"] = kept
    return {}


def _note_preference(run: Callable[..., None]) -> Callable[..., None]:
    def note(user: dict[str, Any], data: Mapping[str, Any]) -> None:
        if "WebAuthnMfaSettings" in data:
            user["_passkey_is_mfa"] = bool(data["WebAuthnMfaSettings"].get("Enabled"))
        run(user, data)

    return note


def _by_choice(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def initiate(data: Mapping[str, Any]) -> Response:
        if data.get("AuthFlow") != "USER_AUTH":
            return run(data)
        pool, refused = cognito._resolve_pool(data.get("UserPoolId"))
        if refused:
            answer: Response = refused
            return answer
        client = pool["_clients"].get(data.get("ClientId")) or {}
        if _FLOW not in client.get("ExplicitAuthFlows", []):
            message = "USER_AUTH is not enabled for the client."
            return _refuse(emulator, Refused("InvalidParameterException", message))
        told = data.get("AuthParameters") or {}
        user, unknown = cognito._resolve_user(pool, told.get("USERNAME"))
        if user is None:
            nobody: Response = unknown
            return nobody
        if not user.get("Enabled", True):
            return _refuse(emulator, Refused("NotAuthorizedException", "User is disabled."))
        if user.get("UserStatus") == "UNCONFIRMED":
            return _refuse(emulator, Refused("UserNotConfirmedException", "Not confirmed."))
        first = ((pool.get("Policies") or {}).get("SignInPolicy") or {}).get(
            "AllowedFirstAuthFactors", ()
        )
        passkeys = user.get("_passkeys", [])
        # Some people must use a second factor. They can use a passkey only if the pool counts a passkey as two factors.
        asked = user.get("_mfa_enabled") or pool.get("MfaConfiguration") == "ON"
        open_to = _NAME in first and passkeys and (user.get("_passkey_is_mfa") or not asked)
        session = secrets.token_urlsafe(256)
        if not open_to or told.get("PREFERRED_CHALLENGE") != _NAME:
            offered: Response = cognito.json_response(
                {
                    "ChallengeName": "SELECT_CHALLENGE",
                    "Session": session,
                    "ChallengeParameters": {},
                    "AvailableChallenges": ["PASSWORD", "PASSWORD_SRP", *[_NAME] * bool(open_to)],
                }
            )
            return offered
        _waiting[session] = encode(secrets.token_bytes(32))
        options = {
            "challenge": _waiting[session],
            "timeout": _TIMEOUT_MILLISECONDS,
            "rpId": party_of(pool),
            "allowCredentials": [described(each) for each in passkeys],
            "userVerification": pool["WebAuthnConfiguration"].get("UserVerification", "preferred"),
        }
        challenged: Response = cognito.json_response(
            {
                "ChallengeName": _NAME,
                "Session": session,
                "ChallengeParameters": {"CREDENTIAL_REQUEST_OPTIONS": json.dumps(options)},
            }
        )
        return challenged

    return initiate


def _answer(emulator: Emulator, run: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def respond(data: Mapping[str, Any]) -> Response:
        if data.get("ChallengeName") != _NAME:
            return run(data)
        pool = cognito._get_pool_unscoped(data.get("UserPoolId"))
        responses = data.get("ChallengeResponses") or {}
        user, _ = cognito._resolve_user(pool, responses.get("USERNAME"))
        challenge = _waiting.pop(str(data.get("Session")), None)
        if (
            user is None
            or challenge is None
            or not verify_authentication(pool, user, challenge, responses)
        ):
            return _refuse(emulator, Refused("NotAuthorizedException", "Invalid credential."))
        tokens = cognito._build_auth_result(data["UserPoolId"], data["ClientId"], user)
        answer: Response = cognito.json_response({"AuthenticationResult": tokens})
        return answer

    return respond


def _refuse(emulator: Emulator, refused: Refused) -> Response:
    code, message = refused.args
    refusal: Response = emulator.scope.error_response_json(code, message, 400)
    return refusal
