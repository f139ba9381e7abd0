"""Verification of Cognito's ID and access tokens against the pool's published keys (S-18 … S-25).

Sources: RFC 8725; OpenID Connect Core 3.1.3.7; AWS "Verifying JSON web tokens". Form and signature are PyJWT's work; what
a Cognito token must say is checked here, once. `jwt` is imported on first use.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ..deadline import Ahead
from ..errors import InvalidToken, TemporarilyUnavailable
from .claims import parse_groups
from .groups import without_automatic
from .http_client import HttpAnswer
from .identities import NATIVE, Identity, parse_identities
from .scopes import USER_ADMIN_SCOPE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWS

ALGORITHM = "RS256"
LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 16_384
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
#: What JSON numbers hold exactly (RFC 8259 6).
_MAX_TIME = 2**53
MIN_RSA_BITS = 2048
#: Keys are fetched anew after this, so that a withdrawn key does not live as long as a warm container.
KEYS_MAX_AGE_SECONDS = 3600
#: Tokens with unknown kids can cause at most one fetch in this time.
REFETCH_INTERVAL_SECONDS = 60
#: While there are no keys at all (the endpoint is down), it is asked again after this.
RETRY_INTERVAL_SECONDS = 2


@dataclass(frozen=True)
class IdentityClaims:
    """Who signed in, from a verified ID token. `provider` is an identity provider's name or `COGNITO`."""

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
    """What a verified access token allows. `expires_at` is Unix seconds."""

    sub: str
    username: str
    scope: str
    expires_at: int
    issued_at: int


@dataclass
class _KeySet:
    keys: Mapping[str, "RSAPublicKey"] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")


class JwksCache:
    """The pool's signing keys by kid. `fetch` gets the JWKS document, `clock` gives Unix seconds."""

    def __init__(self, fetch: Callable[[], HttpAnswer], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._set = _KeySet()
        self._ahead: Ahead[HttpAnswer] | None = None

    def begin(self) -> None:
        """Begin to fetch the keys, if there are none or old ones; the next need of them takes what comes of it."""
        if not self._is_fresh() and self._may_ask(RETRY_INTERVAL_SECONDS) and self._ahead is None:
            self._ahead = Ahead(self._fetch)

    def settle(self) -> None:
        """Keep what was begun and never needed."""
        if self._ahead is not None:
            with suppress(TemporarilyUnavailable):
                self.load()

    def key(self, kid: str) -> "RSAPublicKey":
        """Return the key of `kid`; raises InvalidToken if the pool has none, TemporarilyUnavailable if it can't be asked."""
        fresh = self._is_fresh()
        if fresh and kid in self._set.keys:
            return self._set.keys[kid]
        self._fetch_anew(fresh)
        if kid not in self._set.keys:
            raise InvalidToken("kid is not one of the pool's")
        return self._set.keys[kid]

    def load(self) -> None:
        """Make sure that there are keys; raises TemporarilyUnavailable."""
        if not self._is_fresh():
            self._fetch_anew(False)

    def _is_fresh(self) -> bool:
        return self._clock() - self._set.fetched_at < KEYS_MAX_AGE_SECONDS

    def _may_ask(self, interval: float) -> bool:
        return self._clock() - self._set.tried_at >= interval

    def _fetch_anew(self, fresh: bool) -> None:
        now = self._clock()
        if self._may_ask(REFETCH_INTERVAL_SECONDS if fresh else RETRY_INTERVAL_SECONDS):
            self._set.tried_at = now
            ahead, self._ahead = self._ahead, None
            answer = ahead.take() if ahead is not None else self._fetch()
            self._set = _KeySet(parse_jwks(answer), now, now)
        elif not fresh:
            raise TemporarilyUnavailable("signing keys could not be fetched a moment ago")


def parse_jwks(answer: HttpAnswer) -> dict[str, "RSAPublicKey"]:
    """Return the usable keys of a JWKS document: RSA of 2048 bits or more, use=sig, each kid once (S-19)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWTError
    from jwt.algorithms import RSAAlgorithm

    listed = (answer.body or {}).get("keys")
    if answer.status != 200 or not isinstance(listed, list):
        raise TemporarilyUnavailable(f"JWKS answered {answer.status} without keys")
    keys: dict[str, RSAPublicKey] = {}
    for jwk in listed:
        if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use") != "sig":
            continue
        kid = jwk.get("kid")
        if not isinstance(kid, str) or jwk.get("alg", ALGORITHM) != ALGORITHM:
            continue
        if kid in keys:
            raise TemporarilyUnavailable("JWKS names a kid twice")
        try:
            key = RSAAlgorithm.from_jwk(jwk)
        except (PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            keys[kid] = key
    if not keys:
        raise TemporarilyUnavailable("JWKS holds no usable key")
    return keys


class TokenVerifier:
    """Verifies tokens of one pool and one app client."""

    def __init__(
        self, *, issuer: str, client_id: str, keys: JwksCache, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = keys
        self._clock = clock

    def begin(self) -> None:
        """Begin to fetch the signing keys, if they are due."""
        self._keys.begin()

    def settle(self) -> None:
        """Keep them, if nobody needed them."""
        self._keys.settle()

    def load_keys(self) -> None:
        """Fetch the signing keys if there are none yet; raises TemporarilyUnavailable.

        Before a refresh: a refresh token that was rotated out for tokens which nobody could verify would be lost.
        """
        self._keys.load()

    def verify_id_token(
        self, token: str, *, nonce: str | None, access_token: str | None = None
    ) -> IdentityClaims:
        """Return who signed in; raises InvalidToken.

        `nonce` is the transaction's. None says that there is none to expect: a refreshed ID token (OIDC Core 12.2).
        """
        claims = self._verify(token)
        # A list that has us in it will not do; Cognito's `aud` is one client's id (S-21).
        _require(claims, "aud", self._client_id)
        _require(claims, "token_use", "id")
        if claims.get("azp", self._client_id) != self._client_id:
            raise InvalidToken("azp is another client")
        if nonce is not None:
            found = claims.get("nonce")
            if not isinstance(found, str) or not hmac.compare_digest(
                found.encode(), nonce.encode()
            ):
                raise InvalidToken("nonce is missing or of another sign-in")
        at_hash = claims.get("at_hash")
        if access_token is not None and at_hash is not None and at_hash != _at_hash(access_token):
            raise InvalidToken("at_hash belongs to another access token")
        return _identity(claims)

    def verify_access_token(self, token: str) -> AccessClaims:
        """Return what the token allows; raises InvalidToken."""
        claims = self._verify(token)
        _require(claims, "token_use", "access")
        _require(claims, "client_id", self._client_id)
        scope = _text(claims, "scope")
        if USER_ADMIN_SCOPE in scope.split():
            raise InvalidToken("access token may change the profile at Cognito")
        return AccessClaims(
            sub=_text(claims, "sub"),
            username=_text(claims, "username"),
            scope=scope,
            expires_at=int(claims["exp"]),
            issued_at=int(claims["iat"]),
        )

    @cached_property
    def _signatures(self) -> "PyJWS":
        from jwt import PyJWS

        return PyJWS(algorithms=[ALGORITHM])

    def _verify(self, token: str) -> Mapping[str, Any]:
        from jwt import PyJWTError

        # One spelling for each token: base64 as Python reads it drops what it does not know, and padding at the end.
        if len(token) > MAX_TOKEN_LENGTH or not _COMPACT.match(token):
            raise InvalidToken("token is too long or not in compact form")
        key = self._keys.key(_read_kid(token.partition(".")[0]))
        try:
            payload = self._signatures.decode(token, key=key, algorithms=[ALGORITHM])
        except PyJWTError as error:
            # PyJWT's messages may quote the token's header; the type says enough.
            raise InvalidToken(f"token refused: {type(error).__name__}") from None
        claims = _read_object(payload)
        _require(claims, "iss", self._issuer)
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
            # JSON as Python reads it has NaN, Infinity, and whole numbers of any length.
            if not abs(value) < _MAX_TIME:
                raise InvalidToken(f"{name} is not a time")
        if claims["exp"] <= now - LEEWAY_SECONDS:
            raise InvalidToken("token has expired")
        if claims["iat"] > now + LEEWAY_SECONDS or claims.get("nbf", 0) > now + LEEWAY_SECONDS:
            raise InvalidToken("token is not valid yet")


@lru_cache(maxsize=16)
def _read_kid(segment: str) -> str:
    """Return the kid of a token's first segment. A pool has few headers, so each is read once.

    Reading is all that happens here: PyJWT reads the same bytes again, strictly, when it verifies.
    """
    try:
        padded = segment + "=" * (-len(segment) % 4)
        header = _read_object(base64.urlsafe_b64decode(padded))
    except ValueError:
        raise InvalidToken("header is not base64url") from None
    if header.get("alg") != ALGORITHM:
        raise InvalidToken("alg is not RS256")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("kid is missing")
    return kid


def _read_object(text: bytes) -> Mapping[str, Any]:
    try:
        # RFC 7519 7.2: UTF-8. Given bytes, `loads` would guess other encodings.
        value = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise InvalidToken("token holds no JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken("token holds no JSON object")
    return value


def _identity(claims: Mapping[str, Any]) -> IdentityClaims:
    def optional(name: str) -> str:
        value = claims.get(name, "")
        return value if isinstance(value, str) else ""

    identities = parse_identities(claims.get("identities"))
    pool = str(claims["iss"]).rpartition("/")[2]
    return IdentityClaims(
        sub=_text(claims, "sub"),
        username=_text(claims, "cognito:username"),
        email=optional("email"),
        given_name=optional("given_name"),
        family_name=optional("family_name"),
        groups=without_automatic(parse_groups(claims.get("cognito:groups")), pool),
        provider=identities[0].provider if identities else NATIVE,
        identities=identities,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"{name} is missing")
    return value


def _require(claims: Mapping[str, Any], name: str, expected: str) -> None:
    if claims.get(name) != expected:
        raise InvalidToken(f"{name} is not {expected}")


def _at_hash(access_token: str) -> str:
    """The left half of the token's SHA-256 in base64url (OpenID Connect Core 3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")
