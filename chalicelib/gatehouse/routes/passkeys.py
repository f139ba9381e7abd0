"""Routes for passkeys: challenges for a sign-in, and the management of a person's own passkeys. The routes answer 404 if
the stage has no passkeys."""

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from ..errors import InvalidRequest, NotFound, UnsupportedChallenge
from .call import Call
from .direct import (
    challenge_answer,
    challenge_cookies,
    cleared_challenge,
    embedded,
    with_login_url,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cognito.passkey_api import Passkey
    from ..services import Services

_MAX_PASSWORD = 256
_MAX_CODE = 16
_MAX_ID = 2048
_MAX_NAME = 60


def ask(call: Call) -> Response:
    """Return 200 with a challenge and the challenge's cookie. If the request contains no address, the challenge is for
    the account of the browser's last sign-in.

    A browser that has signed in to the account before gets `{"challenge": null}` if the account has no passkey.
    """
    from ..edge.bodies import read_email, read_flag

    current = _enabled(call)
    body = call.json_body()
    remember = read_flag(body, "remember")
    if "email" in body:
        found = current.passkey_sign_in.ask(
            email=read_email(body), remember=remember, visitor=call.visitor
        )
    else:
        found = current.passkey_sign_in.ask_known(remember=remember, visitor=call.visitor)
    return Response({"challenge": None}) if found is None else challenge_answer(call, found)


def open_list(call: Call) -> Response:
    """Check the password, and return the person's passkeys and a cookie. In the next calls, the browser sends this
    cookie instead of the password.

    If the person has set a password with a mailed code, the older passkeys have stopped working, and this call deletes
    them. `ended` is the number of deleted passkeys.
    """
    from ..edge.bodies import read_text
    from ..session.sessions import COOKIE

    current = _enabled(call)
    body = call.json_body()
    code = None if body.get("code") is None else read_text(body, "code", max_length=_MAX_CODE)
    try:
        opened = current.passkeys.open(
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            code=code,
            session_cookie=call.cookies.get(COOKIE),
            visitor=call.visitor,
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, call) from None
    kept = challenge_cookies(call, opened.sealed, opened.enrolment.expires_at)
    return Response({**_listed(opened.passkeys), "ended": opened.ended}, {"Set-Cookie": kept})


def setup(call: Call) -> dict[str, Any]:
    """Return the browser's options for a new passkey."""
    return {"options": dict(_enabled(call).passkeys.set_up(*_cookies(call)))}


def verify(call: Call) -> Response:
    """Register the new passkey with the browser's answer. After the registration, the page no longer offers the person a
    passkey in this browser."""
    current = _enabled(call)
    credential = call.json_body().get("credential")
    if not isinstance(credential, dict):
        raise InvalidRequest("credential is not an object")
    cookies = _no_offer(call)  # called before the registration, because `_no_offer` can fail
    passkeys = current.passkeys.verify(credential, *_cookies(call))
    return Response(_listed(passkeys), {"Set-Cookie": cookies})


def offer(call: Call) -> Response:
    """Return whether the page may ask the person to set up a passkey. If the person has chosen "not now" in this
    browser, the page must not ask."""
    from ..edge.bodies import read_flag
    from ..edge.passkey_offer import COOKIE, is_declined

    sub = _sub(call)
    if read_flag(call.json_body(), "not_now"):
        return Response({"offer": False}, {"Set-Cookie": _no_offer(call)})
    return Response({"offer": not is_declined(call.cookies.get(COOKIE), sub)})


def rename(call: Call) -> dict[str, Any]:
    """Change the name of a passkey."""
    from ..edge.bodies import read_name, read_text

    current = _enabled(call)
    body = call.json_body()
    passkey_id = read_text(body, "id", max_length=_MAX_ID)
    name = read_name(body, "name", max_length=_MAX_NAME)
    return _listed(current.passkeys.rename(passkey_id, name, *_cookies(call)))


def remove(call: Call) -> dict[str, Any]:
    """Delete a passkey."""
    from ..edge.bodies import read_text

    current = _enabled(call)
    passkey_id = read_text(call.json_body(), "id", max_length=_MAX_ID)
    return _listed(current.passkeys.remove(passkey_id, *_cookies(call)))


def close(call: Call) -> Response:
    """Revoke the tokens and clear the cookie when the person has finished."""
    _enabled(call).passkeys.close(*_cookies(call))
    return Response({}, {"Set-Cookie": cleared_challenge(call)})


def _enabled(call: Call) -> "Services":
    current = embedded(call)
    if not current.settings.passkeys:
        raise NotFound("this stage has no passkeys")
    return current


def _sub(call: Call) -> str:
    """Return the `sub` of the signed-in person from the session cookie alone. Raises NoSession and SessionExpired."""
    from ..session.sessions import COOKIE

    return _enabled(call).sessions.open(call.cookies.get(COOKIE)).sub


def _no_offer(call: Call) -> list[str]:
    """Return the cookie that stops the page from offering the person a passkey in this browser."""
    from ..edge.cookies import build_cookie
    from ..edge.passkey_offer import COOKIE, LIFETIME_SECONDS, decline

    value = decline(call.cookies.get(COOKIE), _sub(call))
    return [build_cookie(COOKIE, value, same_site="Strict", max_age=LIFETIME_SECONDS)]


def _cookies(call: Call) -> tuple[str | None, str | None]:
    """Return the value of the session cookie, and the value of the cookie that `open` has sealed."""
    from ..sealed.challenges import join
    from ..session.sessions import COOKIE

    cookies = call.cookies
    return cookies.get(COOKIE), join(cookies)


def _listed(passkeys: "Sequence[Passkey]") -> dict[str, Any]:
    return {
        "passkeys": [
            {
                "id": passkey.id,
                "name": passkey.name,
                "created_at": passkey.created_at,
                "attachment": passkey.attachment,
            }
            for passkey in passkeys
        ]
    }
