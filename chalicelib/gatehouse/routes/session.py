"""A session's routes: the page asks for an access token, or ends the session."""

from typing import Any

from chalice.app import Blueprint, Response

from .. import services
from ..errors import ConfigurationError, TemporarilyUnavailable
from ..log import log_event
from .request import app_url, json_body, request_cookies

routes = Blueprint(__name__)


@routes.route("/auth/refresh", methods=["POST"])
def refresh() -> Response:
    """A fresh access token for the page's memory; the refresh token moves on inside the cookie."""
    from ..flows.session_flow import RefreshPostponed
    from ..session.sessions import COOKIE

    cookie = request_cookies(routes.current_request).get(COOKIE)
    try:
        return signed_in_answer(services.current().session_flow.refresh(cookie))
    except RefreshPostponed as error:
        error.set_cookies = (_session_cookie(error.session, error.sealed),)
        raise


def signed_in_answer(refreshed: Any, cookies: list[str] | None = None) -> Response:
    """Return a token answer (of a `Refreshed`) with the session cookie, after other `cookies`."""
    now = services.current().clock()
    cookie = _session_cookie(refreshed.session, refreshed.sealed)
    return Response(token_answer(refreshed, now), {"Set-Cookie": [*(cookies or []), cookie]})


def _session_cookie(session: Any, sealed: str) -> str:
    from ..session.sessions import COOKIE
    from ..web.cookies import build_cookie

    max_age = session.cookie_max_age(services.current().clock())
    return build_cookie(COOKIE, sealed, same_site="Strict", max_age=max_age)


def token_answer(refreshed: Any, now: float) -> dict[str, Any]:
    """Return the body of a token answer (a `Refreshed`): what the page needs and nothing else (S-32, S-33).

    `expires_in` is in seconds, deadlines and `now` are Unix seconds of the server's clock, so that the page need not
    trust its own.
    """
    identity = refreshed.identity
    return {
        "access_token": refreshed.access_token,
        "token_type": "Bearer",
        "expires_in": max(0, refreshed.access.expires_at - int(now)),
        "scope": refreshed.access.scope,
        "user": {
            "sub": identity.sub,
            "username": identity.username,
            "email": identity.email,
            "given_name": identity.given_name,
            "family_name": identity.family_name,
            "groups": list(identity.groups),
            "provider": identity.provider,
        },
        "session": {
            "now": int(now),
            "idle_expires_at": refreshed.session.idle_expires_at,
            "expires_at": refreshed.session.expires_at,
        },
    }


@routes.route("/auth/logout", methods=["POST"])
def logout() -> Response:
    """Revoke and forget the session; the browser goes on to `logout_url`, which ends Cognito's own.

    From there it comes back to the page, whose address is fixed; `return_to` of the body waits for it in a cookie (S-38).
    """
    from ..session.sessions import COOKIE
    from ..web.cookies import clear_cookie

    current = services.current()
    request = routes.current_request
    url = app_url(request)
    current.session_flow.sign_out(request_cookies(request).get(COOKIE))
    cookies = [clear_cookie(COOKIE, same_site="Strict")]
    cookies += _departure(json_body(request).get("return_to"), url.base_path)
    return Response(
        {"logout_url": current.oauth.build_logout_url(url.signed_out)}, {"Set-Cookie": cookies}
    )


def _departure(wish: object, base_path: str) -> list[str]:
    """Return the cookie that leads on after a sign-out; none for an address that people may not be sent to (S-07)."""
    from ..session.departures import COOKIE, LIFETIME_SECONDS
    from ..web.cookies import build_cookie
    from ..web.redirects import parse_return_to

    current = services.current()
    if not isinstance(wish, str):
        return []
    found = parse_return_to(wish, base_path, current.settings.allowed_origins)
    if found == base_path:
        return []
    try:
        sealed = current.departures.seal(found)
    except (TemporarilyUnavailable, ConfigurationError) as error:
        # Whatever happens, a person who signs out is out (S-36).
        log_event("departure_lost", level="error", detail=error.detail)
        return []
    return [build_cookie(COOKIE, sealed, same_site="Lax", max_age=LIFETIME_SECONDS)]
