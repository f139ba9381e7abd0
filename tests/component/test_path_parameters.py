"""Tests that every view receives its path parameters decoded once. API Gateway sends the parameters percent-encoded."""

from typing import Any
from urllib.parse import quote

import pytest
from chalice.app import Blueprint, Chalice

from app import gate
from chalicelib.gatehouse import Gatehouse, authorized
from chalicelib.gatehouse.guard.path_parameters import decode_path_parameters
from tests.component.test_authorized_routes import CLAIMS
from tests.component.test_global_sign_out import add_administrator, sign_out
from tests.component.world import World
from tests.doubles.browser import Browser, LambdaContext, build_event
from tests.doubles.pool_users import PoolUser

NAMES = (
    *(
        "okta_00u%x@acme.example",
        "a/b",
        "a%2Fb",
        "100%",
        "%25",
        "a b",
        "a+b",
        "Jürgen",
        "名前",
        "👋",
    ),
    *("..", "a?b#c", "a;b=c", "a&b", "plain", "e\u0301"),
)
MALFORMED = ("%", "a%", "%2", "%zz", "%u0041", "%FF", "%C3", "%C0%AF", "%ED%A0%80", "%F5%80%80%80")


@pytest.mark.parametrize("name", NAMES)
def test_a_person_is_found_by_a_name_however_it_is_encoded(world: World, name: str) -> None:
    """The server passes the decoded name to the pool and returns the decoded name. No user has the encoded name. If the
    server decoded the name twice, the server would find another user."""
    add_administrator(world)
    world.pool.add(PoolUser("x@example.org", "x" * 12, username=name))
    every_octet = "".join(f"%{octet:02x}" for octet in name.encode())
    for spelled in {quote(name, safe=""), every_octet, every_octet.upper()}:
        answer = sign_out(spelled)
        assert (answer.status, answer.json()) == (200, {"userName": name})


@pytest.mark.parametrize("spelled", MALFORMED)
def test_what_is_no_encoding_is_400(world: World, browser: Browser, spelled: str) -> None:
    """Authorized and public routes respond with 400 and call no service. The rights come first: a caller without rights
    receives the error about the rights."""
    add_administrator(world)
    refused = sign_out(spelled)
    assert (refused.status, refused.json()["error"]) == (400, "invalid_request")
    assert sign_out(spelled, None).status == 401
    assert browser.get(f"/assets/{spelled}/app.js").status == 400
    assert world.pool.called("admin_user_global_sign_out") == 0


def test_assets_are_found_by_an_encoded_name(world: World, browser: Browser) -> None:
    """A name that decodes to a path is not an asset."""
    page = browser.get("/").body
    version = page.partition("/assets/")[2].partition("/")[0]
    assert browser.get(f"/assets/{version}/%61pp%2Ejs").status == 200
    for name in ("..%2Fapp.js", "%2E%2E%2Fapp.js", "app.js%00", "%2561pp.js"):
        assert browser.get(f"/assets/{version}/{name}").status == 404


def test_a_teams_own_route_gets_decoded_names(world: World) -> None:
    """The arguments of the view and the values in `uri_params` are decoded names. The event is unchanged."""
    blueprint = Blueprint("team")

    @blueprint.route("/orders/{owner}/{number}", methods=["GET"], authorizer=authorized("api/read"))
    def order(owner: str, number: str) -> dict[str, Any]:
        request = blueprint.current_request
        event = request.to_original_event()["pathParameters"]
        return {"given": [owner, number], "params": request.uri_params, "event": event}

    team = Chalice("team")
    Gatehouse(team).services = gate.services
    team.register_blueprint(blueprint)
    event = build_event(
        team.routes, "GET", "/orders/a%2Fb/%2541", domain="x.example", stage="", claims=CLAIMS
    )
    answer = team(event, LambdaContext())
    assert answer["body"] == (
        '{"given":["a/b","%41"],"params":{"owner":"a/b","number":"%41"},'
        '"event":{"owner":"a%2Fb","number":"%2541"}}'
    )


def test_decoding_is_of_percent_signs_alone() -> None:
    """Plus signs and unencoded text stay unchanged, as in RFC 3986."""
    assert decode_path_parameters({"a": "x+y", "b": "ä%C3%A4"}) == {"a": "x+y", "b": "ää"}
