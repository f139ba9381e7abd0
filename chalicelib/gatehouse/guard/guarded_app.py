"""Extends the app's own class, so that Gatehouse processes every registered route and every event.

Chalice has no hooks for this purpose. The team creates the `app` object and then passes it to Gatehouse, so Gatehouse
cannot choose the object's class. Instead, Gatehouse replaces the class by a subclass. The object keeps its state and
behaviour.
"""

import sys
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice

from ..errors import GatehouseError, InvalidRequest
from ..log import bind_request_id, log_event, log_exception
from .answers import dress, error_response
from .gateway_events import find_problem

if TYPE_CHECKING:
    from .guard import Guard


class GuardedChalice(Chalice):
    """A Chalice app with guarded routes. Every answer of the app has our format, whatever the input (S-63)."""

    _gatehouse_guard: "Guard"
    #: The `Gatehouse` object of this app. `ops` reads prefix and public routes from this object.
    gatehouse: Any

    def _register_route(
        self, name: str, user_handler: Any, kwargs: Any, **unused: dict[str, Any]
    ) -> None:
        path = _full_path(kwargs)
        self._gatehouse_guard.make_room(path, kwargs["kwargs"].get("methods", ["GET"]))
        super()._register_route(name, user_handler, kwargs, **unused)
        self._gatehouse_guard.cover(path)

    def _do_register_handler(
        self,
        handler_type: str,
        name: str,
        user_handler: Any,
        wrapped_handler: Any,
        kwargs: Any,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Put a blueprint's functions into the module `app`, as Chalice does with an app's own functions.

        Without this method, Chalice 1.34 would let Lambda import the blueprint's module instead of `app.py`. The
        function would then run without Gatehouse's middleware.
        """
        if options is not None and handler_type != "route":
            offer(user_handler.__name__, wrapped_handler, self)
            options = {**options, "module_name": "app"}
        super()._do_register_handler(
            handler_type, name, user_handler, wrapped_handler, kwargs, options
        )

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event of API Gateway."""
        problem = find_problem(event, self.routes)
        if problem is None:
            try:
                self._cover_late(event["requestContext"])
                answer: dict[str, Any] = super().__call__(event, context)
                return answer
            except Exception as error:  # noqa: BLE001 - the caller must not get the error's message
                log_exception("unhandled_error", error)
                refusal = GatehouseError()
        else:
            refusal = InvalidRequest(f"not an event of API Gateway: {problem}")
            bind_request_id(getattr(context, "aws_request_id", None) or "-")
            log_event("refused", level="info", code=refusal.code, detail=refusal.detail)
        dressed: dict[str, Any] = dress(error_response(refusal)).to_dict(self.api.binary_types)
        return dressed

    def _cover_late(self, context: dict[str, Any]) -> None:
        """Guard a route that was added without `_register_route`. The app may have added the route directly to
        `routes`, or a later version of Chalice may add routes in another way."""
        entry = self.routes[context["resourcePath"]].get(context["httpMethod"])
        if entry is not None and not self._gatehouse_guard.is_covered(entry):
            self._gatehouse_guard.cover(context["resourcePath"])


def extend(app: Chalice, guard: "Guard", gate: Any) -> None:
    """Replace the class of `app` by `GuardedChalice`. Raises ValueError if the app already has a `Gatehouse` object."""
    if isinstance(app, GuardedChalice):
        raise ValueError("this app already has a Gatehouse: make only one, and share it")
    kind = type(app)
    app.__class__ = (
        GuardedChalice if kind is Chalice else type(kind.__name__, (GuardedChalice, kind), {})
    )
    setattr(app, "_gatehouse_guard", guard)  # noqa: B010 - for mypy the object still has its old class
    setattr(app, "gatehouse", gate)  # noqa: B010


def offer(name: str, function: Any, app: Chalice) -> None:
    """Put a function into the module `app`, where Lambda looks for `app.<name>`. If the module's variable `app`
    contains another app, nothing changes. Raises ValueError if the module already has another function with this
    name."""
    module = sys.modules.get("app")
    if module is None or getattr(module, "app", None) not in (None, app):
        return
    if getattr(module, name, function) is not function:
        raise ValueError(
            f"app.py already has another {name}, and Lambda looks for your function there: rename one of the two"
        )
    setattr(module, name, function)


def _full_path(kwargs: Any) -> str:
    """Return a route's path including the blueprint's prefix. Chalice will build the same path."""
    path, prefix = str(kwargs["path"]), kwargs.get("url_prefix")
    if prefix is None:
        return path
    return "/".join([prefix.rstrip("/"), path.strip("/")]).rstrip("/")
