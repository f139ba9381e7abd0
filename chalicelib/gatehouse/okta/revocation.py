"""Handles requests of Universal Logout (Okta's Global Token Revocation). Verifies the request's token, and reads the
person from the request.

The Okta tenant signs the token with the keys of the tenant's own issuer. The token is valid only for our endpoint, and
can be used once. The token's claims are not trusted before the signature is verified. Sources:
draft-parecki-oauth-global-token-revocation-06; Okta, "Build Universal Logout for your app" (header `typ`; claims jti,
iss, sub, aud, exp, nbf, iat); RFC 9493 (`iss_sub`, `email`); RFC 8725 3.11 (explicit typing).
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import InvalidRequest, TokenMismatch, Unauthorized

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHM = "RS256"
TYPE = "global-token-revocation+jwt"
LEEWAY_SECONDS = 30
#: The longest accepted lifetime of a token. Okta's tokens are valid for ten minutes, from five minutes before the
#: creation until five minutes after the creation.
MAX_LIFETIME_SECONDS = 900
_MAX_LENGTH = 8192
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


class Keys(Protocol):
    """The issuer's public keys, by key id. `key` raises InvalidToken for an unknown id, and TemporarilyUnavailable in
    an outage."""

    def key(self, kid: str) -> "RSAPublicKey": ...


@dataclass(frozen=True)
class Proof:
    """A verified token. Times are Unix seconds."""

    id: str
    issued_at: float
    expires_at: float


@dataclass(frozen=True)
class Subject:
    """The person whose tokens must be revoked. Either `subject` or `email` identifies the person. `subject` is the
    provider's own name for the person."""

    subject: str = ""
    email: str = ""


def verify_token(
    token: str, *, issuer: str, audience: str, keys: Keys, clock: Callable[[], float]
) -> Proof:
    """Verify a token, and return the token's content. Raises Unauthorized, InvalidToken and TemporarilyUnavailable."""
    from jwt import PyJWS, PyJWTError

    if len(token) > _MAX_LENGTH or not _COMPACT.match(token):
        raise Unauthorized("the token is not in compact form")
    header = _read(token.partition(".")[0])
    if header.get("alg") != ALGORITHM:
        raise TokenMismatch("alg", ALGORITHM, header.get("alg"))
    if str(header.get("typ")).lower().removeprefix("application/") != TYPE:
        raise TokenMismatch("typ", TYPE, header.get("typ"))
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise Unauthorized("kid is missing")
    try:
        payload = PyJWS(algorithms=[ALGORITHM]).decode(
            token, key=keys.key(kid), algorithms=[ALGORITHM]
        )
        claims = json.loads(payload.decode())
    except PyJWTError as error:
        raise Unauthorized(f"token refused: {type(error).__name__}") from None
    except (ValueError, RecursionError):
        raise Unauthorized("token is not JSON") from None
    if not isinstance(claims, dict):
        raise Unauthorized("token is not a JSON object")
    if claims.get("iss") != issuer:
        raise TokenMismatch("iss", issuer, claims.get("iss"))
    if claims.get("aud") not in (audience, [audience]):
        raise TokenMismatch("aud", audience, claims.get("aud"))
    return _within_times(claims, clock())


def _within_times(claims: Mapping[str, Any], now: float) -> Proof:
    times = {name: claims.get(name) for name in ("iat", "exp")}
    times["nbf"] = claims.get("nbf", times["iat"])
    for name, value in times.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
            raise Unauthorized(f"{name} is not a time")
    issued, expires, begins = (float(times[name] or 0) for name in ("iat", "exp", "nbf"))
    if expires <= now - LEEWAY_SECONDS:
        raise TokenMismatch("exp", f"later than {now:.0f}", expires)
    if max(issued, begins) > now + LEEWAY_SECONDS:
        raise TokenMismatch("iat and nbf", f"{now:.0f} or earlier", max(issued, begins))
    if expires - issued > MAX_LIFETIME_SECONDS:
        raise TokenMismatch("exp", f"{MAX_LIFETIME_SECONDS} s after iat at most", expires)
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= 256:
        raise Unauthorized("jti is missing")
    return Proof(token_id, issued, expires)


def parse_subject(body: Mapping[str, Any], issuers: Set[str]) -> Subject:
    """Return the person for whom a request was sent. `issuers` are the tenant's issuers: the org authorization
    server, and the authorization server of the sign-in.

    Raises InvalidRequest.

    The person is in the JSON member `sub_id`, as in the draft since its third version. Okta's documentation earlier
    used the name `subject` for this member, and some tenants may still send `subject`.
    """
    named = [body[name] for name in ("sub_id", "subject") if name in body]
    if len(named) != 1 or not isinstance(named[0], Mapping):
        raise InvalidRequest("sub_id is missing, or given twice")
    found = named[0]

    def text(name: str) -> str:
        value = found.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 256:
            raise InvalidRequest(f"{name} of the subject is missing")
        return value

    subject_format = found.get("format")
    if subject_format == "email":
        return Subject(email=text("email"))
    if subject_format != "iss_sub":
        raise InvalidRequest("the format of the subject is not supported")
    if text("iss").rstrip("/") not in issuers:
        raise InvalidRequest("the subject belongs to another issuer")
    return Subject(subject=text("sub"))


def _read(segment: str) -> Mapping[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode())
    except (ValueError, RecursionError):
        raise Unauthorized("header is not base64url") from None
    if not isinstance(value, dict):
        raise Unauthorized("header is not a JSON object")
    return value
