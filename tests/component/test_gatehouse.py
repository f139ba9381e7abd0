"""Tests of `Gatehouse(app)` in any Chalice app: guarded routes, refused apps, and two apps in one process."""

import base64
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice, CORSConfig, IAMAuthorizer

from app import gate as own_gate
from chalicelib.gatehouse import Gatehouse, Public, authorized
from chalicelib.gatehouse.services import Services
from chalicelib.gatehouse.settings import Settings
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import ENVIRONMENT, World
from tests.doubles.browser import LambdaContext, build_event
from tests.doubles.clock import Clock

ROOT = Path(__file__).resolve().parents[2]


def existing_app() -> Chalice:
    """Return a typical app of a team. It has routes, CORS, a blueprint, and the team's own subclass of Chalice."""

    class TeamsChalice(Chalice):
        pass

    app = TeamsChalice("orders")
    app.route("/ping", cors=True)(lambda: {"pong": True})
    return app


def call(app: Chalice, method: str, target: str, **more: Any) -> Any:
    event = build_event(app.routes, method, target, domain="x.example", stage="api", **more)
    return app(event, LambdaContext())


def headers_of(answer: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in answer["headers"].items()}


@pytest.mark.security("S-48")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("way", ["app", "blueprint"])
def test_routes_are_guarded_whenever_and_however_they_are_registered(
    world: World, moment: str, way: str
) -> None:
    """The routes belong to the app, or to a blueprint with a prefix. The app registers its routes before or after it
    creates Gatehouse."""
    app = existing_app()

    def register() -> None:
        if way == "app":
            app.route("/v1/orders", authorizer=authorized("api/read"))(lambda: {"orders": []})
        else:
            blueprint = Blueprint("team")
            blueprint.route("/orders", authorizer=authorized("api/read"))(lambda: {"orders": []})
            app.register_blueprint(blueprint, url_prefix="/v1")

    if moment == "before":
        register()
    gate = Gatehouse(app, public={("GET", "/ping")})
    gate.services = own_gate.services
    if moment == "after":
        register()
    assert call(app, "GET", "/v1/orders")["statusCode"] == 401
    assert call(app, "GET", "/v1/orders", claims={**CLAIMS, "scope": "openid"})["statusCode"] == 403
    assert call(app, "GET", "/v1/orders", claims=CLAIMS)["body"] == '{"orders":[]}'
    assert call(app, "HEAD", "/v1/orders", claims=CLAIMS)["statusCode"] == 200
    assert headers_of(call(app, "GET", "/v1/orders"))["x-content-type-options"] == "nosniff"
    assert type(app).__name__ == "TeamsChalice"


@pytest.mark.security("S-48")
def test_a_route_put_into_the_table_by_hand_is_guarded_at_its_first_call(world: World) -> None:
    """The test adds a route without calling `_register_route`, as a later release of Chalice may do. The app responds
    with 500, and the response does not contain the route's data."""
    app = existing_app()
    Gatehouse(app, public={("GET", "/ping")}).services = own_gate.services
    other = Chalice("other")
    other.route("/orders")(lambda: {"open": True})
    app.routes["/orders"] = other.routes["/orders"]
    answer = call(app, "GET", "/orders")
    assert (answer["statusCode"], "open" in answer["body"]) == (500, False)


def test_the_caller_is_who_the_token_says(world: World) -> None:
    """In a view, `gate.caller()` returns the caller. Elsewhere, the function raises an error."""
    app = existing_app()
    gate = Gatehouse(app, public={("GET", "/ping"), ("GET", "/who")})
    gate.services = own_gate.services
    with pytest.raises(RuntimeError, match="no request"):
        gate.caller()
    seen: list[str] = []
    app.route("/orders", authorizer=gate.authorized("api/read"))(
        lambda: seen.append(gate.caller().sub)
    )
    app.route("/who")(lambda: seen.append(gate.caller().sub))
    assert call(app, "GET", "/orders", claims=CLAIMS)["statusCode"] == 200
    assert call(app, "GET", "/who", claims=CLAIMS)["statusCode"] == 500
    assert seen == [CLAIMS["sub"]]


@pytest.mark.security("S-97")
@pytest.mark.security("S-28")
@pytest.mark.parametrize("told", ["at once", "later"])
def test_a_webhook_needs_neither_our_page_nor_json(world: World, told: str) -> None:
    """A public POST must come from our page. Other clients may call the route only if the app declares it as a
    webhook."""
    app = existing_app()
    hook = {Public("POST", "/hook", csrf=False)} if told == "at once" else set()
    gate = Gatehouse(app, public={("GET", "/ping"), ("POST", "/note"), *hook})
    gate.services = own_gate.services
    if told == "later":
        gate.public("POST", "/hook", csrf=False)
    for path in ("/hook", "/note"):
        app.route(path, methods=["POST"], content_types=["text/plain"])(
            lambda: {"got": len(app.current_request.raw_body)}
        )
    sent = {"body": "x" * 20_000, "headers": [("Content-Type", "text/plain")]}
    assert call(app, "POST", "/hook", **sent)["body"] == '{"got":20000}'
    assert call(app, "POST", "/note", **sent)["statusCode"] == 413
    assert call(app, "POST", "/note", headers=[("Content-Type", "text/plain")])["statusCode"] == 403
    assert ("POST", "/hook") in gate.public_routes


@pytest.mark.security("S-48")
def test_an_authorizer_of_the_teams_own_must_be_named(world: World) -> None:
    """The route has an authorizer of its own. The team must list the route to declare that this authorizer is enough.
    Otherwise the app cannot be imported."""
    app = existing_app()
    app.route("/machines", methods=["POST"], authorizer=IAMAuthorizer())(lambda: {"ok": True})
    with pytest.raises(ValueError, match="POST /machines has an authorizer that Gatehouse"):
        Gatehouse(app, public={("GET", "/ping")})
    app = existing_app()
    gate = Gatehouse(app, public={("GET", "/ping"), ("POST", "/machines")})
    gate.services = own_gate.services
    app.route("/machines", methods=["POST"], authorizer=IAMAuthorizer())(lambda: {"ok": True})
    assert call(app, "POST", "/machines")["body"] == '{"ok":true}'


def test_cors_of_the_teams_own_stays_and_does_not_reach_our_routes(world: World) -> None:
    """If a route or the whole API has `cors=True`, Chalice itself responds to preflights. No other view may respond to
    OPTIONS."""
    from chalice.deploy.swagger import CFNSwaggerGenerator
    from chalice.deploy.validate import validate_routes

    app = existing_app()
    app.api.cors = CORSConfig(allow_origin="https://team.example")
    gate = Gatehouse(app, public={("GET", "/ping")})
    gate.services = own_gate.services
    app.route("/orders", authorizer=gate.authorized("api/read"))(lambda: {"orders": []})
    validate_routes(app.routes)
    assert "options" in CFNSwaggerGenerator().generate_swagger(app)["paths"]["/orders"]
    for answer in (call(app, "GET", "/orders", claims=CLAIMS), call(app, "GET", "/orders")):
        assert headers_of(answer)["access-control-allow-origin"] == "https://team.example"
    wrong = call(app, "GET", "/orders", claims=CLAIMS, headers=[("Content-Type", "text/csv")])
    assert wrong["statusCode"] == 415
    assert headers_of(wrong)["access-control-allow-origin"] == "https://team.example"
    assert "access-control-allow-origin" not in headers_of(call(app, "GET", "/health"))
    assert all(entry.cors is None for entry in app.routes["/auth/config"].values())


def test_a_team_may_answer_head_and_options_itself(world: World) -> None:
    """The team's view for HEAD or OPTIONS replaces the response of the guard. It does not matter which of the two is
    registered first."""
    app = existing_app()
    public = {("GET", "/ping"), ("HEAD", "/ping"), ("OPTIONS", "/orders")}
    gate = Gatehouse(app, public=public)
    gate.services = own_gate.services
    app.route("/ping", methods=["HEAD"])(lambda: {"mine": True})
    app.route("/orders", authorizer=gate.authorized("api/read"))(lambda: {})
    app.route("/orders", methods=["OPTIONS"])(lambda: {"mine": True})
    assert call(app, "OPTIONS", "/orders")["body"] == '{"mine":true}'
    assert "GET" in app.routes["/orders"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_path_that_both_want_is_named_with_the_way_out(moment: str) -> None:
    """An existing app may already have a /health route or a page. The error message explains how the team can avoid the
    conflict."""

    def register(app: Chalice) -> None:
        for path in ("/", "/health"):
            app.route(path)(lambda: {})

    app = Chalice("orders")
    if moment == "before":
        register(app)
        with pytest.raises(ValueError, match=r'GET /, GET /health\. .*prefix="/account"'):
            Gatehouse(app, public={("GET", "/"), ("GET", "/health")})
    else:
        Gatehouse(app)
        with pytest.raises(ValueError, match=r'GET /\. .*prefix="/account"'):
            register(app)
    app = Chalice("orders")
    Gatehouse(app, prefix="/account", public={("GET", "/"), ("GET", "/health")})
    register(app)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_path_parameter_beside_ours_must_have_our_name(moment: str) -> None:
    """API Gateway refuses two different names for one path segment. But it refuses them only at the end of a long
    deployment, so Gatehouse checks earlier."""
    app = Chalice("orders")

    def register() -> None:
        app.route("/users/{id}", authorizer=authorized("api/read"))(dict)

    if moment == "before":
        register()
        with pytest.raises(ValueError, match=r"/users/\{id\}.*\{userName\}"):
            Gatehouse(app)
    else:
        Gatehouse(app)
        with pytest.raises(ValueError, match=r"/users/\{id\}.*\{userName\}"):
            register()


@pytest.mark.parametrize("prefix", ["account", "/account/", "/a b", "/{a}", "//a", "/a//b", "/."])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    """The error shows an example of a valid prefix."""
    with pytest.raises(ValueError, match='like "/account"'):
        Gatehouse(Chalice("x"), prefix=prefix)


def test_an_app_has_one_gatehouse() -> None:
    """A second Gatehouse would have its own list of public routes. For this reason, its constructor raises an error."""
    app = Chalice("x")
    Gatehouse(app)
    with pytest.raises(ValueError, match="already"):
        Gatehouse(app)


def test_two_apps_in_one_process_have_settings_of_their_own(world: World, clock: Clock) -> None:
    """Each app has its own settings, services, time limits, public routes and callers. They have no effect on the other
    app."""
    first, second = Chalice("first"), Chalice("second")
    gates = [
        Gatehouse(first, environ={**ENVIRONMENT, "APP_TITLE": "First"}, public={("GET", "/a")}),
        Gatehouse(
            second,
            environ={**ENVIRONMENT, "CLIENT_ID": "2example", "APP_TITLE": "Second"},
            prefix="/account",
        ),
    ]
    assert [gate.services.settings.app_title for gate in gates] == ["First", "Second"]
    assert gates[0].services.budget is not gates[1].services.budget
    for gate in gates:
        gate.app.route("/orders", authorizer=gate.authorized("api/read"))(
            lambda gate=gate: {"who": gate.caller().sub}
        )
    theirs = {**CLAIMS, "client_id": "2example", "sub": "s2"}
    assert call(first, "GET", "/orders", claims=CLAIMS)["body"] == f'{{"who":"{CLAIMS["sub"]}"}}'
    assert call(second, "GET", "/orders", claims=theirs)["body"] == '{"who":"s2"}'
    assert call(first, "GET", "/orders", claims=theirs)["statusCode"] == 401
    assert call(second, "GET", "/orders", claims=CLAIMS)["statusCode"] == 401
    assert ("GET", "/a") not in gates[1].public_routes
    assert ("POST", "/account/auth/refresh") in gates[1].public_routes
    call(first, "GET", "/health")
    assert gates[0].services.budget.left() < 20.1 < gates[1].services.budget.left() + 1e9


def test_services_can_be_given(world: World, clock: Clock) -> None:
    """The test passes its settings, clock and clients to Gatehouse."""
    app = Chalice("x")
    gate = Gatehouse(app)
    gate.services = Services(Settings.from_env({**ENVIRONMENT, "APP_TITLE": "Given"}), clock=clock)
    assert gate.services.settings.app_title == "Given"
    assert "Given" in call(app, "GET", "/")["body"]


def test_the_triggers_are_declared_under_their_names() -> None:
    """Chalice looks in the module `app` for names such as `user_records`. Gatehouse adds these names only to the module
    of its own app."""
    import app as module

    names = {f.name: f.handler_string for f in module.app.pure_lambda_functions}
    assert names == {
        name: f"app.{name}" for name in ("user_records", "token_claims", "account_mail", "leaving")
    }
    before = module.user_records
    Gatehouse(Chalice("other"))
    assert module.user_records is before == own_gate.user_records
    taken = Chalice("taken")
    taken.lambda_function(name="token_claims")(lambda event, context: None)
    with pytest.raises(ValueError, match="token_claims"):
        Gatehouse(taken)


def test_the_package_can_be_imported_for_nothing() -> None:
    """Gatehouse loads no library except Chalice. If no app is created, an import loads only `cold_start.py`."""
    program = """
import sys
import chalicelib.gatehouse as package
assert "chalice" not in sys.modules
assert [m for m in sys.modules if m.startswith("chalicelib.gatehouse.")] == ["chalicelib.gatehouse.cold_start"]
for name in package.__all__:
    getattr(package, name)
heavy = ("boto3", "botocore", "requests", "jwt", "cryptography", "urllib3", "dataclasses", "chalice.cli", "ops")
print([name for name in heavy if name in sys.modules])
try:
    package.Nothing
except AttributeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "[]",
        "module 'chalicelib.gatehouse' has no attribute 'Nothing'",
    ]


def test_a_middleware_of_the_team_is_inside_of_ours(world: World) -> None:
    """The team's middleware may return any result or raise any error. The response always has our headers and our error
    format."""
    app = existing_app()

    def failing(event: Any, get_response: Any) -> Any:
        raise ValueError("canary")

    app.register_middleware(failing, "http")
    Gatehouse(app, public={("GET", "/ping")}).services = own_gate.services
    answer = call(app, "GET", "/ping")
    assert (answer["statusCode"], "canary" in answer["body"]) == (500, False)
    assert headers_of(answer)["x-content-type-options"] == "nosniff"


def test_the_teams_own_tests_go_on_with_chalices_client(world: World) -> None:
    """Public routes work as before. For an authorized route, the team's test passes a token with the claims from
    docs/your-routes.md."""
    from chalice.test import Client

    app = existing_app()
    gate = Gatehouse(app, public={("GET", "/ping"), Public("POST", "/hook", csrf=False)})
    gate.services = own_gate.services
    app.route("/hook", methods=["POST"])(lambda: {"got": app.current_request.json_body})
    app.route("/orders", authorizer=gate.authorized("api/read"))(lambda: {"of": gate.caller().sub})
    payload = json.dumps({**CLAIMS, "cognito:username": "for Chalice"}).encode()
    token = f"e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}."
    with Client(app) as client, warnings.catch_warnings():
        # Chalice's test client warns about missing authorization.
        warnings.simplefilter("ignore")
        assert client.http.get("/ping").json_body == {"pong": True}
        json_type = {"Content-Type": "application/json"}
        hooked = client.http.post("/hook", headers=json_type, body=b'{"a":1}')
        assert hooked.json_body == {"got": {"a": 1}}
        assert client.http.get("/orders").status_code == 401
        answer = client.http.get("/orders", headers={"Authorization": token})
        assert answer.json_body == {"of": CLAIMS["sub"]}
