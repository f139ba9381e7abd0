"""An authenticator app on and off, for people who are signed in with a password."""

from typing import Any

from chalice.app import Response

from ..errors import UnsupportedChallenge
from .call import Call
from .direct import embedded, totp_body, with_login_url

_MAX_PASSWORD = 256
_MAX_CODE = 16


def setup(call: Call) -> Response:
    """A new key for the app, against the password; `verify` completes it."""
    from ..edge.bodies import read_text
    from ..edge.cookies import build_cookie
    from ..sealed import challenges
    from ..session import sessions

    current = embedded(call)
    enrolling = current.mfa.set_up(
        password=read_text(call.json_body(), "password", max_length=_MAX_PASSWORD),
        session_cookie=call.cookies.get(sessions.COOKIE),
        visitor=call.visitor,
    )
    cookie = build_cookie(
        challenges.COOKIE,
        enrolling.sealed,
        same_site="Strict",
        max_age=max(0, enrolling.enrolment.expires_at - int(call.services.clock())),
    )
    return Response(totp_body(enrolling.totp), {"Set-Cookie": [cookie]})


def verify(call: Call) -> Response:
    """The app's first code turns it on."""
    from ..edge.bodies import read_text
    from ..edge.cookies import clear_cookie
    from ..sealed import challenges
    from ..session import sessions

    current = embedded(call)
    cookies = call.cookies
    current.mfa.verify(
        code=read_text(call.json_body(), "code", max_length=_MAX_CODE),
        session_cookie=cookies.get(sessions.COOKIE),
        enrolment_cookie=cookies.get(challenges.COOKIE),
        visitor=call.visitor,
    )
    cleared = clear_cookie(challenges.COOKIE, same_site="Strict")
    return Response({"mfa": True}, {"Set-Cookie": [cleared]})


def disable(call: Call) -> dict[str, Any]:
    """Password and a code of the app turn it off."""
    from ..edge.bodies import read_text
    from ..session.sessions import COOKIE

    current = embedded(call)
    body = call.json_body()
    try:
        current.mfa.disable(
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            code=read_text(body, "code", max_length=_MAX_CODE),
            session_cookie=call.cookies.get(COOKIE),
            visitor=call.visitor,
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, call) from None
    return {"mfa": False}
