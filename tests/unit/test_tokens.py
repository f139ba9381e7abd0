"""Verification of tokens: the good ones, then one mutation at a time."""

from typing import Any

import pytest

from chalicelib.cognito.tokens import JwksCache, TokenVerifier
from chalicelib.errors import InvalidToken
from tests.doubles.clock import Clock
from tests.doubles.cognito import CognitoDouble, Person

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
    ("S-22", "jti number", {"jti": 7}),
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
    """Neither the message nor the chained cause, be the fault ours to see or PyJWT's, which quotes the header."""
    cognito.id_claims.update({"iss": "https://canary.example", "email": "canary@example.org"})
    for header in ({}, {"crit": ["canary"]}):
        cognito.id_header.update(header)
        with pytest.raises(InvalidToken) as caught:
            verify_id(verifier, cognito)
        assert "canary" not in str(caught.value) + caught.value.detail
        assert caught.value.__context__ is None or caught.value.__suppress_context__
