"""What every route has in common: who may call it, what may be sent to it, and how errors look.

`install(app)` comes last in app.py: it wraps every view that is registered by then, a team's own included, so no route
can forget a check.
"""

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice, ChaliceViewError, Request, Response

from .. import deadline, errors, services
from ..errors import GatehouseError
from ..log import bind_request_id, log_event, log_exception, quiet_libraries
from ..routes.authorization import CALLER_KEY, ScopedAuthorizer
from ..routes.public import FORMS_OF_OTHERS, SPENDING
from . import cors
from .gateway_events import find_problem
from .security_headers import SECURITY_HEADERS

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"

View = Callable[..., Any]

#: Chalice's own answers by status, made ours.
_CHALICE_ERRORS = {
    400: (errors.InvalidRequest.code, errors.InvalidRequest.message),
    401: (errors.Unauthorized.code, errors.Unauthorized.message),
    403: (errors.Forbidden.code, errors.Forbidden.message),
    404: (errors.NotFound.code, errors.NotFound.message),
    405: ("method_not_allowed", "This method is not allowed here."),
    415: (errors.UnsupportedMediaType.code, errors.UnsupportedMediaType.message),
}


class GuardedChalice(Chalice):
    """Chalice that answers in our envelope whatever it is called with, and whatever happens (S-63)."""

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        problem = find_problem(event, self.routes)
        if problem is None:
            try:
                answer: dict[str, Any] = super().__call__(event, context)
                return answer
            except Exception as error:  # noqa: BLE001 - an answer that is no JSON, say: nothing of it may leave
                log_exception("unhandled_error", error)
                refusal = GatehouseError()
        else:
            refusal = errors.InvalidRequest(f"not an event of API Gateway: {problem}")
            bind_request_id(getattr(context, "aws_request_id", None) or "-")
            log_event("refused", level="info", code=refusal.code, detail=refusal.detail)
        dressed: dict[str, Any] = _dress(error_response(refusal)).to_dict(self.api.binary_types)
        return dressed


class _ChaliceErrors(logging.Filter):
    """Chalice logs an exception with its message, which may quote what a caller sent; ours says type and place (S-61)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace Chalice's own record of an exception."""
        if record.funcName != "_unhandled_exception_to_response" or not record.exc_info:
            return True
        error = record.exc_info[1]
        if error is not None:
            log_exception("unhandled_error", error)
        return False


def install(app: Chalice, public: frozenset[tuple[str, str]]) -> None:
    """Guard every registered route of `app`; `public` lists (method, path) of those that need no access token.

    Routes that other origins may call get an OPTIONS route besides, and what is read by GET answers HEAD, since API Gateway
    passes on declared methods only.
    Raises ValueError for a route that is neither public nor `authorized(…)`: such a route must not be deployed (S-48).
    """
    quiet_libraries()
    app.log.addFilter(_ChaliceErrors())
    rules: dict[str, cors.CorsRule] = {}
    heads: dict[str, Any] = {}
    for path, methods in app.routes.items():
        authorized = [m for m, e in methods.items() if isinstance(e.authorizer, ScopedAuthorizer)]
        rule = cors.build_rule(path, methods, authorized)
        if rule is not None:
            rules[path] = rule
        for method, entry in methods.items():
            authorizer = entry.authorizer
            check: Callable[[Request], None]
            if isinstance(authorizer, ScopedAuthorizer):
                check = functools.partial(_check_caller, authorizer)
            elif (method, path) in public and authorizer is None:
                check = _check_public
            else:
                raise ValueError(
                    f"{method} {path} has no authorizer=authorized(…) and is not a public route"
                )
            entry.view_function = _guard(app, entry.view_function, check)
        if "GET" in methods and "HEAD" not in methods and path not in SPENDING:
            heads[path] = methods["GET"]
    for path, entry in heads.items():
        app.route(path, methods=["HEAD"], authorizer=entry.authorizer)(entry.view_function)
    for path, rule in rules.items():
        view = _guard(app, _preflight_view(app, rule), _let_pass)
        app.route(path, methods=["OPTIONS"])(view)
    app.register_middleware(functools.partial(_finish, rules), "http")


def error_response(error: GatehouseError) -> Response:
    """Return the envelope of `error`."""
    headers: dict[str, Any] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.set_cookies:
        headers["Set-Cookie"] = list(error.set_cookies)
    elif error.clears_session or error.clears_challenge:
        from ..session import challenges, sessions
        from .cookies import clear_cookie

        name = sessions.COOKIE if error.clears_session else challenges.COOKIE
        headers["Set-Cookie"] = [clear_cookie(name, same_site="Strict")]
    body = {"error": error.code, "message": error.message, **error.extra}
    return Response(body, headers, error.status)


def _guard(app: Chalice, view: View, check: Callable[[Request], None]) -> View:
    @functools.wraps(view)
    def guarded(**parameters: str) -> Any:
        request = app.current_request
        assert request is not None
        context = app.lambda_context
        bind_request_id(getattr(context, "aws_request_id", None) or "-")
        deadline.current.begin_request()
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
        except Exception as error:  # noqa: BLE001 - the last line of defence: nothing of it may reach the caller (S-63)
            log_exception("unhandled_error", error, route=route)
            return error_response(GatehouseError())

    return guarded


def _decode(request: Request, parameters: dict[str, str]) -> dict[str, str]:
    """Return a view's path parameters decoded, and let `request.uri_params` say the same."""
    if not parameters:
        return parameters
    from .path_parameters import decode_path_parameters

    try:
        decoded = decode_path_parameters(parameters)
    except ValueError:
        raise errors.InvalidRequest("a path parameter is not percent-encoded UTF-8") from None
    request.uri_params = {**(request.uri_params or {}), **decoded}
    return decoded


def _check_caller(authorizer: ScopedAuthorizer, request: Request) -> None:
    current = services.current()
    caller = authorizer.verify(request.context, current.settings.client_id)
    authorizer.verify_fresh(caller, request.context, lambda: current.fresh_check)
    request.context[CALLER_KEY] = caller


def _check_public(request: Request) -> None:
    """Cookie routes change things by POST: their bodies are checked, then that our own page calls (S-28, S-29)."""
    route = (request.method, request.context["resourcePath"])
    if request.method in ("GET", "HEAD") or route in FORMS_OF_OTHERS:
        return
    from . import bodies, csrf, urls

    try:
        body = request.raw_body
    except ValueError:
        raise errors.InvalidRequest("body is not base64") from None
    bodies.verify_body(body, request.headers.get("content-type"))
    settings = services.current().settings
    own = urls.build_app_url(request.context, settings.public_url)
    others = settings.allowed_origins if route in cors.CREDENTIALED else frozenset()
    csrf.verify_own_request(request.headers, own.origin, others)


def _let_pass(request: Request) -> None:
    """Nothing to check: a preflight carries neither token nor cookie."""


def _preflight_view(app: Chalice, rule: cors.CorsRule) -> View:
    def preflight(**_: str) -> Response:
        request = app.current_request
        assert request is not None
        allowed = services.current().settings.allowed_origins
        if request.headers.get("origin") not in allowed:
            raise errors.Forbidden("preflight of an origin that is not allowed")
        sent = services.current().settings.allowed_headers
        return Response("", dict(cors.build_preflight_headers(rule, sent)), 204)

    return preflight


def _finish(
    rules: Mapping[str, cors.CorsRule],
    event: Request,
    get_response: Callable[[Request], Response],
) -> Response:
    """Put Chalice's own errors into our envelope and the security headers on everything (S-53); CORS where due (S-30)."""
    try:
        response = get_response(event)
    except Exception as error:  # noqa: BLE001 - outside of every view: Chalice would answer without our headers
        log_exception("unhandled_error", error)
        response = error_response(GatehouseError())
    if _is_chalice_error(response):
        code, message = _CHALICE_ERRORS.get(
            response.status_code, (GatehouseError.code, GatehouseError.message)
        )
        response.body = {"error": code, "message": message}
        response.headers = {
            name: value for name, value in response.headers.items() if name == "Allow"
        }
    _dress(response)
    rule = rules.get(event.context.get("resourcePath", ""))
    if rule is not None and event.method in (*rule.methods, "OPTIONS", "HEAD"):
        origins, exposed = _cors_settings()
        response.headers.update(
            cors.build_headers(rule, event.headers.get("origin"), origins, exposed)
        )
    if event.method == "HEAD":
        response.body = ""  # RFC 9110 9.3.2: the same headers, and no content
    return response


def _dress(response: Response) -> Response:
    present = {name.lower() for name in response.headers}
    for name, value in SECURITY_HEADERS.items():
        if name.lower() not in present:
            response.headers[name] = value
    if "content-type" not in present:
        is_text = isinstance(response.body, str | bytes)
        response.headers["Content-Type"] = TEXT_TYPE if is_text else JSON_TYPE
    return response


def _cors_settings() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return ALLOWED_ORIGINS and EXPOSED_HEADERS."""
    try:
        settings = services.current().settings
    except GatehouseError:
        return frozenset(), ()  # not set up: the view has said so, in the log too
    return settings.allowed_origins, settings.exposed_headers


def _is_chalice_error(response: Response) -> bool:
    return (
        response.status_code >= 400
        and isinstance(response.body, dict)
        and set(response.body) == {"Code", "Message"}
    )
