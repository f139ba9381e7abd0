"""The route with which a signed-in person changes the password."""

from chalice.app import Response

from .call import Call
from .direct import embedded

_MAX_PASSWORD = 256


def change(call: Call) -> Response:
    """Replace the old password by the new password, and end the person's other sessions."""
    from ..edge.bodies import read_text
    from ..edge.cookies import build_cookie
    from ..sealed import devices
    from ..session import sessions

    current = embedded(call)
    body = call.json_body()
    known = current.own_password.change(
        old=read_text(body, "password", max_length=_MAX_PASSWORD),
        new=read_text(body, "new_password", max_length=_MAX_PASSWORD),
        session_cookie=call.cookies.get(sessions.COOKIE),
        visitor=call.visitor,
    )
    cookie = build_cookie(
        devices.COOKIE, known, same_site="Strict", max_age=devices.LIFETIME_SECONDS
    )
    return Response({}, {"Set-Cookie": [cookie]})
