"""Routes of the hosted sign-in: the redirect to Cognito, and the callback."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalice.app import Response

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
from .call import Call
from .configuration import find_target, is_page

if TYPE_CHECKING:
    from ..flows.hosted_sign_in import LoginStart, SignedIn
    from ..sealed.transactions import LoginTransaction

#: The errors that the page can explain by their codes.
_TOLD = (SignInError, TemporarilyUnavailable, TooManyAttempts, UnknownProvider)


def discover(call: Call) -> dict[str, Any]:
    """Return the provider for the domain of an e-mail address, and whether people with addresses of that domain may
    have a password with Gatehouse."""
    from ..edge.bodies import read_email

    current = call.services
    found = current.discovery.find(read_email(call.json_body()), call.visitor.ip)
    return {
        "provider": None if found is None else {"name": found.name, "label": found.label},
        "direct": current.settings.direct_sign_in != "off"
        and (found is None or found.native_sign_up),
    }


def login(call: Call) -> Response:
    """Return a 302 to Cognito's authorize endpoint, with a login transaction in a separate cookie.

    If a sign-in cannot start, a person gets a redirect (303) to the page instead of the error's status. The page then
    explains the error. If the stage has its own form, a sign-in without a provider begins on the page. With
    `managed=1`, this sign-in begins on managed login instead.

    With `prompt=login`, a signed-in person authenticates again, at the named provider or on the page.
    """
    from ..edge.cookies import clear_cookie
    from ..edge.prefetches import is_prefetch
    from ..sealed.challenges import COOKIE, SECOND_COOKIE

    if is_prefetch(call.request.headers):
        return _prefetch_refused()
    try:
        if _chooses_on_the_page(call):
            return Response("", {"Location": _page_location(call)}, 303)
        start = _start(call)
    except (TemporarilyUnavailable, UnknownProvider, InvalidRequest, TooManyAttempts) as error:
        if not _is_person(call, error):
            raise
        log_event("sign_in_failed", door="hosted", code=error.code, detail=error.detail)
        return Response("", {"Location": _error_location(call, page_error_code(error))}, 303)
    cookies = [clear_cookie(name, same_site="Lax") for name in start.surplus_cookies]
    if SECOND_COOKIE in call.cookies:
        # Clear the challenge cookies. Two challenge cookies, a login cookie and a long session cookie could together
        # exceed API Gateway's limit for headers (S-31).
        cookies += [clear_cookie(name, same_site="Strict") for name in (COOKIE, SECOND_COOKIE)]
    cookies.append(_login_cookie(start))
    return Response("", {"Location": start.authorize_url, "Set-Cookie": cookies}, 302)


def login_by_form(call: Call) -> Response:
    """Return a 303, so that the browser requests the same address by GET. A provider's app tile may send the parameters
    by POST.

    The POST request does not begin a sign-in, and does not count as an attempt. The GET request that follows begins the
    sign-in, and counts as an attempt. In addition, the GET request contains the cookies. Browsers omit the cookies when
    they post a form of another site. Source: OpenID Connect Core 4, third-party initiated login (GET and POST).
    """
    from ..edge.bodies import parse_form

    given = parse_form(call.request.raw_body, ("iss", "login_hint", "target_link_uri"))
    location = f"{call.url.base_path}auth/login?{urlencode(given)}"
    return Response("", {"Location": location}, 303)


def _start(call: Call) -> "LoginStart":
    """Begin the requested sign-in."""
    from ..guard.csrf import is_from_own_page, verify_navigation

    provider, email = call.query_value("provider"), call.query_value("email")
    hint, issuer = call.query_value("login_hint"), call.query_value("iss")
    current = call.services
    if issuer is not None and provider is None:
        found = current.providers.find_by_issuer(issuer)
        provider = "" if found is None else found.name
    if not current.discovery.is_open(provider, email):
        verify_navigation(call.request.headers)
        current.discovery.count_login(provider, email, call.visitor.ip)
    return current.hosted_sign_in.start(
        provider=provider,
        email=email,
        login_hint=hint or email,
        return_to=find_target(call),
        remember=call.query_value("remember") == "1" and is_from_own_page(call.request.headers),
        redirect_uri=call.url.callback,
        cookies=call.cookies,
        confirm=_is_to_confirm(call),
    )


def _is_to_confirm(call: Call) -> bool:
    """Whether the person must authenticate even with an active session (OpenID Connect Core 3.1.2.1, `prompt`)."""
    return call.query_value("prompt") == "login"


def _chooses_on_the_page(call: Call) -> bool:
    """Whether the person must choose on the page how to sign in. The result is always false if the request names a
    provider. Otherwise, the result is true if the stage has its own form, or if the person must authenticate again."""
    if call.settings.direct_sign_in != "embedded" and not _is_to_confirm(call):
        return False
    named = ("provider", "email", "iss", "managed")
    return not any(call.query_values(name) for name in named)


def _page_location(call: Call) -> str:
    query = {}
    if not is_page(wanted := find_target(call), call.url.page_path):
        query["return_to"] = wanted
    if call.query_value("remember") == "1":
        query["remember"] = "1"
    place = f"{call.url.page_path}?{urlencode(query)}" if query else call.url.page_path
    return f"{place}#confirm" if _is_to_confirm(call) else place


def _is_person(call: Call, error: GatehouseError) -> bool:
    """Whether a person will read the answer. When a browser opens a page, the request accepts HTML."""
    navigates = call.request.headers.get("sec-fetch-mode") == "navigate"
    if isinstance(error, TemporarilyUnavailable) and navigates:
        return True
    return "text/html" in call.request.headers.get("accept", "")


def _prefetch_refused() -> Response:
    """Return the refusal of a prefetch. The refusal is not logged as an error."""
    body = {"error": PrefetchRefused.code, "message": PrefetchRefused.message}
    return Response(body, {}, PrefetchRefused.status)


def callback(call: Call) -> Response:
    """Return a 303 to the person's target address, with the session cookie. After a failure, return a 303 to the page,
    with an error code."""
    from ..edge.cookies import build_cookie, clear_cookie
    from ..edge.prefetches import is_prefetch
    from ..flows.hosted_sign_in import LoginStart
    from ..sealed.transactions import (
        LIFETIME_SECONDS,
        MAX_CLEARED,
        USED_COOKIE,
        cookie_name,
        list_used,
    )
    from ..session.sessions import COOKIE

    if is_prefetch(call.request.headers):
        return _prefetch_refused()
    states = call.query_values("state")
    # The cookie of the transaction is always cleared, because the transaction works once (S-11). `MAX_CLEARED` limits
    # the number of headers in the answer to a query with many states.
    names = sorted({cookie_name(state) for state in states[:MAX_CLEARED]})
    cookies = [clear_cookie(name, same_site="Lax") for name in names]
    transaction = None
    try:
        with call.services.hosted_sign_in.reading_ahead(states, call.cookies):
            transaction = _find(call, states)
            used = list_used(call.cookies, transaction.state)
            cookies.append(
                build_cookie(USED_COOKIE, used, same_site="Lax", max_age=LIFETIME_SECONDS)
            )
            signed_in = _finish(call, transaction)
        if isinstance(signed_in, LoginStart):
            cookies.append(_login_cookie(signed_in))
            return Response("", {"Location": signed_in.authorize_url, "Set-Cookie": cookies}, 303)
        cookies.append(
            build_cookie(
                COOKIE,
                signed_in.sealed,
                same_site="Strict",
                max_age=signed_in.session.cookie_max_age(call.services.clock()),
            )
        )
        location = call.parse_place(signed_in.return_to)
    except GatehouseError as error:
        code = page_error_code(error)
        log_event("sign_in_failed", door="hosted", code=code, detail=error.detail)
        location = _error_location(call, code, transaction)
    except Exception as error:  # noqa: BLE001 - the page must also explain an unexpected error
        log_exception("sign_in_failed", error, door="hosted")
        location = _error_location(call, SignInError.code, transaction)
    return Response("", {"Location": location, "Set-Cookie": cookies}, 303)


def _error_location(call: Call, code: str, transaction: "LoginTransaction | None" = None) -> str:
    """Return the page's address, with the person's target address (S-07) and an error code. The page shows an
    explanation of the error code."""
    query = {"error": code}
    if transaction is not None:
        wanted = call.parse_place(transaction.return_to)
        if not is_page(wanted, call.url.page_path):
            query["return_to"] = wanted
    return f"{call.url.page_path}?{urlencode(query)}"


def _login_cookie(start: "LoginStart") -> str:
    """Return the cookie of a new transaction."""
    from ..edge.cookies import build_cookie
    from ..sealed.transactions import LIFETIME_SECONDS

    return build_cookie(
        start.transaction.cookie_name, start.sealed, same_site="Lax", max_age=LIFETIME_SECONDS
    )


def _find(call: Call, states: list[str]) -> "LoginTransaction":
    if len(states) > 1:
        raise LoginUnknown("state is given more than once")
    return call.services.hosted_sign_in.find(states[0] if states else None, call.cookies)


def _finish(call: Call, transaction: "LoginTransaction") -> "SignedIn | LoginStart":
    from ..flows.hosted_sign_in import CallbackQuery

    query = CallbackQuery(
        code=call.query_value("code"),
        error=call.query_value("error"),
        error_description=call.query_value("error_description"),
        issuer=call.query_value("iss"),
    )
    return call.services.hosted_sign_in.finish(
        transaction,
        query,
        redirect_uri=call.url.callback,
        user_agent=call.visitor.user_agent,
        cookies=call.cookies,
    )


def page_error_code(error: GatehouseError) -> str:
    """Return the code from which the page finds the explanation of the error. For every unexpected error, the code is
    `login_failed` (S-13)."""
    if isinstance(error, _TOLD):
        return error.code
    return SignInError.code
