"""Tests of the verification of valid tokens. tests/component/test_token_forgeries.py has forged tokens."""

import pytest

from chalicelib.gatehouse.cognito.jwks import JwksCache
from chalicelib.gatehouse.cognito.tokens import TokenVerifier
from chalicelib.gatehouse.errors import InvalidToken, TokenMismatch
from tests.doubles.clock import Clock
from tests.doubles.cognito import ACCESS_KID, ID_KID, CognitoDouble, Person

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
    """The test covers access and ID tokens, which are signed with different keys."""
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
    """The leeway is 30 s in both directions; S-22 allows up to 60 s."""
    cognito.access_claims[claim] = int(clock()) + offset
    if good:
        verify_access(verifier, cognito)
    else:
        with pytest.raises(InvalidToken):
            verify_access(verifier, cognito)


def test_a_refreshed_id_token_needs_no_nonce(
    verifier: TokenVerifier, cognito: CognitoDouble
) -> None:
    """According to OIDC Core 12.2, the ID token of a refresh should have no nonce. The verifier still checks all other
    claims."""
    access = cognito.access_token(Person(), "openid")
    token = cognito.id_token(Person(), None, access)
    assert verifier.verify_id_token(token, nonce=None, access_token=access).sub == Person().sub
    with pytest.raises(InvalidToken):
        verifier.verify_id_token(token, nonce="", access_token=access)


@pytest.mark.security("S-61")
def test_errors_hold_nothing_of_the_token(verifier: TokenVerifier, cognito: CognitoDouble) -> None:
    """Neither the message nor the chained cause contains part of the token, although PyJWT's own errors quote the
    token's header."""
    cognito.id_claims.update({"nonce": "canary", "email": "canary@example.org"})
    for header in ({}, {"crit": ["canary"]}):
        cognito.id_header.update(header)
        with pytest.raises(InvalidToken) as caught:
            verify_id(verifier, cognito)
        assert "canary" not in str(caught.value) + caught.value.detail
        assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("claims", "header", "name", "expected", "actual"),
    [
        ({"iss": "https://other.example"}, {}, "iss", ISSUER, "https://other.example"),
        ({"aud": ["app"]}, {}, "aud", CLIENT, ["app"]),
        ({"token_use": "access"}, {}, "token_use", "id", "access"),
        ({"azp": "other"}, {}, "azp", CLIENT, "other"),
        ({}, {"kid": "unknown"}, "kid", f"one of {sorted([ACCESS_KID, ID_KID])}", "unknown"),
        ({"iss": "x" * 10_000}, {}, "iss", ISSUER, "x" * 10_000),
    ],
)
def test_errors_say_what_was_expected_and_what_was_found(
    verifier: TokenVerifier,
    cognito: CognitoDouble,
    claims: dict[str, object],
    header: dict[str, object],
    name: str,
    expected: str,
    actual: object,
) -> None:
    """The log shows which pool or client issued a token. A long text is cut."""
    cognito.id_claims.update(claims)
    cognito.id_header.update(header)
    with pytest.raises(TokenMismatch) as caught:
        verify_id(verifier, cognito)
    error = caught.value
    assert (error.name, error.expected, error.actual) == (name, expected, actual)
    assert error.detail.startswith(f"{name} must be {expected}, not {repr(actual)[:80]}")
    assert len(error.detail) < 300
