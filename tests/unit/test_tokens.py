"""Verification of tokens: the good ones, then one mutation at a time."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.cognito.http_client import HttpAnswer
from chalicelib.cognito.tokens import JwksCache, TokenVerifier, parse_jwks
from chalicelib.errors import InvalidToken, TemporarilyUnavailable
from tests.doubles.clock import Clock
from tests.doubles.cognito import ACCESS_KID, ID_KID, CognitoDouble, Person, default_jwks
from tests.doubles.signing import b64url, public_jwk, rsa_key, sign_jwt

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1"
CLIENT = "1example23456789"
NONCE = "the-nonce-of-this-login"


@pytest.fixture
def cognito(clock: Clock) -> CognitoDouble:
    return CognitoDouble(clock, CLIENT, "secret", "https://x.example", ISSUER, frozenset())


@pytest.fixture
def verifier(cognito: CognitoDouble, clock: Clock) -> TokenVerifier:
    keys = JwksCache(lambda: cognito.get("https://x.example/jwks"), clock)
    return TokenVerifier(issuer=ISSUER, client_id=CLIENT, keys=keys, clock=clock)


Verify = Callable[[TokenVerifier, CognitoDouble], object]


def verify_id(verifier: TokenVerifier, cognito: CognitoDouble) -> object:
    access = cognito.access_token(Person(), "openid api/read")
    return verifier.verify_id_token(
        cognito.id_token(Person(), NONCE, access), nonce=NONCE, access_token=access
    )


def verify_access(verifier: TokenVerifier, cognito: CognitoDouble) -> object:
    return verifier.verify_access_token(cognito.access_token(Person(), "openid api/read"))


def test_good_tokens_say_who_and_what(
    verifier: TokenVerifier, cognito: CognitoDouble, clock: Clock
) -> None:
    """Both kinds, signed by different keys."""
    access = cognito.access_token(Person(groups=("admins",)), "openid api/read")
    identity = verifier.verify_id_token(
        cognito.id_token(Person(groups=("admins",)), NONCE, access),
        nonce=NONCE,
        access_token=access,
    )
    assert (identity.username, identity.provider, identity.groups) == (
        "Okta_00u1ada",
        "Okta",
        ("admins",),
    )
    claims = verifier.verify_access_token(access)
    assert (claims.sub, claims.scope, claims.expires_at) == (
        Person().sub,
        "openid api/read",
        int(clock()) + 600,
    )


BOTH: list[tuple[str, str, dict[str, Any]]] = [
    ("S-20", "another issuer", {"iss": ISSUER[:-1]}),
    ("S-20", "issuer with a slash", {"iss": ISSUER + "/"}),
    ("S-20", "issuer in capitals", {"iss": ISSUER.upper()}),
    ("S-20", "issuer list", {"iss": [ISSUER]}),
    ("S-20", "no issuer", {"iss": None}),
    ("S-22", "expired", {"exp": 1}),
    ("S-22", "no exp", {"exp": None}),
    ("S-22", "exp text", {"exp": "9999999999"}),
    ("S-22", "exp true", {"exp": True}),
    ("S-22", "exp NaN", {"exp": float("nan")}),
    ("S-22", "exp infinite", {"exp": float("inf")}),
    ("S-22", "exp list", {"exp": [1]}),
    ("S-22", "no iat", {"iat": None}),
    ("S-22", "iat in the future", {"iat": 9_999_999_999}),
    ("S-22", "iat text", {"iat": "1"}),
    ("S-22", "nbf in the future", {"nbf": 9_999_999_999}),
    ("S-22", "nbf text", {"nbf": "1"}),
    ("S-22", "no sub", {"sub": None}),
    ("S-22", "empty sub", {"sub": ""}),
    ("S-22", "sub number", {"sub": 7}),
    ("S-24", "no token_use", {"token_use": None}),
    ("S-24", "token_use odd", {"token_use": ["id", "access"]}),
    ("S-24", "token_use refresh", {"token_use": "refresh"}),
]
ID_ONLY: list[tuple[str, str, dict[str, Any]]] = [
    ("S-21", "another audience", {"aud": "another"}),
    ("S-21", "no audience", {"aud": None}),
    ("S-21", "empty audience", {"aud": ""}),
    ("S-21", "two audiences", {"aud": [CLIENT, "another"]}),
    ("S-21", "audience in a list", {"aud": [CLIENT]}),
    ("S-21", "another azp", {"azp": "another"}),
    ("S-21", "azp list", {"azp": [CLIENT]}),
    ("S-23", "another nonce", {"nonce": NONCE + "x"}),
    ("S-23", "no nonce", {"nonce": None}),
    ("S-23", "empty nonce", {"nonce": ""}),
    ("S-23", "nonce list", {"nonce": [NONCE]}),
    ("S-23", "nonce not ASCII", {"nonce": "é"}),
    ("S-24", "access token", {"token_use": "access"}),
    ("S-16", "at_hash of another", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ("S-16", "at_hash odd", {"at_hash": 7}),
    ("S-16", "no user name", {"cognito:username": None}),
    ("S-16", "user name list", {"cognito:username": ["x"]}),
]
ACCESS_ONLY: list[tuple[str, str, dict[str, Any]]] = [
    ("S-21", "another client", {"client_id": "another"}),
    ("S-21", "no client", {"client_id": None}),
    ("S-21", "client list", {"client_id": [CLIENT]}),
    ("S-24", "ID token", {"token_use": "id"}),
    ("S-05", "user API", {"scope": "api/read aws.cognito.signin.user.admin"}),
    ("S-16", "no scope", {"scope": None}),
    ("S-16", "no user name", {"username": None}),
]


def cases(rows: list[tuple[str, str, dict[str, Any]]]) -> list[Any]:
    return [
        pytest.param(change, id=name, marks=pytest.mark.security(sid)) for sid, name, change in rows
    ]


@pytest.mark.parametrize("change", cases(BOTH + ID_ONLY))
def test_an_id_token_with_one_wrong_claim_is_refused(
    verifier: TokenVerifier, cognito: CognitoDouble, change: dict[str, Any]
) -> None:
    """Well signed, and wrong in one thing."""
    verify_id(verifier, cognito)
    cognito.id_claims.update(change)
    with pytest.raises(InvalidToken):
        verify_id(verifier, cognito)


@pytest.mark.parametrize("change", cases(BOTH + ACCESS_ONLY))
def test_an_access_token_with_one_wrong_claim_is_refused(
    verifier: TokenVerifier, cognito: CognitoDouble, change: dict[str, Any]
) -> None:
    """Well signed, and wrong in one thing."""
    verify_access(verifier, cognito)
    cognito.access_claims.update(change)
    with pytest.raises(InvalidToken):
        verify_access(verifier, cognito)


@pytest.mark.security("S-22")
@pytest.mark.parametrize(
    ("claim", "offset", "good"),
    [
        ("exp", -29, True),
        ("exp", -31, False),
        ("iat", 29, True),
        ("iat", 32, False),
        ("nbf", 29, True),
        ("nbf", 32, False),
    ],
)
def test_clocks_may_differ_by_half_a_minute(
    verifier: TokenVerifier,
    cognito: CognitoDouble,
    clock: Clock,
    claim: str,
    offset: int,
    good: bool,
) -> None:
    """The leeway is 30 s on either side, below the 60 that are allowed."""
    cognito.access_claims[claim] = int(clock()) + offset
    if good:
        verify_access(verifier, cognito)
    else:
        with pytest.raises(InvalidToken):
            verify_access(verifier, cognito)


def claims_of(token: str) -> dict[str, Any]:
    text = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def pem(kid: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return rsa_key(kid).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hmac_token(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    signed = f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}"
    return f"{signed}.{b64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.security("S-18")
@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "NONE",
        "",
        "HS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "EdDSA",
        "rs256",
        None,
        ["RS256"],
        7,
    ],
)
def test_only_rs256_is_accepted_whatever_the_header_says(
    verifier: TokenVerifier, cognito: CognitoDouble, alg: Any
) -> None:
    """The algorithm comes from configuration."""
    claims = claims_of(cognito.access_token(Person(), "openid"))
    header = {"kid": ACCESS_KID, "alg": alg}
    signed = sign_jwt(header, claims, rsa_key(ACCESS_KID))
    unsigned = signed.rpartition(".")[0] + "."
    for token in (
        signed,
        unsigned,
        hmac_token(header, claims, pem(ACCESS_KID)),
        hmac_token(header, claims, b""),
    ):
        with pytest.raises(InvalidToken):
            verifier.verify_access_token(token)


@pytest.mark.security("S-19")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_keys_in_the_token_itself_are_ignored(
    verifier: TokenVerifier, cognito: CognitoDouble, name: str
) -> None:
    """An attacker's key in the header does not verify the attacker's signature."""
    attacker = rsa_key("attacker")
    offered = {
        "jwk": public_jwk(attacker, ACCESS_KID),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x",
        "x5c": ["AAAA"],
        "x5t": "AAAA",
    }[name]
    claims = claims_of(cognito.access_token(Person(), "openid"))
    header = {"kid": ACCESS_KID, "alg": "RS256", name: offered}
    with pytest.raises(InvalidToken):
        verifier.verify_access_token(sign_jwt(header, claims, attacker))
    assert cognito.calls("/jwks") == 1


@pytest.mark.security("S-19")
def test_a_signature_of_another_key_is_refused(
    verifier: TokenVerifier, cognito: CognitoDouble
) -> None:
    """Also of the pool's other key: the kid binds."""
    claims = claims_of(cognito.access_token(Person(), "openid"))
    for key in ("attacker", ID_KID):
        with pytest.raises(InvalidToken):
            verifier.verify_access_token(
                sign_jwt({"kid": ACCESS_KID, "alg": "RS256"}, claims, rsa_key(key))
            )


@pytest.mark.security("S-18")
@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": [ACCESS_KID]},
        {"kid": "../../key"},
        {"crit": ["x"], "x": 1},
        {"b64": False, "crit": ["b64"]},
    ],
)
def test_odd_headers_are_refused(
    verifier: TokenVerifier, cognito: CognitoDouble, header: dict[str, Any]
) -> None:
    """No kid, a kid that is no text, extensions that must be understood."""
    claims = claims_of(cognito.access_token(Person(), "openid"))
    with pytest.raises(InvalidToken):
        verifier.verify_access_token(
            sign_jwt({"alg": "RS256", "kid": ACCESS_KID, **header}, claims, rsa_key(ACCESS_KID))
        )


@pytest.mark.security("S-18")
@pytest.mark.parametrize("claims", [[], "text", 7, None, [["sub", "x"]]])
def test_a_payload_that_is_no_object_is_refused(verifier: TokenVerifier, claims: object) -> None:
    """Well signed nonsense."""
    with pytest.raises(InvalidToken):
        verifier.verify_access_token(
            sign_jwt({"alg": "RS256", "kid": ACCESS_KID}, claims, rsa_key(ACCESS_KID))
        )


@pytest.mark.security("S-18")
def test_every_part_of_a_token_counts(verifier: TokenVerifier, cognito: CognitoDouble) -> None:
    """A changed, missing or additional part breaks it."""
    token = cognito.access_token(Person(), "openid api/read")
    header, payload, signature = token.split(".")
    other = cognito.access_token(Person(sub="other"), "openid").split(".")[1]
    forged = [
        "",
        ".",
        "..",
        "...",
        header,
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}.{other}.{signature}",
        f".{payload}.{signature}",
        f"{token}.{signature}",
        f"{header}..{signature}",
        token[:-5],
        token[:-1] + ("A" if token[-1] != "A" else "E"),
        f"{header}.{payload}.{signature[::-1]}",
        "é.é.é",
        "\ud800",
        token + "\n" * 20_000,
    ]
    for value in forged:
        with pytest.raises(InvalidToken):
            verifier.verify_access_token(value)


def test_a_refreshed_id_token_needs_no_nonce(
    verifier: TokenVerifier, cognito: CognitoDouble
) -> None:
    """OIDC Core 12.2: it should not have one. Everything else still counts."""
    access = cognito.access_token(Person(), "openid")
    token = cognito.id_token(Person(), None, access)
    assert verifier.verify_id_token(token, nonce=None, access_token=access).sub == Person().sub
    with pytest.raises(InvalidToken):
        verifier.verify_id_token(token, nonce="", access_token=access)


@pytest.mark.security("S-61")
def test_errors_hold_nothing_of_the_token(verifier: TokenVerifier, cognito: CognitoDouble) -> None:
    """Neither the message nor the chained cause."""
    cognito.id_claims.update({"iss": "https://canary.example", "email": "canary@example.org"})
    with pytest.raises(InvalidToken) as caught:
        verify_id(verifier, cognito)
    assert "canary" not in str(caught.value) + caught.value.detail
    assert caught.value.__suppress_context__


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
    """Short, private, malformed, for encryption, of another kind: dropped, and the good one stays."""
    assert set(parse_jwks(jwks(jwk, GOOD))) == {"good"}
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(jwks(jwk))


@pytest.mark.security("S-19")
def test_a_kid_that_occurs_twice_spoils_the_document() -> None:
    """Nobody can say which key it means."""
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
    """Fail closed, and not as "your token is wrong"."""
    with pytest.raises(TemporarilyUnavailable):
        parse_jwks(answer)


class Endpoint:
    """A JWKS endpoint that counts, and does what `answer` says."""

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
    """And a key that was withdrawn stops working then."""
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
def test_an_endpoint_that_is_down_fails_closed_and_is_not_hammered(clock: Clock) -> None:
    """No keys, no verification; one try in two seconds; and good again when it is back."""
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
    """After the hour a withdrawn key must not live on through an outage."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(3601)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key(ID_KID)


def test_an_outage_while_looking_for_a_new_kid_keeps_the_keys_we_have(clock: Clock) -> None:
    """Tokens under known keys go on being verified."""
    endpoint = Endpoint()
    cache = JwksCache(endpoint, clock)
    cache.key(ID_KID)
    clock.advance(61)
    endpoint.answer = TemporarilyUnavailable("down")
    with pytest.raises(TemporarilyUnavailable):
        cache.key("unknown")
    cache.key(ID_KID)
