"""Routes of a session: get an access token, check the session, end the session."""

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from ..errors import ConfigurationError, TemporarilyUnavailable
from ..log import log_event
from .call import Call

if TYPE_CHECKING:
    from ..flows.session_flow import Refreshed
    from ..session.sessions import Session


def refresh(call: Call) -> Response:
    """Return a new access token for the page. The cookie contains the new refresh token, but the answer's body does
    not."""
    from ..flows.session_flow import RefreshPostponed
    from ..session.sessions import COOKIE

    cookie = call.cookies.get(COOKIE)
    try:
        return signed_in_answer(call, call.services.session_flow.refresh(cookie))
    except RefreshPostponed as error:
        error.set_cookies = (_session_cookie(call, error.session, error.sealed),)
        raise


def look(call: Call) -> dict[str, bool]:
    """Return whether the browser's session is active. The call does not change the session's deadlines, cookie and
    tokens (S-99)."""
    from ..session.sessions import COOKIE

    return {"goes_on": call.services.living_sessions.look(call.cookies.get(COOKIE))}


def signed_in_answer(
    call: Call, refreshed: "Refreshed", cookies: list[str] | None = None
) -> Response:
    """Return a token answer with the session cookie. If `cookies` is given, the answer sets these cookies first."""
    cookie = _session_cookie(call, refreshed.session, refreshed.sealed)
    body = token_answer(refreshed, call.services.clock())
    return Response(body, {"Set-Cookie": [*(cookies or []), cookie]})


def _session_cookie(call: Call, session: "Session", sealed: str) -> str:
    from ..edge.cookies import build_cookie
    from ..session.sessions import COOKIE

    max_age = session.cookie_max_age(call.services.clock())
    return build_cookie(COOKIE, sealed, same_site="Strict", max_age=max_age)


def token_answer(refreshed: "Refreshed", now: float) -> dict[str, Any]:
    """Return the body of a token answer, with only the data that the page needs (S-32, S-33).

    `expires_in` is in seconds. Deadlines and `now` are Unix seconds of the server's clock, so the page does not depend
    on its own clock.
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


def logout(call: Call) -> Response:
    """Revoke the session and clear the session cookie. The browser then opens `logout_url`, which ends Cognito's own
    session.

    Cognito then redirects the browser to the page's fixed address. Until this redirect, a cookie keeps the `return_to`
    from the request's body (S-38).
    """
    from ..edge.cookies import clear_cookie
    from ..session.sessions import COOKIE

    url = call.url
    current = call.services
    current.session_flow.sign_out(call.cookies.get(COOKIE))
    cookies = [clear_cookie(COOKIE, same_site="Strict")]
    cookies += _departure(call, call.json_body().get("return_to"))
    return Response(
        {"logout_url": current.oauth.build_logout_url(url.signed_out)}, {"Set-Cookie": cookies}
    )


def _departure(call: Call, wish: object) -> list[str]:
    """Return the cookie that stores the person's target for the time after the sign-out. For a forbidden target, return
    no cookie (S-07)."""
    from ..edge.cookies import build_cookie
    from ..sealed.departures import COOKIE, LIFETIME_SECONDS

    if not isinstance(wish, str):
        return []
    found = call.parse_place(wish)
    if found == call.url.page_path:
        return []
    try:
        sealed = call.services.departures.seal(found)
    except (TemporarilyUnavailable, ConfigurationError) as error:
        # An error must not prevent the sign-out (S-36).
        log_event("departure_lost", level="error", detail=error.detail)
        return []
    return [build_cookie(COOKIE, sealed, same_site="Lax", max_age=LIFETIME_SECONDS)]
