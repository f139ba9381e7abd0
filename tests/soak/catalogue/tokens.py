"""Catalogue entries: the ID token and the keys (S-18 … S-25)."""

from tests.soak.defence import Defence, defence, reading, value

_VERIFIER = "chalicelib.gatehouse.cognito.tokens:TokenVerifier"
_MODULE = "chalicelib.gatehouse.cognito.tokens"
_KEYS = "chalicelib.gatehouse.cognito.jwks"

TOKENS: tuple[Defence, ...] = (
    # Three checks cover each other: our own check of the header, and two lists in the calls of PyJWT. The entry
    # switches off the three checks.
    defence(
        "rs256-only",
        "S-18",
        "the token's own header chooses the algorithm",
        (f"{_MODULE}:_read_kid", reading(('header.get("alg") != ALGORITHM', "False"))),
        (
            f"{_VERIFIER}._verify",
            reading(("algorithms=[ALGORITHM]", "algorithms=['RS256', 'RS384', 'RS512', 'PS256']")),
        ),
        ("jwt:PyJWS", lambda original: lambda algorithms: original()),
    ),
    defence(
        "signature",
        "S-18 S-19",
        "a token's signature is not verified",
        (
            f"{_VERIFIER}._verify",
            reading(
                (
                    "algorithms=[ALGORITHM]",
                    "algorithms=[ALGORITHM], options={'verify_signature': False}",
                )
            ),
        ),
    ),
    defence(
        "keys-of-2048-bits",
        "S-19",
        "short RSA keys are accepted",
        (f"{_KEYS}:MIN_RSA_BITS", value(0)),
    ),
    defence(
        "keys-for-signing-only",
        "S-19",
        "a key for encryption can verify signatures",
        (f"{_KEYS}:parse_jwks", reading(('or jwk.get("use") != "sig"', ""))),
    ),
    defence(
        "each-kid-once",
        "S-19",
        "if two keys have the same kid, the last one is used",
        (f"{_KEYS}:parse_jwks", reading(("if kid in keys:", "if False:"))),
    ),
    defence(
        "issuer",
        "S-20",
        "tokens of any issuer are accepted",
        (f"{_VERIFIER}._verify", reading(('claims.get("iss") not in self._issuers', "False"))),
    ),
    defence(
        "audience",
        "S-21",
        "an ID token of another app client is accepted",
        (
            f"{_VERIFIER}.verify_id_token",
            reading(('_require(claims, "aud", self._client_id)', "None")),
        ),
    ),
    defence(
        "audience-is-one-string",
        "S-21",
        "a list of audiences that contains ours is accepted",
        (
            f"{_VERIFIER}.verify_id_token",
            reading(
                (
                    '_require(claims, "aud", self._client_id)',
                    'assert self._client_id in (claims.get("aud") or ())',
                )
            ),
        ),
    ),
    defence(
        "authorized-party",
        "S-21",
        "azp may be another client",
        (
            f"{_VERIFIER}.verify_id_token",
            reading(('claims.get("azp", self._client_id) != self._client_id', "False")),
        ),
    ),
    defence(
        "expiry",
        "S-22",
        "a token never expires",
        (
            f"{_VERIFIER}._verify_times",
            reading(('claims["exp"] <= now - LEEWAY_SECONDS', "False")),
        ),
    ),
    defence(
        "not-before",
        "S-22",
        "nbf is not checked",
        (
            f"{_VERIFIER}._verify_times",
            reading(('("iat", "nbf")', '("iat",)')),
        ),
    ),
    defence(
        "issued-in-the-past",
        "S-22",
        "a token that was issued in the future is accepted",
        (
            f"{_VERIFIER}._verify_times",
            reading(('("iat", "nbf")', '("nbf",)')),
        ),
    ),
    defence(
        "small-leeway",
        "S-22",
        "clocks may differ by an hour",
        (f"{_MODULE}:LEEWAY_SECONDS", value(3600)),
    ),
    defence(
        "nonce",
        "S-23",
        "the nonce is not compared",
        (f"{_VERIFIER}.verify_id_token", reading(("if nonce is not None:", "if False:"))),
    ),
    defence(
        "nonce-mandatory",
        "S-23",
        "an ID token without a nonce is accepted",
        (
            f"{_VERIFIER}.verify_id_token",
            reading(("if nonce is not None:", 'if nonce is not None and "nonce" in claims:')),
        ),
    ),
    defence(
        "id-token-is-one",
        "S-24",
        "an access token is accepted as an ID token",
        (
            f"{_VERIFIER}.verify_id_token",
            reading(('_require(claims, "token_use", "id")', "None")),
        ),
    ),
    defence(
        "access-token-is-one",
        "S-24",
        "an ID token is accepted as an access token",
        (
            f"{_VERIFIER}.verify_access_token",
            reading(('_require(claims, "token_use", "access")', "None")),
        ),
    ),
    defence(
        "one-fetch-for-unknown-kids",
        "S-25",
        "each token with an unknown kid fetches the keys",
        (f"{_KEYS}:REFETCH_INTERVAL_SECONDS", value(0)),
    ),
    defence(
        "withdrawn-keys-end",
        "S-25",
        "keys are cached as long as a container exists",
        (f"{_KEYS}:KEYS_MAX_AGE_SECONDS", value(10**9)),
    ),
    defence(
        "keys-before-refresh",
        "S-25",
        "a refresh token is used before the keys to verify the response are available",
        (
            "chalicelib.gatehouse.flows.session_flow:SessionFlow.refresh",
            reading(("self._tokens.load_keys()", "None")),
        ),
    ),
)
