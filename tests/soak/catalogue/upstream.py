"""Catalogue entries: changes that Cognito may make without breaking the app, such as new keys, another issuer, another
method of refreshing, or longer Sessions."""

from tests.soak.defence import Defence, defence, reading, value

_FLOW = "chalicelib.gatehouse.flows.session_flow:SessionFlow"
_JWKS = "chalicelib.gatehouse.cognito.jwks:JwksCache"
_TESTS = ("tests/component/test_refresh_ways.py",)

UPSTREAM: tuple[Defence, ...] = (
    defence(
        "strangers-cause-no-fetch",
        "S-25",
        "any stranger's token with an unknown kid causes a request for the keys",
        (
            f"{_JWKS}.key",
            reading(("if from_cognito and not fetched", "if not fetched")),
        ),
        tests=("tests/unit/test_jwks.py",),
    ),
    defence(
        "hurried-fetches-are-bounded",
        "S-25",
        "each sign-in with an unpublished key causes a request for the keys",
        ("chalicelib.gatehouse.cognito.jwks:RETRY_INTERVAL_SECONDS", value(0)),
        tests=("tests/unit/test_jwks.py",),
    ),
    defence(
        "new-keys-are-looked-for-at-once",
        "S-76",
        "a key that was published a moment ago is not looked up",
        (f"{_JWKS}._hurry", reading((">= RETRY_INTERVAL_SECONDS", "< 0"))),
        tests=_TESTS,
    ),
    defence(
        "new-keys-end-no-session",
        "S-76",
        "a token with a key that is not published yet ends the session",
        (f"{_JWKS}.key", reading(("if from_cognito:", "if False:"))),
        tests=_TESTS,
    ),
    defence(
        "rotated-tokens-are-kept",
        "S-35",
        "after an outage during a rotation, the cookie has a token that no longer works",
        (
            f"{_FLOW}._verify",
            reading(("raise RefreshPostponed(error.detail, renewed, sealed)", "raise error")),
        ),
        tests=_TESTS,
    ),
    defence(
        "timeouts-try-no-other-way",
        "S-35",
        "a token that may already be rotated is also sent to the other API",
        (
            f"{_FLOW}._request",
            reading(("(InvalidGrant, GrantRefused)", "(InvalidGrant, TemporarilyUnavailable)")),
        ),
        tests=_TESTS,
    ),
    defence(
        "hosted-sessions-know-one-way",
        "S-35",
        "a hosted session's token is also sent to the user-pool API",
        (f"{_FLOW}._request", reading(("session.renewed_by != BY_EITHER", "False"))),
        tests=_TESTS,
    ),
    defence(
        "issuers-in-two-exact-forms",
        "S-20",
        "an issuer that only ends with the pool's issuer is accepted",
        (
            "chalicelib.gatehouse.cognito.tokens:TokenVerifier._verify",
            reading(
                (
                    'claims.get("iss") not in self._issuers',
                    'not str(claims.get("iss")).endswith(self._issuers[0][8:])',
                )
            ),
        ),
        tests=_TESTS,
    ),
    defence(
        "issuers-may-change",
        "S-20",
        "a pool that changes the form of its issuer ends every session",
        (
            "chalicelib.gatehouse.cognito.tokens:both_forms",
            lambda original: lambda issuer: (issuer,),
        ),
        tests=_TESTS,
    ),
    defence(
        "long-challenges-make-room",
        "S-31",
        "a challenge in two cookies and logins in progress together exceed API Gateway's limit",
        (
            "chalicelib.gatehouse.routes.direct:challenge_cookies",
            reading(("len(parts) > 1", "False")),
        ),
        tests=("tests/component/test_direct_challenges.py",),
    ),
    defence(
        "a-pool-in-recovery-is-named",
        "S-35",
        "the log does not say that the pool is being recovered",
        ("chalicelib.gatehouse.cognito.user_pool_calls:_NOT_ENABLED", value("-")),
        tests=("tests/faults/test_recovery.py",),
    ),
)
