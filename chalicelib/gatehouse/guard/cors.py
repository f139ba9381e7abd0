"""What other origins of the same site may call, and what browsers must be told for it (S-30).

Three kinds of routes are open to the origins of the setting ALLOWED_ORIGINS: those behind the authorizer, without
credentials (the access token travels in a header); the two that renew and end a session, with the cookie; and the
configuration, which tells what the page tells everybody, and whether there is a cookie. An origin matches exactly or not at
all; it is echoed only after it matched, so `*` and foreign or `null` origins never are.
Source: the Fetch standard, "CORS protocol" and "CORS protocol and HTTP caches" (`Vary`).
"""

from collections.abc import Iterable, Mapping

#: The routes whose cookie an allowed origin may use. Passwords are typed on our own page alone.
CREDENTIALED = frozenset({("POST", "/auth/refresh"), ("POST", "/auth/logout")})

#: What an allowed origin may read with the cookie: nothing is changed there.
READABLE = frozenset({("GET", "/auth/config")})

#: Seconds for which a browser may remember a preflight: an origin that is taken off the list is out within ten minutes.
_MAX_AGE = "600"
#: What a script may read besides the body: how long to wait. EXPOSED_HEADERS adds to it.
_EXPOSED = "Retry-After"


class CorsRule:
    """How one path is open: its methods, the request headers that are let through, and whether the cookie is."""

    def __init__(self, methods: tuple[str, ...], headers: str, *, credentials: bool) -> None:
        self.methods = methods
        self.headers = headers
        self.credentials = credentials


def build_rule(path: str, methods: Iterable[str], authorized: Iterable[str]) -> CorsRule | None:
    """Return the rule of a path with `methods`, of which `authorized` need an access token; None if none is open."""
    with_cookie = tuple(method for method in methods if (method, path) in CREDENTIALED)
    if with_cookie:
        return CorsRule(with_cookie, "content-type, x-gatehouse", credentials=True)
    readable = tuple(method for method in methods if (method, path) in READABLE)
    if readable:
        return CorsRule(readable, "content-type", credentials=True)
    with_token = tuple(authorized)
    if with_token:
        return CorsRule(with_token, "authorization, content-type", credentials=False)
    return None


def build_headers(
    rule: CorsRule,
    origin: str | None,
    allowed: frozenset[str],
    exposed: Iterable[str] = (),
) -> Mapping[str, str]:
    """Return the headers of an answer to `origin`; nothing at all while no origin is allowed.

    `exposed` are names of response headers that scripts there may read besides.
    """
    if not allowed:
        return {}
    if origin not in allowed:
        return {"Vary": "Origin"}
    headers = {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join((_EXPOSED, *exposed)),
    }
    if rule.credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def build_preflight_headers(rule: CorsRule, headers: Iterable[str] = ()) -> Mapping[str, str]:
    """Return what the answer to an allowed preflight holds besides `build_headers`; `headers` may be sent besides."""
    return {
        "Access-Control-Allow-Methods": ", ".join(rule.methods),
        "Access-Control-Allow-Headers": ", ".join((rule.headers, *headers)),
        "Access-Control-Max-Age": _MAX_AGE,
    }
