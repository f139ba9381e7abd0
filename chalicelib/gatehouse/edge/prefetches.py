"""Detects prefetches: requests that a browser makes before the person opens the address. A prefetch must not begin or
finish a sign-in.

A prefetch of the callback would use up the state and the authorization code, and the browser might then discard the
response. A server should refuse a prefetch with an error status, usually 503. The browser then discards the answer, and
requests the page again when the person opens the page. Sources: MDN, Sec-Purpose; the prefetch specification (WICG
nav-speculation); draft-nottingham-httpbis-pre-denied-00, which reports the use of 503. Older browsers send other
headers: `Purpose` (Chromium), `X-Moz` (Firefox), `X-Purpose` (WebKit).
"""

from collections.abc import Mapping

_HEADERS = ("sec-purpose", "purpose", "x-moz", "x-purpose")
_AHEAD = frozenset({"prefetch", "prerender", "preview"})


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether the browser marks the request as a prefetch. `headers` is case-insensitive."""
    said = [headers.get(name, "").lower().replace(",", ";").split(";") for name in _HEADERS]
    return any(token.strip() in _AHEAD for tokens in said for token in tokens)
