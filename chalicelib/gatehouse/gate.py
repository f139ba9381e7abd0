"""The public class of Gatehouse: `Gatehouse(app)` adds the sign-in to a Chalice app and guards all routes of the app.

    app = Chalice(app_name="orders")
    gate = Gatehouse(app, public={("GET", "/ping")})

    @app.route("/orders", authorizer=gate.authorized("api/read"))
    def orders():
        return {"owner": gate.caller().sub}

Register your routes before or after `Gatehouse(app)`. docs/your-routes.md explains the details.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Chalice, Request, RouteEntry

from . import cold_start
from .cognito.claims import Caller
from .container import Container
from .guard.answers import ChaliceErrors
from .guard.authorization import ScopedAuthorizer, authorized, caller_of
from .guard.guard import Guard
from .guard.guarded_app import extend, offer
from .log import quiet_libraries, tell_messages
from .routes.table import SPENDING, TABLE, Route
from .settings import is_local, own_name, own_source

if TYPE_CHECKING:
    from .guard.public import Public
    from .services import Services

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


#: The kinds of an app's own Lambda functions, by Chalice's names.
_JOBS = ("cloudwatch", "dynamodb", "kinesis", "pure_lambda", "s3", "scheduled", "sns", "sqs")


class Gatehouse:
    """The sign-in of one app: routes, page, triggers, settings and time limits.

    :param app: your Chalice app, with or without routes.
    :param public: your routes that need no access token: `("GET", "/ping")`, or `Public("POST", "/hook", csrf=False)`
        for a webhook. Every other route needs `authorizer=gate.authorized(…)`.
    :param prefix: the path of Gatehouse's routes, such as `/account`. An empty prefix means the API's root.
    :param openapi: the folder with your part of the OpenAPI document. Each file in the folder is JSON and contains paths.
    :param brand: the folder with your logo, picture and texts, `chalicelib/brand` (docs/branding.md).
    :param environ: the stage's settings. The default is the process's environment.

    Raises ValueError for a route that is neither public nor authorized, and for a path that both the app and Gatehouse
    define.
    """

    def __init__(
        self,
        app: Chalice,
        *,
        public: "Iterable[tuple[str, str] | Public]" = (),
        prefix: str = "",
        openapi: str | None = None,
        brand: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        cold_start.collect_less()
        if "chalice.cli" in sys.modules:  # Chalice is about to package the app
            from .command_line import keep_to_the_lock

            keep_to_the_lock()
        quiet_libraries()
        self.app = app
        self.prefix = _checked_prefix(prefix)
        self._openapi = openapi
        self._brand = brand
        self._environ = environ
        self._container = Container(environ)
        mounted = [(self._path(route), route) for route in TABLE]
        own = {path: route.path for path, route in mounted}
        guard = Guard(app, self._container, spending=SPENDING, own_path=own.get)
        self._guard = guard
        for entry in public:
            guard.open(*entry)
        ours: dict[str, list[str]] = {path: [] for path in own}
        for path, route in mounted:
            ours[path].append(route.method)
        extend(app, guard, self)
        if app.routes:
            from .guard.collisions import refuse_collisions

            refuse_collisions(app.routes, ours)
        for path, route in mounted:
            self._mount(path, route)
        guard.cover(*app.routes)
        guard.own_routes = ours
        self._declare_functions()
        # Insert `finish` first, so that `finish` wraps all other middleware of the app.
        app.middleware_handlers.insert(0, (guard.finish, "http"))
        app.log.addFilter(ChaliceErrors())
        for kind in _JOBS:
            app.middleware_handlers.insert(0, (self._run_job, kind))
        if is_local(environ):
            tell_messages(True)

    @property
    def services(self) -> "Services":
        """The services of this container. The first use reads the settings. Tests assign other services, or None."""
        return self._container.services

    @services.setter
    def services(self, given: "Services | None") -> None:
        self._container.services = given

    @property
    def own_doubles(self) -> dict[str, Any]:
        """The fakes, by name. In tests, `client` and `table` return these fakes. `testing.use` sets the fakes."""
        return self._container.own

    @property
    def public_routes(self) -> frozenset[tuple[str, str]]:
        """The (method, path) of every route without an access token: Gatehouse's routes and the app's own routes."""
        return self._guard.public_routes

    def authorized(
        self,
        scope: str,
        group: str | None = None,
        fresh: bool = False,
        max_age: int | None = None,
    ) -> ScopedAuthorizer:
        """Return the authorizer for a route.

        :param scope: the scope that the access token must have, such as `api/read`.
        :param group: the Cognito group that the person must be in, such as `admins`.
        :param fresh: whether each call checks that the person is still enabled, still in the group, and not signed out.
        :param max_age: the maximum number of seconds since the person authenticated. If more seconds have passed, the
            answer is 401.
        """
        return authorized(scope, group, fresh, max_age, environ=self._environ)

    def caller(self) -> Caller:
        """Return the caller of the current request. The request's route must be authorized."""
        request = getattr(self.app, "current_request", None)
        if request is None:
            raise RuntimeError(
                "caller() works only in the view of an authorized route: no request is being answered now"
            )
        return caller_of(request)

    def client(self, service: str) -> Any:
        """Return a boto3 client of an AWS service, such as `sqs`, for your own code. A Lambda container keeps the
        client for later calls.

        If a call through the client takes too long, Gatehouse answers the request with 503. Grant the permissions for
        the client in .chalice/gatehouse.yaml (docs/your-data.md).
        """
        return self._container.own_client(service)

    def table(self, name: str) -> Any:
        """Return the boto3 object for a table that .chalice/gatehouse.yaml declares:
        `gate.table("orders").get_item(…)`."""
        return self._container.own_table(name)

    def queue(self, name: str) -> str:
        """Return a declared queue's name, for `@app.on_sqs_message(queue=gate.queue("parcels"))`."""
        return own_source(name, "QUEUE", self._environ)

    def queue_url(self, name: str) -> str:
        """Return a declared queue's URL, for `send_message`. Raises ConfigurationError."""
        return own_name(name, "QUEUE_URL", self._environ)

    def stream(self, name: str) -> str:
        """Return the ARN of a declared table's stream, for `@app.on_dynamodb_record(stream_arn=gate.stream("orders"))`."""
        return own_source(name, "STREAM_ARN", self._environ)

    def openapi_document(self, root: str) -> dict[str, Any]:
        """Return this app's OpenAPI document: Gatehouse's routes, and the routes that the app describes. `root` is the
        API's URL."""
        from .routes.openapi import build_document

        return build_document(root, self.prefix, self._openapi, self._guard.max_ages)

    def public(self, method: str, path: str, *, csrf: bool = True) -> None:
        """Declare that a route needs no access token. Call this method before you register the route.

        :param csrf: False for a webhook, because a webhook's caller is not our page. The webhook's view must check the
            caller.
        """
        self._guard.open(method, path, csrf)

    def _path(self, route: Route) -> str:
        return self.prefix + route.path.rstrip("/") or "/"

    def _mount(self, path: str, route: Route) -> None:
        authorizer = None
        if route.scope is None:
            from_page = not (route.is_form_of_others or route.is_for_servers)
            self._guard.open(route.method, path, from_page)
        else:
            authorizer = self.authorized(route.scope, route.group, route.fresh)
        # The assignment has the same result as `app.route(…)`, but takes a fifth of the time. The time matters, because
        # every cold start runs the assignment for each of our routes.
        self.app.routes[path][route.method] = RouteEntry(
            self._view(route),
            f"gatehouse_{route.view.replace('.', '_')}",
            path,
            route.method,
            content_types=[_FORM if route.is_form_of_others else _JSON],
            authorizer=authorizer,
        )

    def _view(self, route: Route) -> Callable[..., Any]:
        def view(**parameters: str) -> Any:
            # Imported here, so that a team's own routes do not load importlib.
            from importlib import import_module

            from .routes.call import Call

            module, _, name = route.view.partition(".")
            function = getattr(import_module(f"{__package__}.routes.{module}"), name)
            return function(
                Call(
                    self._request(),
                    self._container,
                    self.prefix,
                    self.openapi_document,
                    self._brand,
                ),
                **parameters,
            )

        return view

    def _request(self) -> Request:
        request = self.app.current_request
        assert request is not None
        return request

    def _declare_functions(self) -> None:
        """Declare Gatehouse's Lambda functions other than the API's function.

        Chalice names the handlers of these functions `app.user_records` and so on, and never changes the handler of an
        existing function. Therefore the functions must be attributes of the module `app`. `offer` adds the functions to
        this module, although the import of `app` has not finished when this method runs.
        """
        for function in self._functions():
            name = function.__name__
            if name in self.app.handler_map:
                raise ValueError(
                    f"this app already has a function {name}, a name that Gatehouse needs: rename your function"
                )
            self.app.lambda_function(name=name)(function)
            offer(name, function, self.app)

    def _run_job(self, event: Any, get_response: Callable[[Any], Any]) -> Any:
        """Chalice's middleware around the app's own functions. Gatehouse's own functions do not pass through the
        middleware."""
        from .guard.jobs import run_job  # imported here, so that routes do not load `jobs`

        return run_job(self._container, event, get_response)

    def _functions(self) -> tuple[Callable[..., Any], ...]:
        return self.user_records, self.token_claims, self.account_mail, self.leaving

    def user_records(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Handle Cognito's sign-up and sign-in triggers: write people to the users table."""
        from .triggers import entry

        return entry.user_records(self._container, event, context, bool(self._guard.max_ages))

    def token_claims(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Handle Cognito's pre-token-generation trigger: give hosted and direct sign-ins the same scopes."""
        from .triggers import entry

        return entry.token_claims(self._container, event, context, bool(self._guard.max_ages))

    def account_mail(self, event: dict[str, Any], context: Any) -> None:
        """Send the mails with codes for sign-up and forgotten passwords. The route that gets the person's request sends
        no mail itself, so that the route can answer at once (S-73)."""
        from .triggers import entry

        entry.account_mail(self._container, event, context)

    def leaving(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Act on the signals in the queue. The signals come from providers and are about people who leave (S-77)."""
        from .triggers import entry

        return entry.leaving(self._container, event, context)


def gate_of(blueprint: Blueprint) -> Gatehouse:
    """Return the `Gatehouse` object of the app in which a blueprint is registered. The blueprint's views and functions
    can call this function."""
    app: Any = blueprint.current_app
    gate: Gatehouse = app.gatehouse
    return gate


def queue(name: str) -> str:
    """Return a declared queue's name, for `@routes.on_sqs_message(queue=queue("parcels"))` of a blueprint."""
    return own_source(name, "QUEUE")


def stream(name: str) -> str:
    """Return the ARN of a declared table's stream, for `@routes.on_dynamodb_record(stream_arn=stream("orders"))`."""
    return own_source(name, "STREAM_ARN")


def _checked_prefix(prefix: str) -> str:
    """Return the prefix, or an empty string for the root. Raises ValueError."""
    if prefix in ("", "/"):
        return ""
    import re  # imported only here, because compiling a pattern would slow down every cold start

    if re.fullmatch(r"(?:/[A-Za-z0-9_-]+)+", prefix) is None:
        raise ValueError(f'prefix must look like "/account" or "/team/account", not {prefix!r}')
    return prefix
