"""Proof that a cookie route was called by our own page and not by another site (S-28).

Sources: OWASP Cross-Site Request Forgery Prevention (custom header, Fetch Metadata); the Fetch standard: a script of
another origin cannot set `X-Gatehouse` without a CORS preflight, which we do not answer.
"""

from collections.abc import Mapping

from chalicelib.errors import CrossSiteRequest

HEADER = "x-gatehouse"


def verify_own_request(headers: Mapping[str, str], own_origin: str) -> None:
    """Raise CrossSiteRequest unless our page sent this: the header, and an own Origin or Sec-Fetch-Site: same-origin.

    `headers` is case-insensitive. A foreign Origin is refused even beside a good Sec-Fetch-Site.
    """
    if headers.get(HEADER) != "1":
        raise CrossSiteRequest("X-Gatehouse is missing")
    origin = headers.get("origin")
    if origin is not None:
        if origin != own_origin:
            raise CrossSiteRequest("Origin is not ours")
        return
    if headers.get("sec-fetch-site") != "same-origin":
        raise CrossSiteRequest("neither Origin nor Sec-Fetch-Site says that the page is ours")
