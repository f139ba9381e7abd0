"""Requests that a browser makes ahead of the person: they must neither begin nor end a sign-in.

A prefetched callback would spend state and code, and its answer might be thrown away. A server refuses with a status that is
no success, for which 503 is the usual one: the browser forgets it and asks again when the person goes there. Sources: MDN,
Sec-Purpose; the prefetch specification (WICG nav-speculation); draft-nottingham-httpbis-pre-denied-00, which reports that
practice. The other names are what browsers sent before: `Purpose` (Chromium), `X-Moz` (Firefox), `X-Purpose` (WebKit).
"""

from collections.abc import Mapping

_HEADERS = ("sec-purpose", "purpose", "x-moz", "x-purpose")
_AHEAD = frozenset({"prefetch", "prerender", "preview"})


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that nobody has gone to this address yet. `headers` is case-insensitive."""
    said = [headers.get(name, "").lower().replace(",", ";").split(";") for name in _HEADERS]
    return any(token.strip() in _AHEAD for tokens in said for token in tokens)
