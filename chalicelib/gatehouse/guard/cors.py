"""Decides which routes other origins of the same site may call, and builds the CORS headers for browsers (S-30).

Three kinds of routes are open to the origins in the setting ALLOWED_ORIGINS:

- The routes that need an access token are open, but without cookies, because the access token is in a header.
- The two routes that renew and end a session are open with the cookie.
- Two routes that only read data are open with the cookie. One returns the configuration, which is public. The other
  returns whether the session is still active.

An origin must match an allowed origin exactly. If the origin matches, the answer contains the same origin. The answer
never contains `*`, `null` or a foreign origin. Source: the Fetch standard, "CORS protocol" and "CORS protocol and HTTP
caches" (`Vary`).
"""

from collections.abc import Iterable, Mapping

#: The routes that accept the session cookie from pages of an allowed origin. The sign-in routes are not in this set,
#: because people must not type passwords on other pages than ours.
CREDENTIALED = frozenset({("POST", "/auth/refresh"), ("POST", "/auth/logout")})

#: Routes that an allowed origin may call with the cookie, because these routes only read data.
READABLE = frozenset({("GET", "/auth/config"), ("GET", "/auth/session")})
_WITH_COOKIE = frozenset(path for _, path in CREDENTIALED | READABLE)

#: The number of seconds for which a browser may cache a preflight. After an origin was removed from ALLOWED_ORIGINS, a
#: browser may still allow the origin for this number of seconds.
_MAX_AGE = "600"
#: The response header that scripts of other origins may read: Retry-After, which contains the time to wait. The setting
#: EXPOSED_HEADERS adds further headers.
_EXPOSED = "Retry-After"
#: The response headers that scripts may read on a route with `max_age`. WWW-Authenticate asks for a new authentication.
#: It has two names here, because API Gateway renames the header.
EXPOSED_WITH_AGE = f"{_EXPOSED}, WWW-Authenticate, X-Amzn-Remapped-WWW-Authenticate"


class CorsRule:
    """The rights of other origins at one path: the methods, the request headers, and whether the cookie may be sent."""

    def __init__(self, methods: tuple[str, ...], headers: str, *, credentials: bool) -> None:
        self.methods = methods
        self.headers = headers
        self.credentials = credentials
        #: The response headers that scripts of allowed origins may read.
        self.exposed = _EXPOSED


def build_rule(path: str, methods: Iterable[str], authorized: Iterable[str]) -> CorsRule | None:
    """Return the rule of a path with `methods`, or None if the path is closed to other origins. `authorized` lists the
    methods that need an access token."""
    if path in _WITH_COOKIE:  # every cold start runs this function for each route
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
    """Return the CORS headers of an answer to `origin`. If the stage allows no other origins, the result is empty.

    `exposed` lists the names of further response headers that scripts of `origin` may read.
    """
    if not allowed:
        return {}
    if origin not in allowed:
        return {"Vary": "Origin"}
    headers = {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join((rule.exposed, *exposed)),
    }
    if rule.credentials:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def build_preflight_headers(rule: CorsRule, headers: Iterable[str] = ()) -> Mapping[str, str]:
    """Return the additional headers for the answer to an allowed preflight. The answer also has the headers that
    `build_headers` returns. `headers` lists further request headers that are allowed."""
    return {
        "Access-Control-Allow-Methods": ", ".join(rule.methods),
        "Access-Control-Allow-Headers": ", ".join((rule.headers, *headers)),
        "Access-Control-Max-Age": _MAX_AGE,
    }
