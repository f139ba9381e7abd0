"""An authenticator app on and off, for people who are signed in with a password."""

from typing import Any

from chalice.app import Blueprint, Response

from ..errors import UnsupportedChallenge
from .direct import (
    challenge_cookies,
    cleared_challenge,
    embedded,
    totp_body,
    with_login_url,
)
from .request import json_body, request_cookies, request_origin

routes = Blueprint(__name__)

_MAX_PASSWORD = 256
_MAX_CODE = 16


@routes.route("/auth/mfa/setup", methods=["POST"])
def setup() -> Response:
    """A new key for the app, against the password; `verify` completes it."""
    from ..session import sessions
    from ..web.bodies import read_text

    current = embedded()
    request = routes.current_request
    enrolling = current.mfa.set_up(
        password=read_text(json_body(request), "password", max_length=_MAX_PASSWORD),
        session_cookie=request_cookies(request).get(sessions.COOKIE),
        origin=request_origin(request),
    )
    kept = challenge_cookies(enrolling.sealed, enrolling.enrolment.expires_at, request)
    return Response(totp_body(enrolling.totp), {"Set-Cookie": kept})


@routes.route("/auth/mfa/verify", methods=["POST"])
def verify() -> Response:
    """The app's first code turns it on."""
    from ..session import challenges, sessions
    from ..web.bodies import read_text

    current = embedded()
    request = routes.current_request
    cookies = request_cookies(request)
    current.mfa.verify(
        code=read_text(json_body(request), "code", max_length=_MAX_CODE),
        session_cookie=cookies.get(sessions.COOKIE),
        enrolment_cookie=challenges.join(cookies),
        origin=request_origin(request),
    )
    return Response({"mfa": True}, {"Set-Cookie": cleared_challenge(request)})


@routes.route("/auth/mfa/disable", methods=["POST"])
def disable() -> dict[str, Any]:
    """Password and a code of the app turn it off."""
    from ..session.sessions import COOKIE
    from ..web.bodies import read_text

    current = embedded()
    request = routes.current_request
    body = json_body(request)
    try:
        current.mfa.disable(
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            code=read_text(body, "code", max_length=_MAX_CODE),
            session_cookie=request_cookies(request).get(COOKIE),
            origin=request_origin(request),
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, request) from None
    return {"mfa": False}
