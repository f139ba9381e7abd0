"""Direct sign-in over HTTP: email and password, challenges, accounts. All of it is 404 unless the stage embeds it."""

from typing import Any

from chalice.app import Blueprint, Response

from .. import services
from ..errors import InvalidRequest, NotFound, UnsupportedChallenge
from .request import app_url, json_body, request_cookies, request_origin
from .session import signed_in_answer

routes = Blueprint(__name__)

#: Longer ones are refused before Cognito sees them (S-46; Cognito's PasswordType).
_MAX_PASSWORD = 256
_MAX_CODE = 16
_MAX_NAME = 100
_MAX_CAPTCHA_TOKEN = 4096


@routes.route("/auth/direct/sign-in", methods=["POST"])
def sign_in() -> Response:
    """200 with an access token and the session cookie, or 200 with a challenge and its cookie."""
    from ..web.bodies import read_email, read_flag, read_text

    current = embedded()
    request = routes.current_request
    body = json_body(request)
    captcha = body.get("captcha")
    try:
        result = current.direct_sign_in.sign_in(
            email=read_email(body),
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            remember=read_flag(body, "remember"),
            captcha_token=None
            if captcha is None
            else read_text(body, "captcha", max_length=_MAX_CAPTCHA_TOKEN),
            origin=request_origin(request),
            cookies=request_cookies(request),
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, request) from None
    return _answer(result, request)


@routes.route("/auth/direct/challenge", methods=["POST"])
def challenge() -> Response:
    """The next step of a challenged sign-in; answers as `sign-in` does."""
    from ..flows.direct_sign_in import ChallengeAnswer
    from ..session.challenges import join
    from ..web.bodies import read_text

    current = embedded()
    request = routes.current_request
    body = json_body(request)

    def optional(name: str, max_length: int) -> str | None:
        return None if body.get(name) is None else read_text(body, name, max_length=max_length)

    given = ChallengeAnswer(
        name=read_text(body, "name", max_length=_MAX_NAME),
        code=optional("code", _MAX_CODE),
        password=optional("password", _MAX_PASSWORD),
        choice=optional("choice", _MAX_NAME),
    )
    cookies = request_cookies(request)
    try:
        result = current.direct_sign_in.answer(
            given, cookie=join(cookies), origin=request_origin(request), cookies=cookies
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, request) from None
    return _answer(result, request)


@routes.route("/auth/direct/sign-up", methods=["POST"])
def sign_up() -> dict[str, Any]:
    """200 {} whether or not the address has an account. A code is mailed; the password comes with it (S-67)."""
    from ..web.bodies import read_email

    current = embedded()
    body = json_body(routes.current_request)
    if "password" in body:
        raise InvalidRequest("the password is chosen with the mailed code, at /auth/direct/confirm")
    current.accounts.sign_up(email=read_email(body), origin=request_origin(routes.current_request))
    return {}


@routes.route("/auth/direct/confirm", methods=["POST"])
def confirm() -> dict[str, Any]:
    """200 {} when the code proves the address: the account has this password and these names from now on."""
    from ..web.bodies import read_name

    names = ("given_name", "family_name")
    embedded()
    body = json_body(routes.current_request)
    return _prove({name: read_name(body, name, max_length=_MAX_NAME) for name in names})


@routes.route("/auth/direct/resend-code", methods=["POST"])
def resend_code() -> dict[str, Any]:
    """200 {} always."""
    from ..mail_requests import RESEND_CODE

    return _send_code(RESEND_CODE)


@routes.route("/auth/direct/forgot-password", methods=["POST"])
def forgot_password() -> dict[str, Any]:
    """200 {} always. Whoever never finished the sign-up is mailed its code, which serves as well."""
    from ..mail_requests import RESET

    return _send_code(RESET)


@routes.route("/auth/direct/reset-password", methods=["POST"])
def reset_password() -> dict[str, Any]:
    """200 {} when the code allows the new password."""
    return _prove({})


def _send_code(kind: str) -> dict[str, Any]:
    from ..web.bodies import read_email

    current = embedded()
    request = routes.current_request
    email = read_email(json_body(request))
    current.accounts.send_code(kind, email=email, origin=request_origin(request))
    return {}


def _prove(names: dict[str, str]) -> dict[str, Any]:
    from ..web.bodies import MAX_BODY_BYTES, read_email, read_text

    current = embedded()
    body = json_body(routes.current_request)
    current.accounts.prove(
        email=read_email(body),
        code=read_text(body, "code", max_length=_MAX_CODE),
        password=read_text(body, "password", max_length=MAX_BODY_BYTES),
        names=names,
        origin=request_origin(routes.current_request),
    )
    return {}


def embedded() -> services.Services:
    """Return the services of a stage that has our own form. Raises NotFound elsewhere."""
    current = services.current()
    if current.settings.direct_sign_in != "embedded":
        raise NotFound("direct sign-in is not embedded here")
    return current


def with_login_url(error: UnsupportedChallenge, request: Any) -> UnsupportedChallenge:
    """Return the error with the way to managed login, which knows every challenge."""
    base_path = app_url(request).base_path
    return UnsupportedChallenge(error.detail, login_url=f"{base_path}auth/login?provider=COGNITO")


def _answer(result: Any, request: Any) -> Response:
    from ..flows.direct_sign_in import CaptchaNeeded, Challenged
    from ..session import devices
    from ..web.cookies import build_cookie

    if isinstance(result, CaptchaNeeded):
        return Response({"challenge": dict(result.body)})
    if isinstance(result, Challenged):
        body = dict(result.body)
        if result.totp is not None:
            body |= totp_body(result.totp)
        cookies = challenge_cookies(result.sealed, result.challenge.expires_at, request)
        return Response({"challenge": body}, {"Set-Cookie": cookies})
    known = build_cookie(
        devices.COOKIE, result.device, same_site="Strict", max_age=devices.LIFETIME_SECONDS
    )
    return signed_in_answer(result, [*cleared_challenge(request), known])


def challenge_cookies(sealed: str, expires_at: int, request: Any) -> list[str]:
    """Return the cookies of a sealed challenge or enrolment.

    Where it takes two, hosted sign-ins in flight make room: API Gateway refuses requests with more than 10,240 bytes of
    headers (S-31).
    """
    from ..session.challenges import split
    from ..web.cookies import build_cookie, clear_cookie

    current = services.current()
    parts = split(sealed)
    max_age = max(0, expires_at - int(current.clock()))
    surplus: list[str] = []
    if len(parts) > 1:
        surplus = current.transactions.surplus(request_cookies(request), len(sealed))
    return [
        *(
            build_cookie(name, value, same_site="Strict", max_age=max_age)
            for name, value in parts.items()
        ),
        *(clear_cookie(name, same_site="Lax") for name in surplus),
    ]


def cleared_challenge(request: Any) -> list[str]:
    """Return what makes the browser forget its challenge: the second cookie only if it sent one."""
    from ..session.challenges import COOKIE, SECOND_COOKIE
    from ..web.cookies import clear_cookie

    sent = [SECOND_COOKIE] if SECOND_COOKIE in request_cookies(request) else []
    return [clear_cookie(name, same_site="Strict") for name in (COOKIE, *sent)]


def totp_body(totp: Any) -> dict[str, Any]:
    """Return a new authenticator app's key: typed, as URI, and as the rows of a QR code."""
    from ..web.qr import build_rows

    return {"secret": totp.secret, "otpauth": totp.uri, "qr": build_rows(totp.uri)}
