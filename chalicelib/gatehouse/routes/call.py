"""A call of one of Gatehouse's routes: the request's data for the view, and the services."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from ..guard.authorization import caller_of

if TYPE_CHECKING:
    from chalice.app import Request

    from ..cognito.claims import Caller
    from ..cognito.user_pool_api import Visitor
    from ..container import Container
    from ..edge.urls import AppUrl
    from ..services import Services
    from ..settings import Settings


class Call:
    """The argument of a view. `prefix` is the mount path of Gatehouse. `describe` returns the OpenAPI document for an
    API's URL. `brand` is the folder of a team's brand.
    """

    def __init__(
        self,
        request: "Request",
        container: "Container",
        prefix: str,
        describe: Callable[[str], dict[str, Any]],
        brand: str | None = None,
    ) -> None:
        self.request = request
        self.describe = describe
        self._container = container
        self._prefix = prefix
        self.brand = brand

    @property
    def services(self) -> "Services":
        """The container's services. Raises ConfigurationError."""
        return self._container.services

    @property
    def settings(self) -> "Settings":
        """The stage's settings. Raises ConfigurationError."""
        return self._container.settings

    @property
    def caller(self) -> "Caller":
        """The caller of an authorized route."""
        return caller_of(self.request)

    @cached_property
    def url(self) -> "AppUrl":
        """The app's public address, from this request."""
        from ..edge.urls import build_app_url

        return build_app_url(self.request.context, self.settings.public_url, self._prefix)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The request's cookies. HTTP/2 clients may send the cookies in several headers."""
        from ..edge.cookies import parse_cookies

        several = self.request.to_original_event().get("multiValueHeaders") or {}
        headers = [
            value
            for name, values in several.items()
            if name.lower() == "cookie"
            for value in values or []
        ]
        return parse_cookies(headers or [self.header("cookie")])

    @property
    def visitor(self) -> "Visitor":
        """The source of the request, as reported by API Gateway. Headers such as X-Forwarded-For are ignored (S-42)."""
        from ..cognito.user_pool_api import Visitor
        from ..sealed.devices import COOKIE

        identity = self.request.context["identity"]
        return Visitor(
            ip=str(identity["sourceIp"]),
            server=self.url.origin.partition("://")[2],
            path=str(self.request.context["path"]),
            user_agent=str(identity.get("userAgent") or "")[:256],
            device_cookie=self.cookies.get(COOKIE),
        )

    def parse_place(self, wish: str | None, otherwise: str | None = None) -> str:
        """Return `wish` if `wish` is an allowed target (S-07). If not, return `otherwise`. The default of `otherwise`
        is the page's address."""
        from ..edge.redirects import parse_return_to

        url = self.url
        found = parse_return_to(
            wish, url.api_path, self.settings.allowed_origins, otherwise or url.page_path
        )
        if url.page_path != url.base_path and found.startswith(url.base_path):
            behind = found[len(url.base_path) :]
            if behind[:1] in ("", "?", "#"):
                return url.page_path + behind  # the page's address has no trailing slash
        return found

    def header(self, name: str) -> str:
        """Return a header's value, or an empty string."""
        return str(self.request.headers.get(name, ""))

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters with all values. Chalice's own attribute has only the last value of each parameter."""
        event = self.request.to_original_event()
        return event.get("multiValueQueryStringParameters") or {}

    def query_values(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return list(self.query.get(name) or [])

    def query_value(self, name: str) -> str | None:
        """Return the only value of a query parameter, or None. Raises InvalidRequest if the parameter occurs twice."""
        values = self.query_values(name)
        if len(values) > 1:
            raise InvalidRequest(f"{name} is given more than once", field=name)
        return values[0] if values else None

    def json_body(self) -> dict[str, Any]:
        """Return the JSON object that was posted to a public route. The guard has already checked the body."""
        from ..edge.bodies import parse_object

        return parse_object(self.request.raw_body)

    def checked_body(self) -> dict[str, Any]:
        """Return the JSON object that was sent to an authorized route. The guard does not check the bodies of authorized
        routes."""
        from ..edge.bodies import verify_body

        try:
            verify_body(self.request.raw_body, self.request.headers.get("content-type"))
        except ValueError:
            raise InvalidRequest("body is not base64") from None
        return self.json_body()
