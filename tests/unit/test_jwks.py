"""The pool's signing keys: which are accepted, when they are fetched, and what happens in an outage."""

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
    """Keys that are short, private, malformed, for encryption, or of another kind are dropped, and the valid one
    stays."""
    assert set(parse_jwks(jwks(jwk, GOOD))) == {"good"}
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(jwks(jwk))


@pytest.mark.security("S-19")
def test_a_kid_that_occurs_twice_spoils_the_document() -> None:
    """It is unclear which key it means."""
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
    """It fails closed, but not as "your token is wrong"."""
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(answer)


class Endpoint:
    """A JWKS endpoint that counts requests, and answers as `answer` says."""

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
    """A withdrawn key stops working then."""
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
    """A flood of forged tokens is not passed on to Cognito; a new key is found within the minute."""
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
    """Strangers' tokens neither use up that one fetch nor cause it; a second one waits two seconds."""
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
    """Without keys there is no verification; there is one try in two seconds; and it works again when the endpoint is
    back."""
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
    """After the hour an outage must not extend the use of a withdrawn key."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(3601)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key(ID_KID)


def test_an_outage_while_looking_for_a_new_kid_keeps_the_keys_we_have(clock: Clock) -> None:
    """Tokens with known keys are still verified."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(61)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key("unknown")
    cache.key(ID_KID)
