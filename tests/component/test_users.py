"""Tests of GET /users for administrators, and of PATCH /me for each person's own names."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.component.test_authorized_routes import CLAIMS
from tests.component.test_global_sign_out import ADMIN, add_administrator
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Answer, Browser
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

GRACE = "7b1c2d3e-grace"
GRACE_CLAIMS = {**CLAIMS, "sub": GRACE, "username": GRACE}


@pytest.fixture(autouse=True)
def administrator(world: World) -> PoolUser:
    """Add the person of the claims `ADMIN` to the pool, as a member of the administrators' group."""
    return add_administrator(world)


def fill(world: World, count: int) -> list[str]:
    names = [f"user-{n:03d}" for n in range(count)]
    for name in names:
        row = {"userName": {"S": name}, "Email": {"S": f"{name}@x.example"}, "sub": {"S": name}}
        world.dynamodb.put(world.settings.users_table, row)
    return names


def list_users(browser: Browser, query: str = "", claims: dict[str, str] | None = ADMIN) -> Answer:
    return browser.get(f"/users{query}", claims=claims)


@pytest.mark.parametrize("limit", [1, 3, 5, 7, 100])
def test_every_record_comes_once_over_all_pages(world: World, browser: Browser, limit: int) -> None:
    """The list is complete even if the last page is full."""
    names = fill(world, 10)
    found: list[str] = []
    query = f"?limit={limit}"
    while True:
        page = list_users(browser, query).json()
        assert len(page["users"]) <= limit
        found += [user["userName"] for user in page["users"]]
        if page["cursor"] is None:
            break
        query = f"?limit={limit}&cursor={page['cursor']}"
    assert sorted(found) == names


def test_a_record_is_shown_as_the_table_holds_it(world: World, signed_in: Browser) -> None:
    """The record has the documented names. Groups come from the token, and the table does not contain groups."""
    (user,) = list_users(signed_in).json()["users"]
    assert (user["userName"], user["Email"], user["status"]) == (
        "okta_00u1ada",
        "ada@example.org",
        "CONFIRMED",
    )
    assert not {"groups", "expiresAt"} & set(user)


@pytest.mark.security("S-50")
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        (None, 401),
        ({**ADMIN, "cognito:groups": "[staff xadmins Admins]"}, 403),
        ({**ADMIN, "cognito:groups": ""}, 403),
        ({**CLAIMS, "custom:groups": "[admins]"}, 403),
        ({**ADMIN, "scope": "openid api/write"}, 403),
        ({**ADMIN, "token_use": "id"}, 401),
    ],
)
def test_only_administrators_see_other_people(
    world: World, browser: Browser, claims: dict[str, str] | None, status: int
) -> None:
    """If the caller is no administrator, the server does not read the table."""
    fill(world, 1)
    assert list_users(browser, claims=claims).status == status
    assert world.dynamodb.calls == []


@pytest.mark.security("S-50")
def test_cursors_are_sealed(world: World, browser: Browser) -> None:
    """A cursor contains no readable user name. A forged or changed cursor, or a cursor of another list, is an error."""
    from app import gate
    from chalicelib.gatehouse.sealed.cursors import Cursors

    fill(world, 5)
    cursor = list_users(browser, "?limit=2").json()["cursor"]
    assert "user-" not in cursor
    other = Cursors(gate.services._sealer, "orders").seal("user-001")
    for forged in ("user-001", "", cursor[:-2] + "AA", other, "k1." + "A" * 5000):
        answer = list_users(browser, f"?cursor={forged}")
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "", "%D9%A1", "9" * 500])
def test_a_limit_is_a_number_up_to_a_hundred(world: World, browser: Browser, limit: str) -> None:
    assert list_users(browser, f"?limit={limit}").json()["error"] == "invalid_request"
    assert "Scan" not in world.dynamodb.calls


def test_a_table_that_is_down_is_503(world: World, browser: Browser) -> None:
    world.dynamodb.fault = connect_timeout()
    assert list_users(browser).status == 503


@pytest.fixture
def grace(world: World) -> PoolUser:
    """A native person with a record."""
    user = world.pool.add(PoolUser("grace@example.org", "x" * 12, sub=GRACE))
    world.sign_in(
        world.browser(),
        Person(GRACE, GRACE, user.email, user.given_name, user.family_name, (), "COGNITO"),
        query="provider=COGNITO",
    )
    return user


def patch(
    browser: Browser,
    body: object,
    claims: dict[str, str] | None = GRACE_CLAIMS,
    content_type: str = "application/json",
) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    headers = [("Content-Type", content_type)]
    return browser.send("PATCH", "/me", headers, body=text, claims=claims)


def test_a_native_person_changes_names_in_pool_and_table(
    world: World, browser: Browser, grace: PoolUser
) -> None:
    """The request changes one name or both names. The response is the updated record."""
    world.clock.advance(60)
    answer = patch(browser, {"given_name": " Amazing "})
    assert (answer.status, answer.json()["given_name"]) == (200, "Amazing")
    assert patch(browser, {"given_name": "Zoë", "family_name": "O'Neil"}).status == 200
    assert (grace.given_name, grace.family_name) == ("Zoë", "O'Neil")
    record = world.users()[GRACE]
    assert (record["given_name"], record["family_name"]) == ("Zoë", "O'Neil")
    assert record["updatedAt"] > record["createdAt"]
    (call, _) = [arguments for name, arguments in world.pool.calls if "update" in name]
    assert call["UserAttributes"] == [{"Name": "given_name", "Value": "Amazing"}]


@pytest.mark.security("S-50")
def test_only_the_callers_own_record_changes(
    world: World, browser: Browser, grace: PoolUser
) -> None:
    """The request cannot select another record. A new person with the same user name cannot change the old person's
    record."""
    for extra in ("userName", "sub", "email", "Email", "provider", "custom:groups", "status"):
        refused = patch(browser, {"given_name": "Eve", extra: "x"})
        assert (refused.status, refused.json()["error"]) == (400, "invalid_request")
    assert patch(browser, {"given_name": "Eve"}, {**GRACE_CLAIMS, "sub": "next"}).status == 404
    assert grace.given_name == "Grace"
    assert world.users()[GRACE]["given_name"] == "Grace"


@pytest.mark.parametrize("change", [{}, {"linked": {"S": "Okta"}}])
def test_names_of_a_providers_people_are_managed_there(
    world: World, signed_in: Browser, change: dict[str, Any], grace: PoolUser
) -> None:
    """The response is 409 for people of a provider, and for native people who are linked to a provider."""
    name, claims = "okta_00u1ada", CLAIMS
    if change:
        name, claims = GRACE, GRACE_CLAIMS
        row = world.dynamodb.items(world.settings.users_table)[name]
        world.dynamodb.put(world.settings.users_table, {**row, **change})
    before = world.users()[name]
    answer = patch(signed_in, {"given_name": "Eve"}, claims)
    assert (answer.status, answer.json()["error"]) == (409, "managed_by_provider")
    assert world.users()[name] == before
    assert world.pool.called("admin_update_user_attributes") == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ({}, "application/json", 400),
        ({"given_name": ""}, "application/json", 400),
        ({"given_name": "  "}, "application/json", 400),
        ({"given_name": "a\nb"}, "application/json", 400),
        ({"given_name": "x" * 101}, "application/json", 400),
        ({"given_name": None}, "application/json", 400),
        ({"given_name": ["x"]}, "application/json", 400),
        ("[]", "application/json", 400),
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ({"given_name": "x"}, "text/plain", 415),
        ({"given_name": "x"}, "application/json; charset=utf-16", 415),
        ({"given_name": "x" * 20_000}, "application/json", 413),
    ],
)
def test_what_is_no_name_is_refused(
    world: World, browser: Browser, grace: PoolUser, body: object, content_type: str, status: int
) -> None:
    assert patch(browser, body, content_type=content_type).status == status
    assert grace.given_name == "Grace"


@pytest.mark.security("S-50")
@pytest.mark.parametrize(
    ("claims", "status"),
    [(None, 401), ({**GRACE_CLAIMS, "scope": "openid api/read"}, 403)],
)
def test_the_write_scope_is_needed(
    browser: Browser, grace: PoolUser, claims: dict[str, str] | None, status: int
) -> None:
    assert patch(browser, {"given_name": "Eve"}, claims).status == status
    assert grace.given_name == "Grace"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "NotAuthorizedException"])
def test_cognito_down_is_503_and_a_second_try_works(
    world: World, browser: Browser, grace: PoolUser, code: str
) -> None:
    """The server changes the pool before the table. The table therefore never contains a name that is missing in the
    pool."""
    world.pool.fail("admin_update_user_attributes", client_error(code))
    answer = patch(browser, {"given_name": "Amazing"})
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert world.users()[GRACE]["given_name"] == "Grace"
    assert patch(browser, {"given_name": "Amazing"}).status == 200


def test_somebody_who_is_gone_from_the_pool_is_404(
    world: World, browser: Browser, grace: PoolUser
) -> None:
    """For some minutes after the deletion of the account, the access token may still be valid."""
    world.pool.users.clear()
    assert patch(browser, {"given_name": "Amazing"}).status == 404


@pytest.mark.security("S-62")
def test_the_change_is_logged_without_the_names(
    browser: Browser, grace: PoolUser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    log_lines()
    patch(browser, {"given_name": "Amazing"})
    lines = log_lines()
    assert [line["user"] for line in lines if line["event"] == "profile_changed"] == [GRACE]
    assert "Amazing" not in json.dumps(lines)
