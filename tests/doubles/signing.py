"""RSA keys, and a JWT signer that accepts any content. Tests use the signer to issue tokens and to forge tokens. Each
test run creates its keys once."""

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

PrivateKey = rsa.RSAPrivateKey


@functools.cache
def rsa_key(name: str, bits: int = 2048) -> PrivateKey:
    """Return the key with the given name. The key is the same for the whole run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def b64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_jwt(header: Mapping[str, Any], claims: object, key: PrivateKey) -> str:
    """Return a JWS in compact form. The signature is always RS256, for any `header`."""
    signed = f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{b64url(signature)}"


def public_jwk(key: PrivateKey, kid: str, /, **changes: Any) -> dict[str, Any]:
    """Return the public JWK as Cognito publishes it. `changes` replaces members; the value None removes a member."""
    numbers = key.public_key().public_numbers()
    jwk = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": _uint(numbers.n),
        "e": _uint(numbers.e),
    }
    return {name: value for name, value in {**jwk, **changes}.items() if value is not None}


def at_hash(access_token: str) -> str:
    """Return `at_hash` as in OpenID Connect Core 3.1.3.6."""
    return b64url(hashlib.sha256(access_token.encode()).digest()[:16])


def _uint(number: int) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
