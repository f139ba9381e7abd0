"""Tests of routes behind API Gateway's authorizer. Every such route has a guard, and the handler checks the claims
again."""

from typing import Any

import pytest
from chalice.app import Blueprint, Chalice, CognitoUserPoolAuthorizer, ForbiddenError

from app import app, gate
from chalicelib.gatehouse import Gatehouse
from chalicelib.gatehouse.guard.authorization import ScopedAuthorizer, authorized, caller_of
from chalicelib.gatehouse.routes.table import PUBLIC_ROUTES
from tests.component.world import World
from tests.doubles.browser import Browser, LambdaContext, build_event
from tests.doubles.cognito import Person

CLAIMS = {
    "sub": Person().sub,
    "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_TestPool1",
    "client_id": "1example23456789",
    "token_use": "access",
    "scope": "openid email profile api/read api/write",
    "username": "Okta_00u1ada",
    "iat": "Fri Jan 02 03:04:05 UTC 2026",
    "exp": "Fri Jan 02 03:14:05 UTC 2026",
}
AUTHORIZED = ["/me", "/whoami"]


def without(*names: str, **changes: str) -> dict[str, str]:
    return {n: v for n, v in {**CLAIMS, **changes}.items() if n not in names}


@pytest.mark.security("S-48")
def test_every_route_is_public_by_list_or_has_the_authorizer_and_a_scope() -> None:
    routes = {
        (method, path): entry
        for path, methods in app.routes.items()
        for method, entry in methods.items()
    }
    assert set(routes) >= PUBLIC_ROUTES
    for key, entry in routes.items():
        if key in PUBLIC_ROUTES or key[0] == "OPTIONS":  # a preflight has no token
            assert entry.authorizer is None
        else:
            assert isinstance(entry.authorizer, ScopedAuthorizer), key
            assert entry.authorizer.scopes
            assert set(entry.authorizer.scopes) <= {"api/read", "api/write"}


@pytest.mark.security("S-48")
@pytest.mark.parametrize("authorizer", [None, CognitoUserPoolAuthorizer("x", ["arn:x"]), "missing"])
def test_an_app_with_an_unguarded_route_does_not_load(authorizer: Any) -> None:
    """If a route lacks `authorized(…)`, or uses Chalice's authorizer without scopes, the app cannot be imported. The
    deployment then fails as well."""
    arguments = {} if authorizer == "missing" else {"authorizer": authorizer}
    team = Chalice("team")
    team.route("/orders", methods=["GET"], **arguments)(lambda: {})
    with pytest.raises(ValueError, match=r'GET /orders .*public=\{\("GET", "/orders"\)\}'):
        Gatehouse(team)
    team = Chalice("team")
    Gatehouse(team)
    with pytest.raises(ValueError, match=r'GET /orders .*public=\{\("GET", "/orders"\)\}'):
        team.route("/orders", methods=["GET"], **arguments)(lambda: {})


@pytest.mark.security("S-48")
def test_all_unguarded_routes_are_named_at_once() -> None:
    team = Chalice("team")
    team.route("/orders", methods=["GET", "POST"])(lambda: {})
    team.route("/ping", methods=["GET"])(lambda: {})
    team.route("/tea", methods=["GET"])(lambda: {})
    with pytest.raises(ValueError, match="has no authorizer") as caught:
        Gatehouse(team, public={("GET", "/ping")})
    routes = [line.split(" has no authorizer")[0] for line in str(caught.value).splitlines()]
    assert routes == ["GET /orders", "POST /orders", "GET /tea"]


@pytest.mark.security("S-48")
def test_a_public_route_with_another_method_is_not_public() -> None:
    """The list of public routes contains pairs of method and path."""
    team = Chalice("team")
    team.route("/ping", methods=["GET", "DELETE"])(lambda: {})
    with pytest.raises(ValueError, match="DELETE /ping"):
        Gatehouse(team, public={("GET", "/ping")})


REFUSED: dict[str, tuple[dict[str, str] | None, int]] = {
    "no claims": (None, 401),
    "empty claims": ({}, 401),
    "ID token": (
        without("client_id", "scope", "username", token_use="id", aud="1example23456789"),
        401,
    ),
    "another client": (without(client_id="2other"), 401),
    "no client": (without("client_id"), 401),
    "no token_use": (without("token_use"), 401),
    "no sub": (without("sub"), 401),
    "empty sub": (without(sub=""), 401),
    "no username": (without("username"), 401),
    "no scope": (without("scope"), 403),
    "write scope only": (without(scope="openid api/write"), 403),
    "longer scope": (without(scope="api/readall xapi/read"), 403),
}


@pytest.mark.security("S-49")
@pytest.mark.parametrize("route", AUTHORIZED)
@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_handlers_check_the_claims_again(
    world: World, browser: Browser, route: str, case: str
) -> None:
    """API Gateway does not check the audience. If a route has no scopes, API Gateway does not check `token_use`
    either."""
    claims, status = REFUSED[case]
    answer = browser.get(route, claims=claims)
    assert answer.status == status
    assert answer.json()["error"] == ("unauthorized" if status == 401 else "forbidden")
    assert world.dynamodb.calls == []


def test_me_answers_the_record_and_the_groups(world: World, signed_in: Browser) -> None:
    """The response contains the columns of the table's row, under the same names. The groups come from the token."""
    body = signed_in.get("/me", claims={**CLAIMS, "cognito:groups": "[admins staff]"}).json()
    assert body["userName"] == "okta_00u1ada"
    assert body["Email"] == "ada@example.org"
    assert body["groups"] == ["admins", "staff"]
    assert body["lastSignInAt"]
    assert "expiresAt" not in body


@pytest.mark.security("S-50")
def test_me_is_found_by_the_callers_own_sub(world: World, signed_in: Browser) -> None:
    """A new person has the user name of a person who was deleted. The response does not contain the deleted person's
    record."""
    answer = signed_in.get("/me", claims=without(sub="the-next-person-of-that-name"))
    assert (answer.status, answer.json()["error"]) == (404, "not_found")
    assert "ada" not in answer.body


@pytest.mark.security("S-50")
def test_nothing_in_the_request_chooses_whose_record_is_read(
    world: World, signed_in: Browser
) -> None:
    """The query and the headers name another person. The response still contains the record of the person whom the
    claims name."""
    world.sign_in(world.browser(), Person(sub="s2", username="Okta_00u2", email="bob@example.org"))
    answer = signed_in.get(
        "/me?userName=Okta_00u2&sub=s2", headers=[("X-User", "Okta_00u2")], claims=CLAIMS
    )
    assert answer.json()["Email"] == "ada@example.org"


def test_me_without_a_record_is_404(browser: Browser) -> None:
    """The server responds with 404. The person's next sign-in writes the missing record."""
    assert browser.get("/me", claims=CLAIMS).status == 404


def test_me_is_503_while_the_table_is_down(world: World, signed_in: Browser) -> None:
    """While the table is unavailable, the response is 503. The session continues."""
    from tests.doubles.aws_errors import connect_timeout

    world.dynamodb.fault = connect_timeout()
    answer = signed_in.get("/me", claims=CLAIMS)
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.set_cookies == []


def test_whoami_reads_claims_and_no_table(world: World, browser: Browser) -> None:
    """The route is an example of a team's own route. It makes no outbound call."""
    body = browser.get("/whoami", claims={**CLAIMS, "cognito:groups": "a,b"}).json()
    assert body == {
        "sub": Person().sub,
        "username": "Okta_00u1ada",
        "scopes": CLAIMS["scope"].split(),
        "groups": ["a", "b"],
    }
    assert world.dynamodb.calls == []
    assert world.secrets.reads == []


def team_app(view: Any, **arguments: Any) -> Any:
    """Return a team's app with one guarded route."""
    blueprint = Blueprint("team")
    blueprint.route("/orders", methods=["GET"], **arguments)(
        lambda: view(blueprint.current_request)
    )
    team = Chalice("team")
    team_gate = Gatehouse(team)
    team_gate.services = gate.services
    team.register_blueprint(blueprint)

    def call(claims: dict[str, str] | None) -> dict[str, Any]:
        event = build_event(
            team.routes, "GET", "/orders", domain="x.example", stage="", claims=claims
        )
        answer: dict[str, Any] = team(event, LambdaContext())
        return answer

    return call


@pytest.mark.security("S-51")
def test_a_group_counts_only_from_the_tokens_own_claim(world: World) -> None:
    """People can change attributes such as `custom:groups` themselves. Only the claim `cognito:groups` grants
    access."""
    call = team_app(
        lambda request: {"ok": caller_of(request).username},
        authorizer=authorized("api/read", "admins"),
    )
    assert call(CLAIMS)["statusCode"] == 403
    for forged in ("custom:groups", "groups", "roles", "scope_groups"):
        assert call({**CLAIMS, forged: "admins"})["statusCode"] == 403
    assert call({**CLAIMS, "cognito:groups": "[adminsX xadmins Admins]"})["statusCode"] == 403
    assert call({**CLAIMS, "cognito:groups": "[staff admins]"})["statusCode"] == 200


@pytest.mark.security("S-63")
def test_errors_of_a_teams_view_hold_nothing_of_the_inside(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A crash in the team's view causes a plain 500 response. The log shows where the error happened and its type, but
    not its message."""

    def crash(_: Any) -> None:
        raise ValueError("canary-table-name arn:aws:canary")

    answer = team_app(crash, authorizer=authorized("api/read"))(CLAIMS)
    assert answer["statusCode"] == 500
    assert answer["body"].startswith('{"error":"internal_error"')
    out, err = capsys.readouterr()
    assert "canary" not in answer["body"] + out + err
    assert "ValueError" in out


def test_chalices_own_errors_come_in_our_envelope(world: World) -> None:
    """A team may raise ForbiddenError as in Chalice's tutorial."""

    def refuse(_: Any) -> None:
        raise ForbiddenError("canary text")

    answer = team_app(refuse, authorizer=authorized("api/read"))(CLAIMS)
    assert answer["statusCode"] == 403
    assert answer["body"].startswith('{"error":"forbidden"')
    assert "canary" not in answer["body"]


@pytest.mark.security("S-51")
@pytest.mark.parametrize("group", ["x,admins", "x admins", "[admins", ""])
def test_no_route_asks_for_a_group_whose_name_could_read_as_several(group: str) -> None:
    """Cognito never puts a group with an ambiguous name into a token, so the route would refuse every caller. For this
    reason, the app cannot be imported."""
    with pytest.raises(ValueError, match="rename the group"):
        authorized("api/read", group=group)
