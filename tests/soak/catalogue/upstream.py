"""Changes that Cognito may make, and what must survive them: keys, issuers, ways to renew, long Sessions."""

from tests.soak.defence import Defence, defence, reading, value

_FLOW = "chalicelib.gatehouse.flows.session_flow:SessionFlow"
_JWKS = "chalicelib.gatehouse.cognito.jwks:JwksCache"
_TESTS = ("tests/component/test_refresh_ways.py",)

UPSTREAM: tuple[Defence, ...] = (
    defence(
        "strangers-cause-no-fetch",
        "S-25",
        "anybody's token with an unknown kid makes us fetch the keys",
        (
            f"{_JWKS}.key",
            reading(("if from_cognito and not fetched", "if not fetched")),
        ),
        tests=("tests/unit/test_jwks.py",),
    ),
    defence(
        "hurried-fetches-are-bounded",
        "S-25",
        "each sign-in under an unpublished key fetches the keys",
        ("chalicelib.gatehouse.cognito.jwks:RETRY_INTERVAL_SECONDS", value(0)),
        tests=("tests/unit/test_jwks.py",),
    ),
    defence(
        "new-keys-are-looked-for-at-once",
        "S-76",
        "a key that appeared a moment ago is not looked for",
        (f"{_JWKS}._hurry", reading((">= RETRY_INTERVAL_SECONDS", "< 0"))),
        tests=_TESTS,
    ),
    defence(
        "new-keys-end-no-session",
        "S-76",
        "a key that is not published yet ends sessions",
        (f"{_JWKS}.key", reading(("if from_cognito:", "if False:"))),
        tests=_TESTS,
    ),
    defence(
        "rotated-tokens-are-kept",
        "S-35",
        "an outage after the rotation leaves the cookie with a dead token",
        (
            f"{_FLOW}._verify",
            reading(("raise RefreshPostponed(error.detail, renewed, sealed)", "raise error")),
        ),
        tests=_TESTS,
    ),
    defence(
        "timeouts-try-no-other-way",
        "S-35",
        "a token that may be rotated already is sent by the other way as well",
        (
            f"{_FLOW}._request",
            reading(("(InvalidGrant, GrantRefused)", "(InvalidGrant, TemporarilyUnavailable)")),
        ),
        tests=_TESTS,
    ),
    defence(
        "hosted-sessions-know-one-way",
        "S-35",
        "a hosted session asks the user-pool API too",
        (f"{_FLOW}._request", reading(("session.renewed_by != BY_EITHER", "False"))),
        tests=_TESTS,
    ),
    defence(
        "issuers-in-two-exact-forms",
        "S-20",
        "whatever ends like the pool's issuer is taken for it",
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
        "a challenge of two cookies and sign-ins in flight exceed what API Gateway lets pass",
        (
            "chalicelib.gatehouse.routes.direct:challenge_cookies",
            reading(("len(parts) > 1", "False")),
        ),
        tests=("tests/component/test_direct_challenges.py",),
    ),
    defence(
        "a-pool-in-recovery-is-named",
        "S-35",
        "nobody can tell a pool in recovery from any other outage",
        ("chalicelib.gatehouse.cognito.user_pool_calls:_NOT_ENABLED", value("-")),
        tests=("tests/faults/test_recovery.py",),
    ),
)
