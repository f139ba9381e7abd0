"""Tests of GET /openapi.json. The document is valid, and describes exactly the app's routes. All other component tests
check their responses against the document."""

import json
import re
from pathlib import Path

import pytest
from chalice.app import Chalice
from jsonschema import Draft202012Validator

from chalicelib.gatehouse import Gatehouse
from chalicelib.gatehouse.guard.authorization import ScopedAuthorizer
from chalicelib.gatehouse.routes.openapi import FOLDER, load_paths
from chalicelib.gatehouse.routes.table import FOR_SERVERS, FORMS_OF_OTHERS
from tests.component import contract
from tests.component.world import World
from tests.doubles.browser import Answer, Browser

#: Gatehouse's own routes, without the routes of a team.
OWN = Gatehouse(Chalice("own"))
ROUTES = {
    (method, path): entry
    for path, methods in OWN.app.routes.items()
    for method, entry in methods.items()
}


def test_the_document_names_the_address_it_was_asked_at(world: World, browser: Browser) -> None:
    """Anybody may read the document. Only its `servers` differ between execute-api and a custom domain."""
    document = browser.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [
        {"url": "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/api"}
    ]
    other = world.browser(domain="app.example.org", stage="").get("/openapi.json").json()
    assert other["servers"] == [{"url": "https://app.example.org"}]
    assert {**other, "servers": 0} == {**document, "servers": 0}


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    paths = OWN.openapi_document("https://api.example.com/")["paths"]
    assert {(m.upper(), path) for path, item in paths.items() for m in item} == set(ROUTES)


def test_every_query_parameter_that_is_read_is_described() -> None:
    routes = "".join(path.read_text() for path in (FOLDER.parent / "routes").glob("*.py"))
    read = set(re.findall(r'query_values?\("(\w+)"\)', routes))
    described = {
        parameter["name"]
        for operation in contract.operations().values()
        for parameter in map(contract._resolved, operation.get("parameters", []))
        if parameter["in"] == "query"
    }
    assert {"return_to", "state"} <= read <= described


@pytest.mark.security("S-48")
@pytest.mark.parametrize("key", ROUTES, ids=str)
def test_entries_say_what_a_route_demands(key: tuple[str, str]) -> None:
    """The entry of a route contains the authorizer's scope and the path's parameters. If the route uses cookies, the
    entry also contains the required header."""
    operation, entry = contract.operations()[key], ROUTES[key]
    scopes = [d["accessToken"] for d in operation.get("security", []) if "accessToken" in d]
    authorizer = entry.authorizer
    assert scopes == ([authorizer.scopes] if isinstance(authorizer, ScopedAuthorizer) else [])
    parameters = [contract._resolved(parameter) for parameter in operation.get("parameters", [])]
    in_path = {p["name"] for p in parameters if p["in"] == "path"}
    assert in_path == {part[1:-1] for part in key[1].split("/") if part.startswith("{")}
    others = FORMS_OF_OTHERS | FOR_SERVERS
    guarded = key[0] == "POST" and authorizer is None and key not in others
    assert ("X-Gatehouse" in {p["name"] for p in parameters}) == guarded


def test_schemas_are_schemas_and_references_lead_somewhere() -> None:
    """The schemas use draft 2020-12, as OpenAPI 3.1 requires. Operation ids are unique."""
    for schema in contract.document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    ids = [operation["operationId"] for operation in contract.operations().values()]
    assert len(ids) == len(set(ids))
    text = json.dumps(contract.document())
    for reference in set(text.split('"$ref": "')[1:]):
        assert contract._resolved({"$ref": reference.partition('"')[0]})


def test_every_shared_part_is_used() -> None:
    """If somebody removes a response, the shared parts that it alone used must be removed as well."""
    text = json.dumps(contract.document())
    for kind, parts in contract.document()["components"].items():
        for name in parts:
            if kind != "securitySchemes":
                assert f'"#/components/{kind}/{name}"' in text, (kind, name)


def test_a_path_described_twice_is_an_error(tmp_path: Path) -> None:
    """If this were no error, a team's file could silently replace the description of one of Gatehouse's paths."""
    (tmp_path / "orders.json").write_text('{"/orders": {}, "/me": {}}')
    with pytest.raises(ValueError, match="/me is described twice"):
        load_paths(theirs=str(tmp_path))
    (tmp_path / "orders.json").write_text('{"/orders": {}}')
    (tmp_path / "more.json").write_text('{"/orders": {}}')
    with pytest.raises(ValueError, match="/orders is described twice"):
        load_paths("/account", str(tmp_path))


@pytest.mark.parametrize(
    ("status", "content_type", "body", "said"),
    [
        (418, "application/json", "{}", "status"),
        (200, "text/html", "", "text/html"),
        (200, "application/json", "{}", "status"),
        (200, "application/json", '{"status": "ok", "version": "1", "x": 1}', "Additional"),
        (429, "application/json", '{"error": "other", "message": "m"}', "too_many_requests"),
    ],
)
def test_the_check_itself_finds_what_is_wrong(
    status: int, content_type: str, body: str, said: str
) -> None:
    answer = Answer(status, {"content-type": content_type}, [], body)
    (found,) = contract.problems("GET", "/health", answer)[:1]
    assert said in found


def test_the_check_reads_templates_and_headers() -> None:
    """The check matches path parameters and checks required headers. It ignores paths that the document does not
    describe."""
    plain = Answer(302, {"content-type": "text/plain"}, [], "")
    assert "Location" in contract.problems("GET", "/auth/login", plain)[0]
    wrong = Answer(201, {"content-type": "text/plain"}, [], "")
    assert contract.problems("POST", "/users/anybody/sign-out", wrong)
    assert contract.problems("GET", "/nowhere", wrong) == []
