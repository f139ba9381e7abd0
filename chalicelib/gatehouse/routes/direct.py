"""Routes of the direct sign-in: email and password, challenges, accounts. The routes answer 404 unless the stage has its
own form (`embedded`)."""

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from ..errors import InvalidRequest, NotFound, UnsupportedChallenge
from .call import Call
from .session import signed_in_answer

if TYPE_CHECKING:
    from ..flows.credentials import TotpKey
    from ..flows.direct_sign_in import CaptchaNeeded, Challenged, DirectlySignedIn
    from ..services import Services

#: The maximum length of a password (S-46; Cognito's PasswordType). A longer password is refused before any call to
#: Cognito.
_MAX_PASSWORD = 256
_MAX_CODE = 16
_MAX_NAME = 100
_MAX_CAPTCHA_TOKEN = 4096


def sign_in(call: Call) -> Response:
    """Return 200. The answer has either an access token and the session cookie, or a challenge and its cookie."""
    from ..edge.bodies import read_email, read_flag, read_text

    current = embedded(call)
    body = call.json_body()
    captcha = body.get("captcha")
    try:
        result = current.direct_sign_in.sign_in(
            email=read_email(body),
            password=read_text(body, "password", max_length=_MAX_PASSWORD),
            remember=read_flag(body, "remember"),
            captcha_token=None
            if captcha is None
            else read_text(body, "captcha", max_length=_MAX_CAPTCHA_TOKEN),
            visitor=call.visitor,
            cookies=call.cookies,
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, call) from None
    return challenge_answer(call, result)


def challenge(call: Call) -> Response:
    """Check the person's answer to a challenge. Return tokens or the next challenge, as `sign_in` does."""
    from ..edge.bodies import read_text
    from ..flows.direct_sign_in import ChallengeAnswer
    from ..sealed.challenges import join

    current = embedded(call)
    body = call.json_body()

    def optional(name: str, max_length: int) -> str | None:
        return None if body.get(name) is None else read_text(body, name, max_length=max_length)

    given = ChallengeAnswer(
        name=read_text(body, "name", max_length=_MAX_NAME),
        code=optional("code", _MAX_CODE),
        password=optional("password", _MAX_PASSWORD),
        choice=optional("choice", _MAX_NAME),
        credential=read_credential(body),
    )
    cookies = call.cookies
    try:
        result = current.direct_sign_in.answer(
            given, cookie=join(cookies), visitor=call.visitor, cookies=cookies
        )
    except UnsupportedChallenge as error:
        raise with_login_url(error, call) from None
    return challenge_answer(call, result)


def sign_up(call: Call) -> dict[str, Any]:
    """Request a mail with a code. Return 200 {}, whether or not the address has an account. The person sends the
    password later, together with the code (S-67)."""
    from ..edge.bodies import read_email

    current = embedded(call)
    body = call.json_body()
    if "password" in body:
        raise InvalidRequest(
            "the password is chosen with the mailed code, at /auth/direct/confirm", field="password"
        )
    current.accounts.sign_up(email=read_email(body), visitor=call.visitor)
    return {}


def confirm(call: Call) -> dict[str, Any]:
    """If the code is correct, set the account's password and names, and return 200 {}."""
    from ..edge.bodies import read_name

    names = ("given_name", "family_name")
    embedded(call)
    body = call.json_body()
    return _prove(call, {name: read_name(body, name, max_length=_MAX_NAME) for name in names})


def resend_code(call: Call) -> dict[str, Any]:
    """Mail the code of a sign-up again. Return 200 {} for every address."""
    from ..mail_requests import RESEND_CODE

    return _send_code(call, RESEND_CODE)


def forgot_password(call: Call) -> dict[str, Any]:
    """Mail a code for a new password. Return 200 {} for every address. A person who has not finished the sign-up gets a
    sign-up code instead. `reset_password` also accepts sign-up codes."""
    from ..mail_requests import RESET

    return _send_code(call, RESET)


def reset_password(call: Call) -> dict[str, Any]:
    """If the code is correct, set the new password, and return 200 {}."""
    return _prove(call, {})


def _send_code(call: Call, kind: str) -> dict[str, Any]:
    from ..edge.bodies import read_email

    current = embedded(call)
    email = read_email(call.json_body())
    current.accounts.send_code(kind, email=email, visitor=call.visitor)
    return {}


def _prove(call: Call, names: dict[str, str]) -> dict[str, Any]:
    from ..edge.bodies import MAX_BODY_BYTES, read_email, read_text

    current = embedded(call)
    body = call.json_body()
    current.accounts.prove(
        email=read_email(body),
        code=read_text(body, "code", max_length=_MAX_CODE),
        password=read_text(body, "password", max_length=MAX_BODY_BYTES),
        names=names,
        visitor=call.visitor,
    )
    return {}


def embedded(call: Call) -> "Services":
    """Return the services of a stage with our own form. Raises NotFound for other stages."""
    current = call.services
    if current.settings.direct_sign_in != "embedded":
        raise NotFound("this stage has no embedded direct sign-in")
    return current


def with_login_url(error: UnsupportedChallenge, call: Call) -> UnsupportedChallenge:
    """Return the error with a link to managed login. Managed login supports every challenge."""
    login_url = f"{call.url.base_path}auth/login?provider=COGNITO"
    return UnsupportedChallenge(error.detail, login_url=login_url)


def read_credential(body: dict[str, Any]) -> str | None:
    """Return a passkey's answer as text for Cognito, or None. The answer has no separate size limit, because the whole
    body is limited to 16 kB. Raises InvalidRequest."""
    import json

    credential = body.get("credential")
    if credential is None:
        return None
    if not isinstance(credential, dict):
        raise InvalidRequest("credential is not an object")
    return json.dumps(credential)


def challenge_answer(
    call: Call, result: "DirectlySignedIn | Challenged | CaptchaNeeded"
) -> Response:
    """Return the answer with the tokens, or a challenge with the challenge's cookies."""
    from ..edge.cookies import build_cookie
    from ..flows.direct_sign_in import CaptchaNeeded, Challenged
    from ..sealed import devices

    if isinstance(result, CaptchaNeeded):
        return Response({"challenge": dict(result.body)})
    if isinstance(result, Challenged):
        body = dict(result.body)
        if result.totp is not None:
            body |= totp_body(result.totp)
        cookies = challenge_cookies(call, result.sealed, result.challenge.expires_at)
        return Response({"challenge": body}, {"Set-Cookie": cookies})
    known = build_cookie(
        devices.COOKIE, result.device, same_site="Strict", max_age=devices.LIFETIME_SECONDS
    )
    return signed_in_answer(call, result, [*cleared_challenge(call), known])


def challenge_cookies(call: Call, sealed: str, expires_at: int) -> list[str]:
    """Return the cookies of a sealed challenge or enrolment.

    If the sealed value needs two cookies, surplus cookies of hosted sign-ins are cleared, because all cookies together
    could make the headers longer than 10,240 bytes. API Gateway would then refuse the browser's requests (S-31).
    """
    from ..edge.cookies import build_cookie, clear_cookie
    from ..sealed.challenges import split

    parts = split(sealed)
    max_age = max(0, expires_at - int(call.services.clock()))
    surplus: list[str] = []
    if len(parts) > 1:
        surplus = call.services.transactions.surplus(call.cookies, len(sealed))
    return [
        *(
            build_cookie(name, value, same_site="Strict", max_age=max_age)
            for name, value in parts.items()
        ),
        *(clear_cookie(name, same_site="Lax") for name in surplus),
    ]


def cleared_challenge(call: Call) -> list[str]:
    """Return the cookies that clear the browser's challenge. The second cookie is cleared only if the browser sent a
    second cookie."""
    from ..edge.cookies import clear_cookie
    from ..sealed.challenges import COOKIE, SECOND_COOKIE

    sent = [SECOND_COOKIE] if SECOND_COOKIE in call.cookies else []
    return [clear_cookie(name, same_site="Strict") for name in (COOKIE, *sent)]


def totp_body(totp: "TotpKey") -> dict[str, Any]:
    """Return the body with the key of a new authenticator app. The key is a text, a URI, and the rows of a QR code."""
    from ..page.qr import build_rows

    return {"secret": totp.secret, "otpauth": totp.uri, "qr": build_rows(totp.uri)}
