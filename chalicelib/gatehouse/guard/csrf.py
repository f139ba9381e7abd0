"""Proof that a cookie route was called by our own page and not by another site (S-28).

Sources: OWASP Cross-Site Request Forgery Prevention (custom header, Fetch Metadata); the Fetch standard: a script of
another origin cannot set `X-Gatehouse` without a CORS preflight, which we answer to allowed origins only.
"""

from collections.abc import Mapping

from ..errors import CrossSiteRequest, InvalidRequest

HEADER = "x-gatehouse"


def verify_own_request(
    headers: Mapping[str, str], own_origin: str, other_origins: frozenset[str] = frozenset()
) -> None:
    """Raise CrossSiteRequest unless our page sent this: the header, and an own Origin or Sec-Fetch-Site: same-origin.

    `other_origins` are let in as well, if the browser counts them to our site or says nothing about it. `headers` is
    case-insensitive. A foreign Origin is refused even beside a good Sec-Fetch-Site.
    """
    if headers.get(HEADER) != "1":
        raise CrossSiteRequest("X-Gatehouse is missing")
    origin = headers.get("origin")
    if origin is not None:
        if origin == own_origin:
            return
        if origin not in other_origins:
            raise CrossSiteRequest("Origin is not ours")
        if headers.get("sec-fetch-site", "same-site") != "same-site":
            raise CrossSiteRequest("Origin is allowed, but the browser counts it to another site")
        return
    if headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest("neither Origin nor Sec-Fetch-Site says that the page is ours")


def verify_navigation(headers: Mapping[str, str]) -> None:
    """Raise InvalidRequest for what another site embeds or fetches: only going to a page may use up attempts.

    Browsers that send no Fetch Metadata, and callers that are none, pass: they spend their own attempts.
    """
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        raise InvalidRequest("not a navigation")
    if headers.get("sec-fetch-dest", "document") != "document":
        raise InvalidRequest("not a navigation of the whole page")


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Tell whether the browser says that our own page led it here: neither another site nor a typed or mailed address.

    Browsers without Fetch Metadata say nothing, which is no.
    """
    return headers.get("sec-fetch-site") == "same-origin"
