"""Hosted sign-in over HTTP: what the page may offer, the way to Cognito, and the way back."""

from typing import Any
from urllib.parse import urlencode

from chalice.app import Blueprint, Response

from .. import services
from ..errors import (
    GatehouseError,
    InvalidRequest,
    LoginUnknown,
    PrefetchRefused,
    SignInError,
    TemporarilyUnavailable,
    TooManyAttempts,
    UnknownProvider,
)
from ..log import log_event, log_exception
from .request import (
    app_url,
    json_body,
    query_value,
    query_values,
    request_cookies,
    request_origin,
)

routes = Blueprint(__name__)

#: Errors whose codes the page has words for.
_TOLD = (SignInError, TemporarilyUnavailable, TooManyAttempts, UnknownProvider)


@routes.route("/auth/config", methods=["GET"])
def config() -> dict[str, Any]:
    """What the page offers. Providers with domains stay private: they are a list of customers. Whether there are any is
    not: with `discover` the page asks for the address first. `session` says whether the browser sent a session's cookie,
    be it worth anything or not: without one the page need not ask who is signed in. `return_to` is where a sign-in on the
    page leads afterwards: to the `return_to` of the query if people may be sent there (S-07), else to where the stage says.
    """
    from ..session.sessions import COOKIE

    current, request = services.current(), routes.current_request
    url = app_url(request)
    wanted = _wanted(request, url)
    settings = current.settings
    return {
        "app": settings.app_title,
        "direct_sign_in": settings.direct_sign_in,
        "sign_up": settings.direct_sign_in != "off",
        "auto_sign_in": settings.auto_sign_in,
        "discover": any(provider.domains for provider in current.providers.all()),
        "session": COOKIE in request_cookies(request),
        "return_to": None if is_page(wanted, url.base_path) else wanted,
        "providers": [
            {"name": provider.name, "label": provider.label}
            for provider in current.providers.listed()
        ],
    }


@routes.route("/auth/discover", methods=["POST"])
def discover() -> dict[str, Any]:
    """The provider of an address's domain, and whether people of that domain may have a password here."""
    from ..web.bodies import read_email

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

    A person whose sign-in cannot start is sent to the page, which can say why: 303 instead of the status. Where the form is
    our own, a sign-in that names no way in begins there, with every door; `managed=1` asks for managed login all the same.
    """
    from ..session.challenges import COOKIE, SECOND_COOKIE
    from ..web.cookies import clear_cookie
    from ..web.prefetches import is_prefetch

    request = routes.current_request
    if is_prefetch(request.headers):
        return _prefetch_refused()
    url = app_url(request)
    try:
        if _chooses_on_the_page(request):
            return Response("", {"Location": _page_location(request, url)}, 303)
        start = _start(request, url)
    except (TemporarilyUnavailable, UnknownProvider, InvalidRequest, TooManyAttempts) as error:
        if not _is_person(request, error):
            raise
        log_event("sign_in_failed", door="hosted", code=error.code, detail=error.detail)
        return Response("", {"Location": _error_location(url, page_error_code(error))}, 303)
    cookies = [clear_cookie(name, same_site="Lax") for name in start.surplus_cookies]
    if SECOND_COOKIE in request_cookies(request):
        # A challenge of two cookies, a login's and a long session's could be more than API Gateway lets pass (S-31).
        cookies += [clear_cookie(name, same_site="Strict") for name in (COOKIE, SECOND_COOKIE)]
    cookies.append(_login_cookie(start))
    return Response("", {"Location": start.authorize_url, "Set-Cookie": cookies}, 302)


@routes.route("/auth/login", methods=["POST"], content_types=["application/x-www-form-urlencoded"])
def login_by_form() -> Response:
    """303 to the same address by GET: a provider's tile may post what it has to say.

    Nothing begins here, and nothing is counted: the browser's next request does both, with the cookies that a form of
    another site comes without. Source: OpenID Connect Core 4, third-party initiated login (GET and POST).
    """
    from ..web.bodies import parse_form

    request = routes.current_request
    given = parse_form(request.raw_body, ("iss", "login_hint", "target_link_uri"))
    location = f"{app_url(request).base_path}auth/login?{urlencode(given)}"
    return Response("", {"Location": location}, 303)


def _start(request: Any, url: Any) -> Any:
    """Return the `LoginStart` of what the browser asks for."""
    from ..web.csrf import is_from_own_page, verify_navigation

    provider, email = query_value(request, "provider"), query_value(request, "email")
    hint, issuer = query_value(request, "login_hint"), query_value(request, "iss")
    current = services.current()
    if issuer is not None and provider is None:
        found = current.providers.find_by_issuer(issuer)
        provider = "" if found is None else found.name
    if not current.discovery.is_open(provider, email):
        verify_navigation(request.headers)
        current.discovery.count_login(provider, email, request_origin(request).ip)
    return current.hosted_sign_in.start(
        provider=provider,
        email=email,
        login_hint=hint or email,
        return_to=_wanted(request, url),
        remember=query_value(request, "remember") == "1" and is_from_own_page(request.headers),
        redirect_uri=url.callback,
        cookies=request_cookies(request),
    )


def _wanted(request: Any, url: Any) -> str:
    """Return where the browser shall go after the sign-in: where it says, else where the stage says, else the page."""
    from ..web.redirects import parse_return_to

    settings = services.current().settings
    wish = query_value(request, "return_to") or query_value(request, "target_link_uri")
    if wish is not None and wish.startswith(url.origin + "/"):
        wish = wish[len(url.origin) :]
    stage = parse_return_to(settings.after_sign_in, url.base_path, settings.allowed_origins)
    return parse_return_to(wish, url.base_path, settings.allowed_origins, stage)


def _chooses_on_the_page(request: Any) -> bool:
    """Tell whether a sign-in names no way in while the stage has its own form."""
    if services.current().settings.direct_sign_in != "embedded":
        return False
    named = ("provider", "email", "iss", "managed")
    return not any(query_values(request, name) for name in named)


def _page_location(request: Any, url: Any) -> str:
    query = {}
    if not is_page(wanted := _wanted(request, url), url.base_path):
        query["return_to"] = wanted
    if query_value(request, "remember") == "1":
        query["remember"] = "1"
    return f"{url.base_path}?{urlencode(query)}" if query else str(url.base_path)


def _is_person(request: Any, error: GatehouseError) -> bool:
    """Tell whether somebody looks at the answer: browsers that go to an address ask for HTML."""
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    if isinstance(error, TemporarilyUnavailable) and navigates:
        return True
    return "text/html" in request.headers.get("accept", "")


def _prefetch_refused() -> Response:
    """The refusal of a prefetch, which no log counts among the errors."""
    body = {"error": PrefetchRefused.code, "message": PrefetchRefused.message}
    return Response(body, {}, PrefetchRefused.status)


@routes.route("/auth/callback", methods=["GET"])
def callback() -> Response:
    """303 to where the person wanted to go, with the session cookie; any failure is 303 to the page with an error code."""
    from ..flows.hosted_sign_in import LoginStart
    from ..session.sessions import COOKIE
    from ..session.transactions import (
        LIFETIME_SECONDS,
        MAX_CLEARED,
        USED_COOKIE,
        cookie_name,
        list_used,
    )
    from ..web.cookies import build_cookie, clear_cookie
    from ..web.prefetches import is_prefetch
    from ..web.redirects import parse_return_to

    request = routes.current_request
    if is_prefetch(request.headers):
        return _prefetch_refused()
    url = app_url(request)
    origins = services.current().settings.allowed_origins
    states = query_values(request, "state")
    # Single use: the transaction's cookie goes whatever the outcome (S-11). A query full of states must not become an
    # answer full of headers.
    names = sorted({cookie_name(state) for state in states[:MAX_CLEARED]})
    cookies = [clear_cookie(name, same_site="Lax") for name in names]
    transaction = None
    try:
        transaction = _find(request, states)
        used = list_used(request_cookies(request), transaction.state)
        cookies.append(build_cookie(USED_COOKIE, used, same_site="Lax", max_age=LIFETIME_SECONDS))
        signed_in = _finish(request, transaction, url.callback)
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
        location = parse_return_to(signed_in.return_to, url.base_path, origins)
    except GatehouseError as error:
        code = page_error_code(error)
        log_event("sign_in_failed", door="hosted", code=code, detail=error.detail)
        location = _error_location(url, code, transaction)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the login cookie behind, nor a blank page
        log_exception("sign_in_failed", error, door="hosted")
        location = _error_location(url, SignInError.code, transaction)
    return Response("", {"Location": location, "Set-Cookie": cookies}, 303)


def _error_location(url: Any, code: str, transaction: Any = None) -> str:
    """Return the page's address with a code that it explains, and with where the person wanted to go (S-07)."""
    from ..web.redirects import parse_return_to

    query = {"error": code}
    if transaction is not None:
        origins = services.current().settings.allowed_origins
        wanted = parse_return_to(transaction.return_to, url.base_path, origins)
        if not is_page(wanted, url.base_path):
            query["return_to"] = wanted
    return f"{url.base_path}?{urlencode(query)}"


def is_page(address: str, base_path: str) -> bool:
    """Tell whether an address is the sign-in page itself, where people are anyway."""
    return address.split("?")[0].split("#")[0].rstrip("/") == base_path.rstrip("/")


def _login_cookie(start: Any) -> str:
    """Return the cookie of a `LoginStart`'s transaction."""
    from ..session.transactions import LIFETIME_SECONDS
    from ..web.cookies import build_cookie

    return build_cookie(
        start.transaction.cookie_name, start.sealed, same_site="Lax", max_age=LIFETIME_SECONDS
    )


def _find(request: Any, states: list[str]) -> Any:
    if len(states) > 1:
        raise LoginUnknown("state is given more than once")
    return services.current().hosted_sign_in.find(
        states[0] if states else None, request_cookies(request)
    )


def _finish(request: Any, transaction: Any, redirect_uri: str) -> Any:
    from ..flows.hosted_sign_in import CallbackQuery

    query = CallbackQuery(
        code=query_value(request, "code"),
        error=query_value(request, "error"),
        error_description=query_value(request, "error_description"),
        issuer=query_value(request, "iss"),
    )
    return services.current().hosted_sign_in.finish(
        transaction, query, redirect_uri=redirect_uri, cookies=request_cookies(request)
    )


def page_error_code(error: GatehouseError) -> str:
    """Return the fixed code that the page explains; everything unexpected is `login_failed` (S-13)."""
    if isinstance(error, _TOLD):
        return error.code
    return SignInError.code
