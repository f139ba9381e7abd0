"""What a view reads from Chalice's request: single query values, cookies, the app's own address."""

from typing import TYPE_CHECKING, Any

from .. import services
from ..errors import InvalidRequest

if TYPE_CHECKING:
    from ..cognito.user_pool_api import Origin
    from ..web.urls import AppUrl


def query_values(request: Any, name: str) -> list[str]:
    """Return every value of a query parameter (Chalice's own accessor hides all but the last)."""
    event = request.to_original_event()
    return list((event.get("multiValueQueryStringParameters") or {}).get(name) or [])


def query_value(request: Any, name: str) -> str | None:
    """Return the only value of a query parameter, or None. Raises InvalidRequest if it is given twice."""
    values = query_values(request, name)
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given more than once")
    return values[0] if values else None


def request_cookies(request: Any) -> dict[str, str]:
    """Return the request's cookies; HTTP/2 clients may split them over several headers."""
    from ..web.cookies import parse_cookies

    event = request.to_original_event()
    several = event.get("multiValueHeaders") or {}
    headers = [
        value
        for name, values in several.items()
        if name.lower() == "cookie"
        for value in values or []
    ]
    if not headers:
        headers = [request.headers.get("cookie", "")]
    return parse_cookies(headers)


def app_url(request: Any) -> "AppUrl":
    """Return the address under which this request reached us."""
    from ..web.urls import build_app_url

    return build_app_url(request.context, services.current().settings.public_url)


def json_body(request: Any) -> dict[str, Any]:
    """Return the JSON object that was posted; the middleware has checked it."""
    from ..web.bodies import parse_object

    return parse_object(request.raw_body)


def checked_body(request: Any) -> dict[str, Any]:
    """Return the JSON object that was sent to an authorized route, whose body the middleware leaves to the view."""
    from ..web.bodies import verify_body

    try:
        verify_body(request.raw_body, request.headers.get("content-type"))
    except ValueError:
        raise InvalidRequest("body is not base64") from None
    return json_body(request)


def request_origin(request: Any) -> "Origin":
    """Return where a request comes from: API Gateway's word for it, never a forwarded header (S-42)."""
    from ..cognito.user_pool_api import Origin
    from ..session.devices import COOKIE

    identity = request.context["identity"]
    url = app_url(request)
    return Origin(
        ip=str(identity["sourceIp"]),
        server=url.origin.partition("://")[2],
        path=str(request.context["path"]),
        user_agent=str(identity.get("userAgent") or "")[:256],
        device_cookie=request_cookies(request).get(COOKIE),
    )
