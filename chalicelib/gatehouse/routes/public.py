"""The routes that need no access token. Everything else must be `authorized(…)`; app.py refuses to load otherwise (S-48)."""

_LISTED = frozenset(
    {
        ("GET", "/"),
        ("GET", "/assets/{version}/{name}"),
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("GET", "/auth/config"),
        ("POST", "/auth/discover"),
        ("GET", "/auth/login"),
        ("POST", "/auth/login"),
        ("GET", "/auth/callback"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/direct/sign-in"),
        ("POST", "/auth/direct/challenge"),
        ("POST", "/auth/direct/sign-up"),
        ("POST", "/auth/direct/confirm"),
        ("POST", "/auth/direct/resend-code"),
        ("POST", "/auth/direct/forgot-password"),
        ("POST", "/auth/direct/reset-password"),
        ("POST", "/auth/mfa/setup"),
        ("POST", "/auth/mfa/verify"),
        ("POST", "/auth/mfa/disable"),
    }
)

#: POSTs by a form of another site, by design: a provider's tile. They carry no cookie, change nothing and lead on by GET.
FORMS_OF_OTHERS = frozenset({("POST", "/auth/login")})
#: GETs that spend something (a state, a code, an attempt): HEAD is not answered there.
SPENDING = frozenset({"/auth/login", "/auth/callback"})

PUBLIC_ROUTES = _LISTED | {
    ("HEAD", path) for method, path in _LISTED if method == "GET" and path not in SPENDING
}
