"""Converts errors to our error format, and adds the security headers to all answers (S-53)."""

import logging
from typing import Any

from chalice.app import Response

from .. import errors
from ..edge.security_headers import SECURITY_HEADERS
from ..errors import GatehouseError
from ..log import log_exception, request_id

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"

#: Our codes and messages for Chalice's own error answers, by HTTP status. Our codes and messages
#: replace the content of these answers.
_CHALICE_ERRORS = {
    400: (errors.InvalidRequest.code, errors.InvalidRequest.message),
    401: (errors.Unauthorized.code, errors.Unauthorized.message),
    403: (errors.Forbidden.code, errors.Forbidden.message),
    404: (errors.NotFound.code, errors.NotFound.message),
    405: ("method_not_allowed", "This method is not allowed here."),
    415: (errors.UnsupportedMediaType.code, errors.UnsupportedMediaType.message),
}
#: Prefixes of header names. When an error answer of Chalice is converted, headers with these prefixes are kept, because
#: an app with its own CORS (`cors=True`) sets such headers.
_KEPT = ("allow", "access-control-")


class ChaliceErrors(logging.Filter):
    """Logs the type and place of an exception, but not its message. Chalice would log the message, and the message may
    quote input (S-61)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Suppress Chalice's own log record of an exception, and log the exception without the message."""
        if record.funcName != "_unhandled_exception_to_response" or not record.exc_info:
            return True
        error = record.exc_info[1]
        if error is not None:
            log_exception("unhandled_error", error)
        return False


def error_response(error: GatehouseError) -> Response:
    """Return `error` in our error format."""
    headers: dict[str, Any] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.InsufficientUserAuthentication):
        headers["WWW-Authenticate"] = error.challenge
    if error.set_cookies:
        headers["Set-Cookie"] = list(error.set_cookies)
    elif error.clears_session or error.clears_challenge:
        from ..edge.cookies import clear_cookie
        from ..sealed import challenges
        from ..session import sessions

        name = sessions.COOKIE if error.clears_session else challenges.COOKIE
        headers["Set-Cookie"] = [clear_cookie(name, same_site="Strict")]
    body = {"error": error.code, "message": error.message, **error.extra}
    if error.status >= 500:
        body["request_id"] = request_id()
    return Response(body, headers, error.status)


def in_our_envelope(response: Response) -> Response:
    """Return `response` in our error format, if `response` is an error answer that Chalice made. Return any other
    answer unchanged."""
    if not _is_chalice_error(response):
        return response
    code, message = _CHALICE_ERRORS.get(
        response.status_code, (GatehouseError.code, GatehouseError.message)
    )
    response.body = {"error": code, "message": message}
    if response.status_code >= 500:
        response.body["request_id"] = request_id()
    response.headers = {
        name: value for name, value in response.headers.items() if name.lower().startswith(_KEPT)
    }
    return response


def dress(response: Response) -> Response:
    """Add the security headers and a content type to an answer. Headers that the answer already has are kept."""
    present = {name.lower() for name in response.headers}
    for name, value in SECURITY_HEADERS.items():
        if name.lower() not in present:
            response.headers[name] = value
    if "content-type" not in present:
        is_text = isinstance(response.body, str | bytes)
        response.headers["Content-Type"] = TEXT_TYPE if is_text else JSON_TYPE
    return response


def _is_chalice_error(response: Response) -> bool:
    return (
        response.status_code >= 400
        and isinstance(response.body, dict)
        and set(response.body) == {"Code", "Message"}
    )
