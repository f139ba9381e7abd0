"""Tests of the pool's signing keys: the accepted keys, the times at which the store requests keys, and the behaviour in
an outage."""

from typing import Any

import pytest

from chalicelib.gatehouse.cognito.http_client import HttpAnswer
from chalicelib.gatehouse.cognito.jwks import JwksCache, parse_jwks
from chalicelib.gatehouse.errors import InvalidToken, TemporarilyUnavailable
from tests.doubles.clock import Clock
from tests.doubles.cognito import ACCESS_KID, ID_KID, default_jwks
from tests.doubles.signing import public_jwk, rsa_key


def jwks(*keys: Any, status: int = 200) -> HttpAnswer:
    return HttpAnswer(status, {"keys": list(keys)})


GOOD = public_jwk(rsa_key(ID_KID), "good")


@pytest.mark.security("S-19")
@pytest.mark.parametrize(
    "jwk",
    [
        public_jwk(rsa_key(ID_KID), "k", use="enc"),
        public_jwk(rsa_key(ID_KID), "k", use=None),
        public_jwk(rsa_key(ID_KID), "k", alg="RS512"),
        public_jwk(rsa_key(ID_KID), "k", alg="HS256"),
        public_jwk(rsa_key(ID_KID), "k", kty="EC"),
        public_jwk(rsa_key(ID_KID), "k", kty="oct", k="AAAA"),
        public_jwk(rsa_key(ID_KID), "k", kid=None),
        public_jwk(rsa_key(ID_KID), "k", n=None),
        public_jwk(rsa_key(ID_KID), "k", n=7),
        public_jwk(rsa_key(ID_KID), "k", n="é"),
        public_jwk(rsa_key(ID_KID), "k", n=""),
        public_jwk(rsa_key(ID_KID), "k", e="AQ"),
        public_jwk(rsa_key(ID_KID), "k", e={"a": 1}),
        public_jwk(rsa_key(ID_KID), "k", d="AAAA"),
        public_jwk(rsa_key("small", 1024), "k"),
        "text",
        7,
        None,
        [],
    ],
)
def test_unusable_keys_are_left_out(jwk: Any) -> None:
    """The store drops keys that are short, private, malformed, for encryption or of another type. The store keeps the
    valid key."""
    assert set(parse_jwks(jwks(jwk, GOOD))) == {"good"}
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(jwks(jwk))


@pytest.mark.security("S-19")
def test_a_kid_that_occurs_twice_spoils_the_document() -> None:
    """With two equal kids, a token's `kid` could mean either of two keys."""
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(jwks(GOOD, public_jwk(rsa_key(ACCESS_KID), "good")))


@pytest.mark.security("S-25")
@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(200, None),
        HttpAnswer(200, {}),
        HttpAnswer(200, {"keys": {}}),
        jwks(),
        jwks(GOOD, status=500),
        jwks(GOOD, status=304),
    ],
)
def test_a_document_without_keys_is_an_outage(answer: HttpAnswer) -> None:
    """The app reports an outage instead of an invalid token."""
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(answer)


class Endpoint:
    """A JWKS endpoint that counts requests, and returns `answer`."""

    def __init__(self) -> None:
        self.answer: HttpAnswer | Exception = HttpAnswer(200, {"keys": default_jwks()})
        self.calls = 0

    def __call__(self) -> HttpAnswer:
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.security("S-25")
def test_keys_are_fetched_once_an_hour(clock: Clock) -> None:
    """After Cognito has withdrawn a key, the app therefore accepts the key for one more hour at most."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    for _ in range(59):
        cache.key(ID_KID)
        clock.advance(60)
    assert endpoint.calls == 1
    endpoint.answer = jwks(GOOD)
    clock.advance(60)
    with pytest.raises(InvalidToken):
        cache.key(ID_KID)
    assert endpoint.calls == 2


@pytest.mark.security("S-25")
def test_unknown_kids_cause_at_most_one_fetch_a_minute(clock: Clock) -> None:
    """Many forged tokens must not cause many requests to Cognito. The store finds a new key within a minute."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(61)
    for index in range(100):
        with pytest.raises(InvalidToken):
            cache.key(f"unknown-{index}")
        clock.advance(0.5)
    assert endpoint.calls == 2
    endpoint.answer = jwks(*default_jwks(), public_jwk(rsa_key("attacker"), "rotated-in"))
    clock.advance(60)
    cache.key("rotated-in")
    assert endpoint.calls == 3


@pytest.mark.security("S-25")
def test_cognitos_own_unknown_kids_are_looked_for_at_once_and_others_never(clock: Clock) -> None:
    """A token from Cognito itself causes a fetch at once. After this fetch, the store waits two seconds before the next
    fetch. Strangers' tokens neither cause nor delay such a fetch."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    for _ in range(5):
        with pytest.raises(InvalidToken):
            cache.key("strangers")
    assert endpoint.calls == 1
    for _ in range(5):
        with pytest.raises(TemporarilyUnavailable):
            cache.key("cognitos", from_cognito=True)
    assert endpoint.calls == 2
    clock.advance(2)
    endpoint.answer = jwks(*default_jwks(), public_jwk(rsa_key("attacker"), "cognitos"))
    cache.key("cognitos", from_cognito=True)
    assert endpoint.calls == 3


@pytest.mark.security("S-25")
def test_an_endpoint_that_is_down_fails_closed_and_is_not_hammered(clock: Clock) -> None:
    """Without keys the app refuses every token. The store makes one attempt in two seconds. When the endpoint works
    again, the app accepts tokens again."""
    endpoint = Endpoint()
    endpoint.answer = TemporarilyUnavailable("down")
    cache = JwksCache(endpoint, clock)
    for _ in range(10):
        with pytest.raises(TemporarilyUnavailable):
            cache.key(ID_KID)
    assert endpoint.calls == 1
    endpoint.answer = HttpAnswer(200, {"keys": default_jwks()})
    clock.advance(2)
    cache.key(ID_KID)


@pytest.mark.security("S-25")
def test_stale_keys_are_not_used_while_the_endpoint_is_down(clock: Clock) -> None:
    """The store uses keys for an hour. Even in an outage, a withdrawn key must not work for longer."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(3601)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key(ID_KID)


def test_an_outage_while_looking_for_a_new_kid_keeps_the_keys_we_have(clock: Clock) -> None:
    """The app still verifies tokens with known keys."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(61)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key("unknown")
    cache.key(ID_KID)
