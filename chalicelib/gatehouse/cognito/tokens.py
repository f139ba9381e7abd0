"""Verifies Cognito's ID and access tokens with the pool's published keys (S-18 … S-25).

Sources: RFC 8725; OpenID Connect Core 3.1.3.7; AWS "Verifying JSON web tokens". PyJWT checks a token's form and
signature. The module `jwks` provides the keys. Only this module checks the claims of a Cognito token. `jwt` is imported
on first use.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import InvalidToken, TokenMismatch
from .claims import parse_groups
from .groups import without_automatic
from .identities import NATIVE, Identity, parse_identities
from .issuers import both_forms
from .jwks import ALGORITHM, JwksCache
from .scopes import USER_ADMIN_SCOPE

if TYPE_CHECKING:
    from jwt import PyJWS

LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 16_384
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
#: The largest whole number that JSON represents exactly (RFC 8259 6).
_MAX_TIME = 2**53


@dataclass(frozen=True)
class IdentityClaims:
    """The data about a person in a verified ID token. `provider` is an identity provider's name or `COGNITO`."""

    sub: str
    username: str
    email: str
    given_name: str
    family_name: str
    groups: tuple[str, ...]
    provider: str
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True)
class AccessClaims:
    """The rights in a verified access token. `expires_at` is Unix seconds."""

    sub: str
    username: str
    scope: str
    expires_at: int
    issued_at: int
    groups: tuple[str, ...] = ()


class TokenVerifier:
    """Verifies tokens of one pool and one app client.

    `issuer` is one of the two forms of the pool's issuer. The verifier accepts tokens with either form, because a
    change of the form must not end sessions.
    """

    def __init__(
        self, *, issuer: str, client_id: str, keys: JwksCache, clock: Callable[[], float]
    ) -> None:
        self._issuers = both_forms(issuer)
        self._client_id = client_id
        self._keys = keys
        self._clock = clock

    def begin(self) -> None:
        """Begin to fetch the signing keys if the stored keys are old or missing."""
        self._keys.begin()

    def settle(self) -> None:
        """Store the keys that `begin` fetched, unless a verification has already stored them."""
        self._keys.settle()

    def load_keys(self) -> None:
        """Fetch the signing keys if this container has no keys. Raises TemporarilyUnavailable.

        Call this method before a refresh. A refresh makes the old refresh token invalid. If the container then had no
        keys to verify the new tokens, the session would be lost.
        """
        self._keys.load()

    def verify_id_token(
        self,
        token: str,
        *,
        nonce: str | None,
        access_token: str | None = None,
        from_cognito: bool = False,
    ) -> IdentityClaims:
        """Return the data about the person who signed in. Raises InvalidToken. Raises TemporarilyUnavailable if the
        keys are unavailable.

        `nonce` is the value that was sent to Cognito for this sign-in. For a refreshed ID token, `nonce` is None,
        because such a token has no nonce (OIDC Core 12.2). `from_cognito` is true if Cognito's endpoint has just
        returned the token (see `JwksCache.key`).
        """
        claims = self._verify(token, from_cognito)
        # In Cognito's tokens, `aud` is the id of one client. If `aud` is a list, the token is refused, even if the list
        # contains our client (S-21).
        _require(claims, "aud", self._client_id)
        _require(claims, "token_use", "id")
        if claims.get("azp", self._client_id) != self._client_id:
            raise TokenMismatch("azp", self._client_id, claims["azp"])
        if nonce is not None:
            found = claims.get("nonce")
            if not isinstance(found, str) or not hmac.compare_digest(
                found.encode(), nonce.encode()
            ):
                raise InvalidToken("nonce is missing, or belongs to another sign-in")
        at_hash = claims.get("at_hash")
        if access_token is not None and at_hash is not None and at_hash != _at_hash(access_token):
            raise InvalidToken("at_hash belongs to another access token")
        return _identity(claims)

    def verify_access_token(self, token: str, *, from_cognito: bool = False) -> AccessClaims:
        """Return the rights in an access token. Raises the same errors as `verify_id_token`."""
        claims = self._verify(token, from_cognito)
        _require(claims, "token_use", "access")
        _require(claims, "client_id", self._client_id)
        scope = _text(claims, "scope")
        if USER_ADMIN_SCOPE in scope.split():
            raise InvalidToken(
                "the access token has a scope that would let a script change the profile at Cognito"
            )
        return AccessClaims(
            sub=_text(claims, "sub"),
            username=_text(claims, "username"),
            scope=scope,
            expires_at=int(claims["exp"]),
            issued_at=int(claims["iat"]),
            groups=_groups(claims),
        )

    @cached_property
    def _signatures(self) -> "PyJWS":
        from jwt import PyJWS

        return PyJWS(algorithms=[ALGORITHM])

    def _verify(self, token: str, from_cognito: bool) -> Mapping[str, Any]:
        from jwt import PyJWTError

        # Each token must have exactly one accepted spelling. Python's base64 module alone would ignore unknown
        # characters and trailing padding, and so accept several spellings.
        if len(token) > MAX_TOKEN_LENGTH or not _COMPACT.match(token):
            raise InvalidToken("token is too long or not in compact form")
        kid = _read_kid(token.partition(".")[0])
        key = self._keys.key(kid, from_cognito=from_cognito)
        try:
            payload = self._signatures.decode(token, key=key, algorithms=[ALGORITHM])
        except PyJWTError as error:
            # PyJWT's messages may quote the token's header, so our message contains only the type of the error.
            raise InvalidToken(f"token refused: {type(error).__name__}") from None
        claims = _read_object(payload)
        if claims.get("iss") not in self._issuers:
            raise TokenMismatch("iss", self._issuers[0], claims.get("iss"))
        if not isinstance(claims.get("jti", ""), str):
            raise InvalidToken("jti is not a text")
        self._verify_times(claims)
        return claims

    def _verify_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        for name in ("exp", "iat", "nbf"):
            value = claims.get(name, 0 if name == "nbf" else None)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InvalidToken(f"{name} is not a time")
            # Python's JSON parser accepts NaN, Infinity, and whole numbers of any length, so the next line checks the
            # value's size.
            if not abs(value) < _MAX_TIME:
                raise InvalidToken(f"{name} is not a time")
        if claims["exp"] <= now - LEEWAY_SECONDS:
            raise TokenMismatch("exp", f"later than {now:.0f}", claims["exp"])
        for name in ("iat", "nbf"):
            if claims.get(name, 0) > now + LEEWAY_SECONDS:
                raise TokenMismatch(name, f"{now:.0f} or earlier", claims[name])


@lru_cache(maxsize=16)
def _read_kid(segment: str) -> str:
    """Return the `kid` from a token's first segment. The function caches the result for each header, because a pool's
    tokens have only a few different headers.

    The function parses the header, but verifies nothing. Later, PyJWT parses the same bytes again, strictly, and
    verifies the token.
    """
    try:
        padded = segment + "=" * (-len(segment) % 4)
        header = _read_object(base64.urlsafe_b64decode(padded))
    except ValueError:
        raise InvalidToken("header is not base64url") from None
    if header.get("alg") != ALGORITHM:
        raise TokenMismatch("alg", ALGORITHM, header.get("alg"))
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("kid is missing")
    return kid


def _read_object(text: bytes) -> Mapping[str, Any]:
    try:
        # RFC 7519 7.2 requires UTF-8. If `loads` got bytes, `loads` would guess the encoding.
        value = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise InvalidToken("token is not JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken("token is not a JSON object")
    return value


def _identity(claims: Mapping[str, Any]) -> IdentityClaims:
    def optional(name: str) -> str:
        value = claims.get(name, "")
        return value if isinstance(value, str) else ""

    identities = parse_identities(claims.get("identities"))
    return IdentityClaims(
        sub=_text(claims, "sub"),
        username=_text(claims, "cognito:username"),
        email=optional("email"),
        given_name=optional("given_name"),
        family_name=optional("family_name"),
        groups=_groups(claims),
        provider=identities[0].provider if identities else NATIVE,
        identities=identities,
    )


def _groups(claims: Mapping[str, Any]) -> tuple[str, ...]:
    pool = str(claims["iss"]).rpartition("/")[2]
    return without_automatic(parse_groups(claims.get("cognito:groups")), pool)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"{name} is missing")
    return value


def _require(claims: Mapping[str, Any], name: str, expected: str) -> None:
    if claims.get(name) != expected:
        raise TokenMismatch(name, expected, claims.get(name))


def _at_hash(access_token: str) -> str:
    """Return the left half of the token's SHA-256 in base64url (OpenID Connect Core 3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")
