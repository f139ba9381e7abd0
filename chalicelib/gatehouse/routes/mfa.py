"""Routes for people with a password. The routes turn an authenticator app on and off, and make and accept recovery codes
for people who have lost the app."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalice.app import Response

from ..errors import UnsupportedChallenge
from .call import Call
from .direct import (
    challenge_cookies,
    cleared_challenge,
    embedded,
    totp_body,
    with_login_url,
)

_T = TypeVar("_T")

_MAX_PASSWORD = 256
_MAX_CODE = 16
#: The maximum length of an entered recovery code: the code's sixteen characters, and separators that people type.
_MAX_RECOVERY_CODE = 64


def setup(call: Call) -> Response:
    """Check the password and return a new key for the authenticator app. The route `verify` completes the enrolment."""
    from ..edge.bodies import read_text
    from ..session import sessions

    current = embedded(call)
    enrolling = current.mfa.set_up(
        password=read_text(call.json_body(), "password", max_length=_MAX_PASSWORD),
        session_cookie=call.cookies.get(sessions.COOKIE),
        visitor=call.visitor,
    )
    kept = challenge_cookies(call, enrolling.sealed, enrolling.enrolment.expires_at)
    return Response(totp_body(enrolling.totp), {"Set-Cookie": kept})


def verify(call: Call) -> Response:
    """Check the first code of the authenticator app, and turn the app on."""
    from ..edge.bodies import read_text
    from ..sealed import challenges
    from ..session import sessions

    current = embedded(call)
    cookies = call.cookies
    current.mfa.verify(
        code=read_text(call.json_body(), "code", max_length=_MAX_CODE),
        session_cookie=cookies.get(sessions.COOKIE),
        enrolment_cookie=challenges.join(cookies),
        visitor=call.visitor,
    )
    return Response({"mfa": True}, {"Set-Cookie": cleared_challenge(call)})


def recovery_codes(call: Call) -> dict[str, Any]:
    """Check the password and a code of the authenticator app, and return new recovery codes. The codes cannot be shown
    again."""
    make = embedded(call).recovery_codes.make
    return {"recovery_codes": _by_both_factors(call, make)}


def recover(call: Call) -> Response:
    """Accept a recovery code instead of a code of the authenticator app, and turn the app off. After the recovery, the
    page signs the person in again."""
    from ..edge.bodies import read_text
    from ..sealed import challenges

    current = embedded(call)
    current.recovery_codes.use(
        code=read_text(call.json_body(), "code", max_length=_MAX_RECOVERY_CODE),
        cookie=challenges.join(call.cookies),
        visitor=call.visitor,
    )
    return Response({"mfa": False}, {"Set-Cookie": cleared_challenge(call)})


def disable(call: Call) -> dict[str, Any]:
    """Check the password and a code of the authenticator app, and turn the app off."""
    _by_both_factors(call, embedded(call).mfa.disable)
    return {"mfa": False}


def _by_both_factors(call: Call, action: Callable[..., _T]) -> _T:
    """Run `action` with the password and the authenticator app's code from the body."""
    from ..edge.bodies import read_text
    from ..session.sessions import COOKIE

    body = call.json_body()
    try:
        return action(
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            code=read_text(body, "code", max_length=_MAX_CODE),
            session_cookie=call.cookies.get(COOKIE),
            visitor=call.visitor,
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, call) from None
