"""The routes that need no access token. Everything else must be `authorized(…)`; app.py refuses to load otherwise (S-48)."""

PUBLIC_ROUTES = frozenset(
    {
        ("GET", "/"),
        ("GET", "/assets/{version}/{name}"),
        ("GET", "/health"),
        ("GET", "/auth/config"),
        ("GET", "/auth/login"),
        ("GET", "/auth/callback"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
    }
)
