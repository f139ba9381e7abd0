"""The routes that need no access token. Everything else must be `authorized(…)`; app.py refuses to load otherwise (S-48)."""

PUBLIC_ROUTES = frozenset(
    {
        ("GET", "/"),
        ("GET", "/assets/{version}/{name}"),
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("GET", "/auth/config"),
        ("POST", "/auth/discover"),
        ("GET", "/auth/login"),
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
