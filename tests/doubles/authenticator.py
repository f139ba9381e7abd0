"""A software authenticator that creates passkeys and responds to challenges as browsers do. On request, the
authenticator sends false data.

Source: W3C Web Authentication Level 3, 6.1 (authenticator data), 5.8.1 (client data), 5.1 (the JSON forms of
responses).
"""

import base64
import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "https://app.example.org"
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
_NO_AAGUID = bytes(16)


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class Passkey:
    """One credential. `user_handle` is the server's id of the person."""

    rp_id: str
    user_handle: str
    id: bytes = field(default_factory=lambda: secrets.token_bytes(20))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    counter: int = 0


@dataclass
class Authenticator:
    """One device. Its signature counter increases with each use, like the counter of a security key."""

    origin: str = ORIGIN
    passkeys: list[Passkey] = field(default_factory=list)

    def create(
        self,
        options: Mapping[str, Any],
        *,
        origin: str = "",
        rp_id: str = "",
        verified: bool = True,
        challenge: str = "",
    ) -> dict[str, Any]:
        """Create a passkey and return a RegistrationResponseJSON. Each named argument replaces a correct value by the
        given value, which may be wrong."""
        passkey = Passkey(options["rp"]["id"], options["user"]["id"])
        self.passkeys.append(passkey)
        numbers = passkey.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public_key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        length = struct.pack(">H", len(passkey.id))
        data = self._data(rp_id or passkey.rp_id, verified, passkey.counter, _ATTESTED)
        data += _NO_AAGUID + length + passkey.id + public_key
        client = self._client("webauthn.create", challenge or options["challenge"], origin)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            passkey,
            clientDataJSON=encode(client),
            attestationObject=encode(attestation),
            transports=["internal"],
        )

    def get(
        self,
        options: Mapping[str, Any],
        *,
        passkey: Passkey | None = None,
        origin: str = "",
        rp_id: str = "",
        verified: bool = True,
        challenge: str = "",
        user_handle: str = "",
        counter: int | None = None,
    ) -> dict[str, Any]:
        """Return an AuthenticationResponseJSON for a challenge. Each named argument replaces one correct value, so that
        a test can forge the response."""
        passkey = passkey or self.passkeys[-1]
        passkey.counter = passkey.counter + 1 if counter is None else counter
        data = self._data(rp_id or passkey.rp_id, verified, passkey.counter)
        client = self._client("webauthn.get", challenge or options["challenge"], origin)
        signed = data + hashlib.sha256(client).digest()
        return self._credential(
            passkey,
            clientDataJSON=encode(client),
            authenticatorData=encode(data),
            signature=encode(passkey.key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=user_handle or passkey.user_handle,
        )

    def _data(self, rp_id: str, verified: bool, counter: int, more: int = 0) -> bytes:
        flags = _PRESENT | (_VERIFIED if verified else 0) | more
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, counter)

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        said = {
            "type": kind,
            "challenge": challenge,
            "origin": origin or self.origin,
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

    def _credential(self, passkey: Passkey, **response: Any) -> dict[str, Any]:
        return {
            "id": encode(passkey.id),
            "rawId": encode(passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
