"""Seals values with AES-256-GCM and the keys of a key ring. Each sealed value is bound to a purpose.

A sealed value has the form `<kid>.<base64url(nonce | ciphertext | tag)>`. From each key of the ring, HKDF-SHA256 (RFC
5869) derives a separate key for each purpose. The tag also authenticates the purpose and the `kid`. Therefore a value
that is sealed for one purpose cannot be opened for another purpose. The nonce is 96 random bits. As long as a key seals
fewer than 2^32 values, the risk of a repeated nonce is negligible (NIST SP 800-38D 8.2.2). `ops rotate-keys` replaces a
key long before the key has sealed 2^32 values.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, CookieTooLarge, SealBroken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KID = re.compile(r"[A-Za-z0-9_-]{1,16}\Z")
_NONCE_BYTES = 12
_TAG_BYTES = 16
_MIN_SECRET_LENGTH = 32
_MAX_SEALED_LENGTH = 4096
#: The maximum length of a cookie's value in bytes. Browsers drop a cookie of more than 4096 bytes (RFC 6265bis 5.6),
#: and name and attributes use up to 96 bytes. `Sealer.seal` refuses a longer value early. At that time, no action
#: has happened yet that could be undone only with the cookie (S-31).
MAX_COOKIE_VALUE = 4000


@dataclass(frozen=True)
class KeyRing:
    """The keys by `kid`, and the current key. Values that were sealed with an older key can still be opened."""

    current: str
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> "KeyRing":
        """Read the secret `{"current": "k1", "k1": "<at least 32 random characters>", …}`."""
        current = document.get("current")
        secrets = {
            kid: secret
            for kid, secret in document.items()
            if kid != "current" and isinstance(secret, str)
        }
        problems = [
            f"key {kid!r} is malformed or too short"
            for kid, secret in secrets.items()
            if not _KID.match(kid) or len(secret) < _MIN_SECRET_LENGTH
        ]
        if not isinstance(current, str) or current not in secrets:
            problems.append("`current` does not name an existing key")
        if problems:
            raise ConfigurationError("sealing keys: " + "; ".join(problems))
        return cls(current=str(current), secrets=secrets)


class Sealer:
    """Seals and opens bytes. `load_key_ring(renew)` returns the key ring. `renew=True` bypasses the cache of the ring."""

    def __init__(self, load_key_ring: Callable[[bool], KeyRing]) -> None:
        self._load_key_ring = load_key_ring
        self._derived: dict[tuple[str, str, str], bytes] = {}

    def seal(self, purpose: str, payload: bytes, *, cookies: int = 1) -> str:
        """Return `payload` sealed for `purpose` with the current key. Raises CookieTooLarge if the result does not fit
        into `cookies` cookies."""
        ring = self._load_key_ring(False)
        kid = ring.current
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher(ring, kid, purpose).encrypt(
            nonce, payload, _associated_data(purpose, kid)
        )
        value = f"{kid}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode('ascii')}"
        if len(value) > cookies * MAX_COOKIE_VALUE:
            raise CookieTooLarge(f"{purpose} would take {len(value)} characters")
        return value

    def open(self, purpose: str, value: str, *, cookies: int = 1) -> bytes:
        """Return the payload. Raises SealBroken for any value that was not sealed with this ring for `purpose`."""
        from cryptography.exceptions import InvalidTag

        kid, _, text = value.partition(".")
        if len(value) > cookies * _MAX_SEALED_LENGTH or not _KID.match(kid):
            raise SealBroken("the value is not sealed")
        sealed = _decode_base64url(text)
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken("sealed value is truncated")
        ring = self._load_key_ring(False)
        if kid not in ring.secrets:
            # Another container may have used a key that was added after this ring was cached.
            ring = self._load_key_ring(True)
        if kid not in ring.secrets:
            raise SealBroken("the value is sealed with an unknown key")
        try:
            return self._cipher(ring, kid, purpose).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _associated_data(purpose, kid)
            )
        except InvalidTag:
            raise SealBroken("the seal does not match") from None

    def _cipher(self, ring: KeyRing, kid: str, purpose: str) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        secret = ring.secrets[kid]
        key = self._derived.get((kid, secret, purpose))
        if key is None:
            key = _derive_key(secret, purpose)
            self._derived[(kid, secret, purpose)] = key
        return AESGCM(key)


def _derive_key(secret: str, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"gatehouse/seal/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def _associated_data(purpose: str, kid: str) -> bytes:
    return f"{purpose}.{kid}".encode()


def _decode_base64url(text: str) -> bytes:
    """Decode strictly, so that each value has exactly one encoded form. With a lenient decoder, a changed cookie could
    have the same value as the original cookie."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealBroken("not base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise SealBroken("not canonical base64url")
    return raw
