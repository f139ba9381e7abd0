"""The guard of an app's routes. Before a view runs, the guard checks the caller and the request.

The guard wraps each view when the view is registered, so that every route has these checks. The guard also wraps a
team's own views. Every route must be listed as public or have `authorizer=authorized(…)`. Otherwise the app does not
load (S-48).
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chalice.app import Chalice, ChaliceViewError, Request, Response, RouteEntry

from .. import errors
from ..container import Container
from ..errors import GatehouseError
from ..log import bind_request_id, log_event, log_exception
from . import cors
from .answers import dress, error_response, in_our_envelope
from .authorization import CALLER_KEY, ScopedAuthorizer

View = Callable[..., Any]
Check = Callable[[Request], None]


class Guard:
    """Guards the routes of `app`. If a route is ours, `own_path` returns the route's path without the prefix. If a
    route is a team's, `own_path` returns None."""

    def __init__(
        self,
        app: Chalice,
        container: Container,
        *,
        spending: Iterable[str],
        own_path: Callable[[str], str | None],
    ) -> None:
        self._app = app
        self._container = container
        self._spending = frozenset(spending)
        self._own_path = own_path
        #: (method, path) of a public route -> whether a POST must come from our own page
        self._public: dict[tuple[str, str], bool] = {}
        self._covered: dict[tuple[str, str], RouteEntry] = {}
        self._rules: dict[str, cors.CorsRule] = {}
        #: Gatehouse's mounted routes, by path. If the app adds a route later, the new route must not collide with
        #: Gatehouse's routes.
        self.own_routes: Mapping[str, Iterable[str]] = {}

    @property
    def public_routes(self) -> frozenset[tuple[str, str]]:
        """The (method, path) of every route that needs no access token."""
        return frozenset(self._public)

    @property
    def max_ages(self) -> Mapping[tuple[str, str], int]:
        """The values of `max_age` by (method, path), for the routes that require a recent authentication.

        If the result is empty, the triggers do not store when a person authenticated.
        """
        return {
            route: entry.authorizer.max_age
            for route, entry in self._covered.items()
            if isinstance(entry.authorizer, ScopedAuthorizer) and entry.authorizer.max_age
        }

    def open(self, method: str, path: str, csrf: bool = True) -> None:
        """Allow calls of a route without an access token. Call this method before the route is registered."""
        self._public[method, path] = csrf

    def make_room(self, path: str, methods: Iterable[str]) -> None:
        """Prepare `path` for a new route of the app: remove the HEAD and OPTIONS routes that the guard has added.
        Raises ValueError if `path` collides with one of our own routes."""
        if path in self.own_routes or (self.own_routes and "{" in path):
            from .collisions import refuse_collisions

            refuse_collisions({path: methods}, self.own_routes)
        there = self._app.routes.get(path, {})
        for method in [m for m, e in there.items() if isinstance(e, _AddedEntry)]:
            del there[method]

    def cover(self, *paths: str) -> None:
        """Guard every method of the paths. Add HEAD and OPTIONS, because API Gateway forwards only declared
        methods.

        Raises one ValueError that names all routes that are neither public nor authorized.
        """
        refused = []
        for path in paths:
            for method, entry in self._app.routes[path].items():
                if self._covered.get((method, path)) is entry:
                    continue
                try:
                    check = self._check_of(entry)
                except ValueError as error:
                    refused.append(str(error))
                    continue
                entry.view_function = self._wrap(entry.view_function, check)
                self._covered[method, path] = entry
        if refused:
            raise ValueError("\n".join(refused))
        for path in paths:
            self._add_head(path)
            self._add_options(path)

    def is_covered(self, entry: RouteEntry) -> bool:
        """Whether `cover` has already guarded a route."""
        return self._covered.get((entry.method, entry.uri_pattern)) is entry

    def finish(self, request: Request, get_response: Callable[[Request], Response]) -> Response:
        """Chalice's outermost middleware: adds our error format, the security headers, and CORS headers (S-30, S-53)."""
        try:
            response = get_response(request)
        except Exception as error:  # noqa: BLE001 - Chalice would answer an uncaught error without our headers
            log_exception("unhandled_error", error)
            response = error_response(GatehouseError())
        dress(in_our_envelope(response))
        rule = self._rules.get(request.context.get("resourcePath", ""))
        if rule is not None and request.method in (*rule.methods, "OPTIONS", "HEAD"):
            origins, exposed = self._cors_settings()
            response.headers.update(
                cors.build_headers(rule, request.headers.get("origin"), origins, exposed)
            )
        if request.method == "HEAD":
            response.body = ""  # RFC 9110 9.3.2: HEAD has the same headers as GET, and no content
        return response

    def _check_of(self, entry: RouteEntry) -> Check:
        route = (entry.method, entry.uri_pattern)
        if isinstance(entry.authorizer, ScopedAuthorizer):
            return functools.partial(self._check_caller, entry.authorizer)
        if route not in self._public:
            raise ValueError(_advice(entry))
        is_ours_to_check = self._public[route] and entry.authorizer is None
        return self._check_own_page if is_ours_to_check else _let_pass

    def _wrap(self, view: View, check: Check) -> View:
        def guarded(**parameters: str) -> Any:
            request = self._app.current_request
            assert request is not None
            bind_request_id(getattr(self._app.lambda_context, "aws_request_id", None) or "-")
            self._container.begin_request()
            route = f"{request.method} {request.path}"
            try:
                check(request)
                return view(**_decode(request, parameters))
            except GatehouseError as error:
                level = "error" if error.status >= 500 else "info"
                log_event(
                    "refused",
                    level=level,
                    route=route,
                    code=error.code,
                    status=error.status,
                    detail=error.detail,
                )
                return error_response(error)
            except ChaliceViewError:
                raise
            except Exception as error:  # noqa: BLE001 - the caller must not get the error's message (S-63)
                log_exception("unhandled_error", error, route=route)
                return error_response(GatehouseError())

        guarded.__wrapped__ = view  # type: ignore[attr-defined]  # the only part of `functools.wraps` that is needed
        return guarded

    def _check_caller(self, authorizer: ScopedAuthorizer, request: Request) -> None:
        container = self._container
        caller = authorizer.verify(request.context, container.settings.client_ids)
        authorizer.verify_age(request.context, lambda: container.services.clock())
        authorizer.verify_fresh(caller, request.context, lambda: container.services.fresh_check)
        request.context[CALLER_KEY] = caller

    def _check_own_page(self, request: Request) -> None:
        """Check a POST to a cookie route (S-28, S-29). The body is checked first. Then the method checks that our own
        page sent the request."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        from ..edge import bodies, urls
        from . import csrf

        try:
            body = request.raw_body
        except ValueError:
            raise errors.InvalidRequest("body is not base64") from None
        bodies.verify_body(body, request.headers.get("content-type"))
        settings = self._container.settings
        own = urls.build_app_url(request.context, settings.public_url)
        route = (request.method, self._own_path(request.context["resourcePath"]))
        others = settings.allowed_origins if route in cors.CREDENTIALED else frozenset()
        csrf.verify_own_request(request.headers, own.origin, others)

    def _add_head(self, path: str) -> None:
        """Add HEAD to a route with GET, unless the GET uses up something that works once, such as a state or a code."""
        methods = self._app.routes[path]
        if "GET" not in methods or "HEAD" in methods or self._own_path(path) in self._spending:
            return
        get = methods["GET"]
        self._add(path, "HEAD", get.view_function, get.authorizer)
        if ("GET", path) in self._public:
            self.open("HEAD", path)

    def _add_options(self, path: str) -> None:
        """Add OPTIONS to a route that other origins may call, to answer preflights. For routes with `cors=True`,
        Chalice itself answers preflights."""
        methods = self._app.routes[path]
        asked: list[str] = []
        guarded: dict[str, int | None] = {}
        for method, entry in methods.items():
            if isinstance(entry, _AddedEntry):
                continue
            asked.append(method)
            if isinstance(entry.authorizer, ScopedAuthorizer):
                guarded[method] = entry.authorizer.max_age
        rule = cors.build_rule(self._own_path(path) or "", asked, guarded)
        self._rules.pop(path, None)
        if rule is None or "OPTIONS" in methods or any(entry.cors for entry in methods.values()):
            return
        if any(guarded.values()):
            rule.exposed = cors.EXPOSED_WITH_AGE
        self._rules[path] = rule
        self._add(path, "OPTIONS", self._wrap(self._preflight_view(rule), _let_pass), None)

    def _add(self, path: str, method: str, view: View, authorizer: Any) -> None:
        entry = _AddedEntry(
            view, f"{method} {path}", path, method, None, ["application/json"], False, authorizer
        )
        self._app.routes[path][method] = entry
        self._covered[method, path] = entry

    def _preflight_view(self, rule: cors.CorsRule) -> View:
        def preflight(**_: str) -> Response:
            request = self._app.current_request
            assert request is not None
            settings = self._container.settings
            if request.headers.get("origin") not in settings.allowed_origins:
                raise errors.Forbidden("the preflight comes from an origin that is not allowed")
            headers = cors.build_preflight_headers(rule, settings.allowed_headers)
            return Response("", dict(headers), 204)

        return preflight

    def _cors_settings(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return ALLOWED_ORIGINS and EXPOSED_HEADERS."""
        try:
            settings = self._container.settings
        except GatehouseError:
            # Settings are missing; the view has already answered and logged this error.
            return frozenset(), ()
        return settings.allowed_origins, settings.exposed_headers


class _AddedEntry(RouteEntry):
    """A HEAD or OPTIONS route that the guard added. If the app itself defines a route with the same method and path,
    the app's route replaces the guard's route."""


def _advice(entry: RouteEntry) -> str:
    """Return the advice for the team about a route that is neither public nor authorized."""
    route = f'("{entry.method}", "{entry.uri_pattern}")'
    named = f"{entry.method} {entry.uri_pattern}"
    if entry.authorizer is not None:
        return (
            f"{named} has an authorizer that Gatehouse does not know. If that authorizer alone should protect the "
            f"route, list the route: Gatehouse(app, public={{{route}}})"
        )
    return (
        f"{named} has no authorizer=authorized(…) and is not a public route. If callers must be signed in, write "
        f'authorizer=gate.authorized("api/read") into its @app.route(…). If anybody may call it, list it: '
        f"Gatehouse(app, public={{{route}}})"
    )


def _let_pass(request: Request) -> None:
    """Accept every request. Preflights need no check, because they have neither token nor cookie. Webhooks need no
    check here, because a webhook's own view checks the caller."""


def _decode(request: Request, parameters: dict[str, str]) -> dict[str, str]:
    """Decode the path parameters of a view. Return the decoded parameters, and also store them in
    `request.uri_params`."""
    if not parameters:
        return parameters
    from .path_parameters import decode_path_parameters

    try:
        decoded = decode_path_parameters(parameters)
    except ValueError:
        raise errors.InvalidRequest("a path parameter is not percent-encoded UTF-8") from None
    request.uri_params = {**(request.uri_params or {}), **decoded}
    return decoded
