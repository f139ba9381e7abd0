"""Forged tokens: header, signature, shape."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from chalicelib.cognito.tokens import JwksCache, TokenVerifier
from chalicelib.errors import InvalidToken
from tests.doubles.clock import Clock
from tests.doubles.cognito import ACCESS_KID, ID_KID, CognitoDouble, Person
from tests.doubles.signing import b64url, public_jwk, rsa_key, sign_jwt

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1"


CLIENT = "1example23456789"


@pytest.fixture
def cognito(clock: Clock) -> CognitoDouble:
    return CognitoDouble(clock, CLIENT, "secret", "https://x.example", ISSUER, frozenset())


@pytest.fixture
def verifier(cognito: CognitoDouble, clock: Clock) -> TokenVerifier:
    keys = JwksCache(lambda: cognito.get("https://x.example/jwks"), clock)
    return TokenVerifier(issuer=ISSUER, client_id=CLIENT, keys=keys, clock=clock)


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
        f"A.{payload}.{signature}",
        f"{header}!.{payload}.{signature}",
        f"{header}=.{payload}.{signature}",
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
