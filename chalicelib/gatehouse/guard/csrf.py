"""Checks that a request to a cookie route comes from our own page (S-28).

Sources: OWASP Cross-Site Request Forgery Prevention (custom header, Fetch Metadata); the Fetch standard (a script of
another origin needs a CORS preflight to set `X-Gatehouse`). Gatehouse answers preflights only for the allowed origins.
"""

from collections.abc import Mapping

from ..errors import CrossSiteRequest, InvalidRequest

HEADER = "x-gatehouse"


def verify_own_request(
    headers: Mapping[str, str], own_origin: str, other_origins: frozenset[str] = frozenset()
) -> None:
    """Raise CrossSiteRequest if the request does not come from our page. The request must have the header X-Gatehouse.
    It must also have either our own Origin or `Sec-Fetch-Site: same-origin`.

    An Origin in `other_origins` is also accepted, but not if the browser reports a cross-site request. Any other Origin
    is refused, even with `Sec-Fetch-Site: same-origin`. `headers` must be case-insensitive.
    """
    if headers.get(HEADER) != "1":
        raise CrossSiteRequest("X-Gatehouse is missing")
    origin = headers.get("origin")
    if origin is not None:
        if origin == own_origin:
            return
        if origin not in other_origins:
            raise CrossSiteRequest("Origin is not the app's own origin")
        if headers.get("sec-fetch-site", "same-site") != "same-site":
            raise CrossSiteRequest(
                "Origin is allowed, but Sec-Fetch-Site says that the request comes from another site"
            )
        return
    if headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest(
            "neither Origin nor Sec-Fetch-Site shows that an allowed page sent the request"
        )


def verify_navigation(headers: Mapping[str, str]) -> None:
    """Raise InvalidRequest if another site embeds or fetches the URL. Without this check, another site could use up the
    person's attempts.

    Browsers without Fetch Metadata, and other clients, are accepted.
    """
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        raise InvalidRequest("the request is not a navigation")
    if headers.get("sec-fetch-dest", "document") != "document":
        raise InvalidRequest("the request is not a top-level navigation")


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Whether the browser reports that the request comes from our own page.

    The result is False for a request from another site, for a typed or mailed address, and for browsers without Fetch
    Metadata.
    """
    return headers.get("sec-fetch-site") == "same-origin"
