"""The pool's signing keys, cached for an hour (S-19, S-25).

Sources: RFC 7517; AWS "Verifying JSON web tokens". `jwt` and `cryptography` are imported on first use.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import TemporarilyUnavailable, TokenMismatch
from ..workers import Ahead
from .http_client import HttpAnswer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: The only signature algorithm of Cognito. All other algorithms are refused.
ALGORITHM = "RS256"
MIN_RSA_BITS = 2048
#: A warm container fetches the keys again after this time. So a container keeps a withdrawn key for this time at
#: most.
KEYS_MAX_AGE_SECONDS = 3600
#: Tokens with an unknown `kid` cause at most one fetch in this number of seconds.
REFETCH_INTERVAL_SECONDS = 60
#: The shortest time between two fetches in two cases. First, the endpoint is down, and the container has no keys. Second,
#: Cognito has just signed a token with an unknown `kid`, so Cognito has a new key.
RETRY_INTERVAL_SECONDS = 2


@dataclass
class _KeySet:
    keys: Mapping[str, "RSAPublicKey"] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")


class JwksCache:
    """The pool's signing keys by `kid`. `fetch` returns the JWKS document, `clock` returns Unix seconds."""

    def __init__(self, fetch: Callable[[], HttpAnswer], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._set = _KeySet()
        self._hurried_at = float("-inf")
        self._ahead: Ahead[HttpAnswer] | None = None

    def begin(self) -> None:
        """Begin to fetch the keys if the stored keys are old or missing. The next use of a key waits for the result."""
        if not self._is_fresh() and self._may_ask(RETRY_INTERVAL_SECONDS) and self._ahead is None:
            self._ahead = Ahead(self._fetch)

    def settle(self) -> None:
        """Store the result of `begin`, unless a call of `key` or `load` has already stored the result."""
        if self._ahead is not None:
            with suppress(TemporarilyUnavailable):
                self.load()

    def key(self, kid: str, *, from_cognito: bool = False) -> "RSAPublicKey":
        """Return the key of `kid`. Raises InvalidToken if the pool has no key `kid`, and TemporarilyUnavailable if the
        pool's keys cannot be fetched.

        `from_cognito` means that the token came directly from Cognito's endpoint over TLS, so Cognito chose the `kid`. In
        such a token, an unknown `kid` means that Cognito has not published the key yet. After an unknown `kid` from
        Cognito, the keys are fetched again at once. If the key is still missing, TemporarilyUnavailable is raised.
        """
        fresh = self._is_fresh()
        if fresh and kid in self._set.keys:
            return self._set.keys[kid]
        fetched = self._fetch_anew(fresh)
        if from_cognito and not fetched and kid not in self._set.keys:
            self._hurry()
        if kid not in self._set.keys:
            if from_cognito:
                raise TemporarilyUnavailable("Cognito signed the token with an unpublished key")
            raise TokenMismatch("kid", f"one of {sorted(self._set.keys)}", kid)
        return self._set.keys[kid]

    def load(self) -> None:
        """Fetch the keys if this container has no keys or its keys are too old. Raises TemporarilyUnavailable."""
        if not self._is_fresh():
            self._fetch_anew(False)

    def _hurry(self) -> None:
        """Fetch the keys, even if less than REFETCH_INTERVAL_SECONDS have passed since the last fetch.

        Tokens with an invented `kid` cause fetches, too. If this method waited after such a fetch, a stranger could
        send such tokens to delay the method.
        """
        now = self._clock()
        if now - self._hurried_at >= RETRY_INTERVAL_SECONDS:
            self._hurried_at = now
            self._set = _KeySet(parse_jwks(self._fetch()), now, now)

    def _is_fresh(self) -> bool:
        return self._clock() - self._set.fetched_at < KEYS_MAX_AGE_SECONDS

    def _may_ask(self, interval: float) -> bool:
        return self._clock() - self._set.tried_at >= interval

    def _fetch_anew(self, fresh: bool) -> bool:
        """Fetch the keys, unless the last try was too recent. Return whether the keys were fetched."""
        now = self._clock()
        if self._may_ask(REFETCH_INTERVAL_SECONDS if fresh else RETRY_INTERVAL_SECONDS):
            self._set.tried_at = now
            ahead, self._ahead = self._ahead, None
            answer = ahead.take() if ahead is not None else self._fetch()
            self._set = _KeySet(parse_jwks(answer), now, now)
            return True
        if not fresh:
            raise TemporarilyUnavailable(
                "the last try to fetch the signing keys failed a moment ago, and the next try comes later"
            )
        return False


def parse_jwks(answer: HttpAnswer) -> dict[str, "RSAPublicKey"]:
    """Return the usable keys of a JWKS document. A usable key is an RSA key of 2048 bits or more with `use=sig`. Each
    `kid` may occur only once (S-19)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWTError
    from jwt.algorithms import RSAAlgorithm

    listed = (answer.body or {}).get("keys")
    if answer.status != 200 or not isinstance(listed, list):
        raise TemporarilyUnavailable(f"the JWKS address answered {answer.status}, but without keys")
    keys: dict[str, RSAPublicKey] = {}
    for jwk in listed:
        if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use") != "sig":
            continue
        kid = jwk.get("kid")
        if not isinstance(kid, str) or jwk.get("alg", ALGORITHM) != ALGORITHM:
            continue
        if kid in keys:
            raise TemporarilyUnavailable("the JWKS contains two keys with the same kid")
        try:
            key = RSAAlgorithm.from_jwk(jwk)
        except (PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            keys[kid] = key
    if not keys:
        raise TemporarilyUnavailable("the JWKS contains no usable key")
    return keys
