"""The sign-in page, its assets, the health check, and the description of the API."""

from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import __version__, services
from chalicelib.errors import NotFound
from chalicelib.routes.request import app_url

routes = Blueprint(__name__)


@routes.route("/", methods=["GET"])
def page() -> Response:
    """The page's HTML, with addresses built from the API's own base."""
    from chalicelib.web.security_headers import open_for_captcha
    from chalicelib.web.static_files import load_static_files

    html = load_static_files().page(
        base_path=app_url(routes.current_request).base_path,
        title=services.current().settings.app_title,
    )
    headers: dict[str, str | list[str]] = {"Content-Type": "text/html; charset=utf-8"}
    captcha = services.current().captcha
    if captcha is not None:
        headers["Content-Security-Policy"] = open_for_captcha(captcha.origins)
    return Response(html, headers)


@routes.route("/assets/{version}/{name}", methods=["GET"])
def asset(version: str, name: str) -> Response:
    """A file of the page, cached for ever under its fingerprint."""
    from chalicelib.web.static_files import ASSET_CACHE_CONTROL, load_static_files

    found = load_static_files().asset(version, name)
    if found is None:
        raise NotFound("no such asset")
    return Response(
        found.text,
        {"Content-Type": found.content_type, "Cache-Control": ASSET_CACHE_CONTROL},
    )


@routes.route("/health", methods=["GET"])
def health() -> dict[str, str]:
    """That the app runs at all; asks nothing of anybody."""
    return {"status": "ok", "version": __version__}


@routes.route("/openapi.json", methods=["GET"])
def openapi() -> dict[str, Any]:
    """The OpenAPI document, with this API's own address in it."""
    from chalicelib.web.openapi import build_document

    return build_document(app_url(routes.current_request).root)
