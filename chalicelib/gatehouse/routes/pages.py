"""Routes for the sign-in page, the page's assets, the health check, and the description of the API."""

from typing import Any

from chalice.app import Response

from .. import __version__
from ..errors import ConfigurationError, NotFound, TemporarilyUnavailable
from ..log import log_event
from .call import Call


def page(call: Call) -> Response:
    """Return the page's HTML. The links in the HTML begin with the API's base path. Browsers may cache the HTML, because
    the HTML contains no secrets.

    The HTML contains the configuration and the view with which the page will probably begin. Therefore the browser can
    show this view before the script has loaded.
    """
    from ..edge.security_headers import open_for_captcha
    from ..page.static_files import load_static_files
    from .configuration import load_config

    current = call.services
    # never redirect a HEAD request, because the redirect uses up a cookie
    if call.request.method == "GET" and call.query_values("signed_out"):
        onward = _onward(call)
        if onward is not None:
            return onward
    config = load_config(call)
    told = None if config is None else _tell(call, config)
    html = load_static_files(current.settings.brand, call.brand).page(
        base_path=call.url.base_path,
        title=current.settings.app_title,
        accept_language=call.request.headers.get("accept-language", ""),
        by_email=current.settings.direct_sign_in != "off",
        # If `config` is None, the page has no links to providers. But the page links to managed login, where people
        # also find the providers.
        providers=[(one["name"], one["label"]) for one in config["providers"]] if config else (),
        config=told,
    )
    # `private` keeps shared caches from storing the page, because the page shows whether this browser has a session.
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "private, no-cache"}
    if len(current.settings.brand.languages) > 1:
        headers["Vary"] = "Accept-Language"
    if current.captcha is not None:
        headers["Content-Security-Policy"] = open_for_captcha(current.captcha.origins)
    return _unless_unchanged(call, html, headers)


def _tell(call: Call, config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the part of the configuration that the HTML contains, or None."""
    from ..page.first_view import choose_told
    from ..sealed.transactions import USED_COOKIE

    return choose_told(
        config,
        call.query,
        site=call.header("sec-fetch-site"),
        is_return=USED_COOKIE in call.cookies,
    )


def _onward(call: Call) -> Response | None:
    """Return the redirect to the target after the sign-out, or None. The page sent the target as `return_to` with
    `POST /auth/logout`."""
    from ..edge.cookies import clear_cookie
    from ..sealed.departures import COOKIE

    cookie = call.cookies.get(COOKIE)
    try:
        found = call.services.departures.open(cookie) if cookie else None
    except (TemporarilyUnavailable, ConfigurationError) as error:
        log_event("departure_lost", level="error", detail=error.detail)
        return None  # the page then shows that the person is signed out
    if found is None:
        return None
    headers: dict[str, Any] = {
        "Location": call.parse_place(found),
        "Set-Cookie": [clear_cookie(COOKIE, same_site="Lax")],
    }
    return Response("", headers, 303)


def asset(call: Call, version: str, name: str) -> Response:
    """Return a file of the page. Browsers may cache the file for ever, because the URL contains a fingerprint."""
    from ..page.static_files import ASSET_CACHE_CONTROL, load_static_files

    found = load_static_files(call.services.settings.brand, call.brand).asset(version, name)
    if found is None:
        raise NotFound("no such asset")
    headers = {"Content-Type": found.content_type, "Cache-Control": ASSET_CACHE_CONTROL}
    return _unless_unchanged(call, found.text, headers)


def _unless_unchanged(call: Call, text: str, headers: dict[str, Any]) -> Response:
    """Return the text with an entity tag, or a 304 if the browser already has the text."""
    from ..edge.conditional import build_etag, is_unchanged

    headers["ETag"] = build_etag(text)
    if is_unchanged(call.request.headers.get("if-none-match"), headers["ETag"]):
        return Response("", headers, 304)
    return Response(text, headers)


def health(call: Call) -> dict[str, str]:
    """Confirm that the app runs, without a call to another service."""
    return {"status": "ok", "version": __version__}


def openapi(call: Call) -> dict[str, Any]:
    """Return the OpenAPI document, with this API's own address."""
    return call.describe(call.url.api_root)
