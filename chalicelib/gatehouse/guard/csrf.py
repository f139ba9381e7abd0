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
    """Raise CrossSiteRequest unless our page sent this: it needs the header, and our own Origin or Sec-Fetch-Site:
    same-origin.

    `other_origins` are also accepted, unless the browser says that they belong to another site. `headers` is
    case-insensitive. A foreign Origin is refused even with a good Sec-Fetch-Site.
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
            raise CrossSiteRequest(
                "Origin is allowed, but the browser says that it is another site"
            )
        return
    if headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest("neither Origin nor Sec-Fetch-Site says that the page is ours")


def verify_navigation(headers: Mapping[str, str]) -> None:
    """Raise InvalidRequest for embedded or fetched requests of another site: only a navigation may use up attempts.

    Browsers without Fetch Metadata, and other clients, pass: they use up their own attempts.
    """
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        raise InvalidRequest("not a navigation")
    if headers.get("sec-fetch-dest", "document") != "document":
        raise InvalidRequest("not a navigation of the whole page")


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that our own page sent it here, and not another site or a typed or mailed address.

    Browsers without Fetch Metadata do not say so, which counts as no.
    """
    return headers.get("sec-fetch-site") == "same-origin"
