"""Hosted sign-in over HTTP: what the page may offer, the way to Cognito, and the way back."""

from typing import Any
from urllib.parse import urlencode

from chalice.app import Blueprint, Response

from chalicelib import services
from chalicelib.errors import GatehouseError, LoginExpired, SignInError, TemporarilyUnavailable
from chalicelib.log import log_event, log_exception
from chalicelib.routes.request import (
    app_url,
    json_body,
    query_value,
    query_values,
    request_cookies,
    request_origin,
)

routes = Blueprint(__name__)


@routes.route("/auth/config", methods=["GET"])
def config() -> dict[str, Any]:
    """What the page offers. Providers with domains stay private: they are a list of customers. Whether there are any is
    not: with `discover` the page asks for the address first. `session` says whether the browser sent a session's cookie,
    be it worth anything or not: without one the page need not ask who is signed in.
    """
    from chalicelib.session.sessions import COOKIE

    current = services.current()
    settings = current.settings
    return {
        "app": settings.app_title,
        "direct_sign_in": settings.direct_sign_in,
        "sign_up": settings.direct_sign_in != "off",
        "auto_sign_in": settings.auto_sign_in,
        "discover": any(provider.domains for provider in current.providers.all()),
        "session": COOKIE in request_cookies(routes.current_request),
        "providers": [
            {"name": provider.name, "label": provider.label}
            for provider in current.providers.listed()
        ],
    }


@routes.route("/auth/discover", methods=["POST"])
def discover() -> dict[str, Any]:
    """The provider of an address's domain, and whether people of that domain may have a password here."""
    from chalicelib.web.bodies import read_email

    current = services.current()
    request = routes.current_request
    found = current.discovery.find(read_email(json_body(request)), request_origin(request).ip)
    return {
        "provider": None if found is None else {"name": found.name, "label": found.label},
        "direct": current.settings.direct_sign_in != "off"
        and (found is None or found.native_sign_up),
    }


@routes.route("/auth/login", methods=["GET"])
def login() -> Response:
    """302 to Cognito's authorize endpoint, with a login transaction in a cookie of its own.

    A browser that goes here in an outage is sent back to the page, which can say so: 303 instead of 503.
    """
    from chalicelib.web.cookies import clear_cookie

    request = routes.current_request
    url = app_url(request)
    try:
        start = _start(request, url)
    except TemporarilyUnavailable as error:
        if request.headers.get("sec-fetch-mode") != "navigate":
            raise
        log_event("sign_in_failed", door="hosted", code=error.code, detail=error.detail)
        return Response("", {"Location": _error_location(url, error.code)}, 303)
    cookies = [clear_cookie(name, same_site="Lax") for name in start.surplus_cookies]
    cookies.append(_login_cookie(start))
    return Response("", {"Location": start.authorize_url, "Set-Cookie": cookies}, 302)


def _start(request: Any, url: Any) -> Any:
    """Return the `LoginStart` of what the browser asks for."""
    from chalicelib.web.csrf import is_from_own_page, verify_navigation
    from chalicelib.web.redirects import parse_return_to

    provider, email = query_value(request, "provider"), query_value(request, "email")
    discovery = services.current().discovery
    if not discovery.is_open(provider, email):
        verify_navigation(request.headers)
        discovery.count_login(provider, email, request_origin(request).ip)
    return services.current().hosted_sign_in.start(
        provider=provider,
        email=email,
        return_to=parse_return_to(
            query_value(request, "return_to"),
            url.base_path,
            services.current().settings.allowed_origins,
        ),
        remember=query_value(request, "remember") == "1" and is_from_own_page(request.headers),
        redirect_uri=url.callback,
        cookies=request_cookies(request),
    )


@routes.route("/auth/callback", methods=["GET"])
def callback() -> Response:
    """303 to where the person wanted to go, with the session cookie; any failure is 303 to the page with an error code."""
    from chalicelib.flows.hosted_sign_in import LoginStart
    from chalicelib.session.sessions import COOKIE
    from chalicelib.session.transactions import MAX_CLEARED, cookie_name
    from chalicelib.web.cookies import build_cookie, clear_cookie
    from chalicelib.web.redirects import parse_return_to

    request = routes.current_request
    url = app_url(request)
    states = query_values(request, "state")
    # Single use: the transaction's cookie goes whatever the outcome (S-11). A query full of states must not become an
    # answer full of headers.
    names = sorted({cookie_name(state) for state in states[:MAX_CLEARED]})
    cookies = [clear_cookie(name, same_site="Lax") for name in names]
    try:
        signed_in = _finish(request, states, url.callback)
        if isinstance(signed_in, LoginStart):
            cookies.append(_login_cookie(signed_in))
            return Response("", {"Location": signed_in.authorize_url, "Set-Cookie": cookies}, 303)
        cookies.append(
            build_cookie(
                COOKIE,
                signed_in.sealed,
                same_site="Strict",
                max_age=signed_in.session.cookie_max_age(services.current().clock()),
            )
        )
        location = parse_return_to(
            signed_in.return_to, url.base_path, services.current().settings.allowed_origins
        )
    except GatehouseError as error:
        code = page_error_code(error)
        log_event("sign_in_failed", door="hosted", code=code, detail=error.detail)
        location = _error_location(url, code)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the login cookie behind, nor a blank page
        log_exception("sign_in_failed", error, door="hosted")
        location = _error_location(url, SignInError.code)
    return Response("", {"Location": location, "Set-Cookie": cookies}, 303)


def _error_location(url: Any, code: str) -> str:
    """Return the page's address with a code that it explains."""
    return f"{url.base_path}?{urlencode({'error': code})}"


def _login_cookie(start: Any) -> str:
    """Return the cookie of a `LoginStart`'s transaction."""
    from chalicelib.session.transactions import LIFETIME_SECONDS
    from chalicelib.web.cookies import build_cookie

    return build_cookie(
        start.transaction.cookie_name, start.sealed, same_site="Lax", max_age=LIFETIME_SECONDS
    )


def _finish(request: Any, states: list[str], redirect_uri: str) -> Any:
    from chalicelib.flows.hosted_sign_in import CallbackQuery

    if len(states) > 1:
        raise LoginExpired("state is given more than once")
    query = CallbackQuery(
        state=states[0] if states else None,
        code=query_value(request, "code"),
        error=query_value(request, "error"),
        error_description=query_value(request, "error_description"),
        issuer=query_value(request, "iss"),
    )
    return services.current().hosted_sign_in.finish(
        query, redirect_uri=redirect_uri, cookies=request_cookies(request)
    )


def page_error_code(error: GatehouseError) -> str:
    """Return the fixed code that the page explains; everything unexpected is `login_failed` (S-13)."""
    if isinstance(error, SignInError | TemporarilyUnavailable):
        return error.code
    return SignInError.code
