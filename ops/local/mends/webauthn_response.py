"""This module uses py_webauthn to verify an authenticator's responses. The module checks challenge, origin, relying
party, person, signature and counter.

MiniStack has no passkeys; the module `passkey` adds passkeys.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CompleteWebAuthnRegistration.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

SEEN_WITH = "1.5.33"

_MOST = 20


class Refused(Exception):
    """The exception for an error response. Its arguments are the name of Cognito's exception, and a message."""


def verify_registration(
    given: Mapping[str, Any], user: dict[str, Any], pool: Mapping[str, Any]
) -> dict[str, Any]:
    """Verify the browser's response for a new passkey, as CompleteWebAuthnRegistration does. Raises Refused."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = user.pop("_passkey_challenge", None)
    if challenge is None:
        raise Refused("WebAuthnChallengeNotFoundException", "There is no challenge.")
    if len(user.setdefault("_passkeys", [])) >= _MOST:
        raise Refused("LimitExceededException", "There are too many passkeys.")
    party, credential = party_of(pool), given["Credential"]
    try:
        origin = _origin(credential)
    except (ValueError, KeyError, TypeError):
        raise Refused("InvalidParameterException", "Invalid credential.") from None
    if not _is_of(origin, party):
        raise Refused("WebAuthnOriginNotAllowedException", "The origin is not allowed.")
    try:
        verified = verify_registration_response(
            credential=json.dumps(credential),
            expected_challenge=_decode(challenge),
            expected_rp_id=party,
            expected_origin=origin,
            require_user_verification=_must_verify(pool),
        )
    except WebAuthnException as error:
        kind = "RelyingPartyMismatch" if "RP ID" in str(error) else "CredentialNotSupported"
        raise Refused(f"WebAuthn{kind}Exception", "The credential is refused.") from None
    response = credential["response"]
    user["_passkeys"].append(
        {
            "id": encode(verified.credential_id),
            "public_key": encode(verified.credential_public_key),
            "counter": verified.sign_count,
            "created": time.time(),
            "attachment": credential.get("authenticatorAttachment") or "cross-platform",
            "transports": list(response.get("transports") or ()),
        }
    )
    return {}


def verify_authentication(
    pool: Mapping[str, Any], user: dict[str, Any], challenge: str, responses: Mapping[str, Any]
) -> bool:
    """Verify the response to a sign-in's challenge, and store the passkey's new counter. Return False for an invalid
    response.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    text = str(responses.get("CREDENTIAL"))
    try:
        credential = json.loads(text)
        passkey = next(each for each in user["_passkeys"] if each["id"] == credential["id"])
        handle = credential["response"].get("userHandle")
        origin = _origin(credential)
        if handle not in (None, "", handle_of(user)) or not _is_of(origin, party_of(pool)):
            return False
        verified = verify_authentication_response(
            credential=text,
            expected_challenge=_decode(challenge),
            expected_rp_id=party_of(pool),
            expected_origin=origin,
            credential_public_key=_decode(passkey["public_key"]),
            credential_current_sign_count=passkey["counter"],
            require_user_verification=_must_verify(pool),
        )
    except (ValueError, KeyError, TypeError, StopIteration, WebAuthnException):
        return False
    passkey["counter"] = verified.new_sign_count
    return True


def party_of(pool: Mapping[str, Any]) -> str:
    return str((pool.get("WebAuthnConfiguration") or {}).get("RelyingPartyId") or "")


def _must_verify(pool: Mapping[str, Any]) -> bool:
    return bool(pool["WebAuthnConfiguration"].get("UserVerification") == "required")


def described(passkey: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "public-key", "id": passkey["id"], "transports": passkey["transports"]}


def handle_of(user: Mapping[str, Any]) -> str:
    return encode(str(user["Username"]).encode())


def _origin(credential: Mapping[str, Any]) -> str:
    said = json.loads(_decode(credential["response"]["clientDataJSON"]))
    return str(said["origin"])


def _is_of(origin: str, party: str) -> bool:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    secure = parts.scheme == "https" or host == "localhost"
    return secure and (host == party or host.endswith(f".{party}"))


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
