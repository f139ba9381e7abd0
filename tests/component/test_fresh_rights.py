"""Tests of `authorized(…, fresh=True)`. If an administrator removes a right, the right ends at once, although the token
is still valid (S-70)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.gatehouse.guard.authorization import authorized, caller_of
from tests.component.test_authorized_routes import CLAIMS, team_app
from tests.component.test_global_sign_out import ADA, ADMIN, add_administrator, sign_out
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Browser
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser

#: A function that calls one of the two routes for administrators, and returns the status of the response.
Route = Callable[[dict[str, str]], int]


@pytest.fixture
def root(world: World) -> PoolUser:
    """Add Ada and an administrator who may sign Ada out. Return the administrator."""
    world.pool.add(PoolUser("ada@example.org", "x" * 12, sub=Person().sub, username=ADA))
    return add_administrator(world)


@pytest.fixture(params=["list", "sign out"])
def route(request: pytest.FixtureRequest, browser: Browser) -> Route:
    if request.param == "list":
        return lambda claims: browser.get("/users", claims=claims).status
    return lambda claims: sign_out(ADA, claims).status


def with_record(world: World, **columns: str) -> None:
    """Create a record for the administrator."""
    row = {"userName": ADMIN["username"].lower(), "sub": ADMIN["sub"], **columns}
    world.dynamodb.put(world.settings.users_table, {n: {"S": v} for n, v in row.items()})


@pytest.mark.security("S-70")
def test_a_right_that_was_taken_away_is_gone_at_once(
    world: World, root: PoolUser, route: Route
) -> None:
    """The token still contains `admins`, but the route refuses it. When the administrator gets the group back, the
    token works again."""
    assert route(ADMIN) == 200
    before = world.pool.called("admin_user_global_sign_out"), world.dynamodb.calls.count("Scan")
    root.groups = ("staff", "xadmins", "Admins", "admins2")
    assert route(ADMIN) == 403
    after = world.pool.called("admin_user_global_sign_out"), world.dynamodb.calls.count("Scan")
    assert after == before
    root.groups = ("admins",)
    assert route(ADMIN) == 200


@pytest.mark.security("S-70")
def test_a_group_that_the_token_does_not_know_is_none_yet(root: PoolUser, route: Route) -> None:
    """As on other routes, a right requires a group in the token. The groups in the pool can take rights away, but
    cannot add any."""
    assert route({**ADMIN, "cognito:groups": "[staff]"}) == 403


def _disable(world: World, root: PoolUser) -> None:
    root.enabled = False


def _delete(world: World, root: PoolUser) -> None:
    world.pool.users.remove(root)


def _recreate(world: World, root: PoolUser) -> None:
    """Give the administrator's user name to a new person. The new person is also an administrator."""
    root.sub = "the-next-person-of-that-name"


def _without_sub(world: World, root: PoolUser) -> None:
    root.sub = ""


def _impossible(world: World, root: PoolUser) -> None:
    """Let Cognito report the user name as invalid."""
    for call in ("admin_get_user", "admin_list_groups_for_user"):
        world.pool.fail(call, client_error("InvalidParameterException"))


@pytest.mark.security("S-70")
@pytest.mark.parametrize("change", [_disable, _delete, _recreate, _without_sub, _impossible])
def test_who_is_gone_or_somebody_else_is_401(
    world: World, root: PoolUser, route: Route, change: Callable[[World, PoolUser], None]
) -> None:
    """After a 401 response, the browser tries to refresh the session. The failed refresh shows that the session has
    ended."""
    change(world, root)
    assert route(ADMIN) == 401
    assert world.pool.called("admin_user_global_sign_out") == 0


OUTAGES = ("TooManyRequestsException", "InternalErrorException", "NotAuthorizedException")


@pytest.mark.security("S-70")
@pytest.mark.parametrize("call", ["admin_get_user", "admin_list_groups_for_user"])
@pytest.mark.parametrize(
    "fault",
    [connect_timeout(), *(client_error(code) for code in (*OUTAGES, "AccessDeniedException"))],
)
def test_a_pool_that_does_not_answer_lets_nobody_in(
    world: World, root: PoolUser, route: Route, call: str, fault: Exception
) -> None:
    """The server cannot check the right, so the response is 503. The next call works again."""
    world.pool.fail(call, fault)
    assert route(ADMIN) == 503
    assert world.pool.called("admin_user_global_sign_out") == 0
    assert route(ADMIN) == 200


@pytest.mark.security("S-70")
def test_a_table_that_does_not_answer_lets_nobody_in(
    world: World, root: PoolUser, route: Route
) -> None:
    world.dynamodb.fault = connect_timeout()
    assert route(ADMIN) == 503
    assert world.pool.called("admin_user_global_sign_out") == 0


@pytest.mark.security("S-70")
def test_groups_beyond_the_first_page_count_and_a_list_without_end_is_no_answer(
    world: World, root: PoolUser, route: Route
) -> None:
    """A person can have a hundred groups in Cognito, and Cognito returns sixty per page. If the list does not end after
    a few pages, the response is 503."""
    others = tuple(f"group-{n}" for n in range(99))
    root.groups = (*others, "admins")
    assert route(ADMIN) == 200
    root.groups = others
    assert route(ADMIN) == 403
    before = world.pool.called("admin_list_groups_for_user")
    root.groups = tuple(f"group-{n}" for n in range(6_000))
    assert route(ADMIN) == 503
    assert world.pool.called("admin_list_groups_for_user") - before == 5


@pytest.mark.security("S-70")
@pytest.mark.security("S-51")
def test_a_providers_groups_count_as_they_do_in_tokens(
    world: World, root: PoolUser, route: Route
) -> None:
    """Groups from a provider count only for people of this provider. The provider's row must name the claim that
    contains the groups."""
    table = world.settings.providers_table
    telling = {"name": {"S": "Okta"}, "groups_claim": {"S": "groups"}}
    root.groups, root.told_groups = (), "[staff, admins]"
    world.dynamodb.put(table, telling)
    assert route(ADMIN) == 403
    root.identities = [("okta", "00u9root")]
    assert route(ADMIN) == 200
    root.told_groups = "[staff]"
    assert route(ADMIN) == 403
    root.told_groups = "[staff, admins]"
    world.dynamodb.put(table, {"name": {"S": "Okta"}})
    world.clock.advance(61)  # longer than the container caches the rows
    assert route(ADMIN) == 403


@pytest.mark.security("S-70")
def test_rows_of_providers_that_were_never_read_are_503(
    world: World, root: PoolUser, browser: Browser
) -> None:
    """If a container has never read the providers' rows, Cognito's trigger puts no groups of the provider into the
    token. A route with `fresh` responds with 503."""
    root.groups, root.told_groups, root.identities = (), "admins", [("Okta", "00u9root")]
    scan = world.dynamodb.scan

    def broken(**arguments: Any) -> Any:
        if arguments["TableName"] == world.settings.providers_table:
            raise connect_timeout()
        return scan(**arguments)

    world.dynamodb.scan = broken  # type: ignore[method-assign]  # only this table fails
    assert browser.get("/users", claims=ADMIN).status == 503


def at(second: str, form: str = "date") -> dict[str, str]:
    """Return claims whose time of issue is the given second of 2026-01-02T03:04, in one of API Gateway's two formats."""
    date = f"Fri Jan 02 03:04:{second} UTC 2026"
    return {**ADMIN, "iat": date if form == "date" else str(1_767_323_040 + int(second))}


@pytest.mark.security("S-70")
@pytest.mark.parametrize("form", ["date", "seconds"])
@pytest.mark.parametrize("valid_after", ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.999Z"])
def test_tokens_from_before_a_sign_out_everywhere_count_no_more(
    world: World, root: PoolUser, browser: Browser, form: str, valid_after: str
) -> None:
    """The route also refuses a token from the same second as the sign-out, because the token may be the older one. API
    Gateway writes `iat` in two formats."""
    with_record(world)
    assert browser.get("/users", claims=at("04", form)).status == 200
    with_record(world, validAfter=valid_after)
    statuses = [browser.get("/users", claims=at(s, form)).status for s in ("04", "05", "06")]
    assert statuses == [401, 401, 200]


@pytest.mark.security("S-70")
@pytest.mark.parametrize(
    "iat",
    [
        *(None, "", "now", "-1", "1.5", "1e9", "+1767323050", " 1767323050", "١٧٦٧٣٢٣٠٥٠"),
        *("9" * 13, "9" * 5000, "2026-01-02T03:04:06Z", "Fri Jan 02 03:04:06 2026"),
        *("Sat Jan 02 03:04:06 UTC 2026", "Fri Jan 02 03:04:06 PST 2026"),
        *(
            "Fri Jan 2 03:04:06 UTC 2026",
            "fri jan 02 03:04:06 utc 2026",
            "Fri Feb 30 03:04:06 UTC 2026",
        ),
        *(
            "Fri Jan 02 03:04:06 UTC 2026 ",
            "Fri  Jan 02 03:04:06 UTC 2026",
            "Fri Jan 02 3:4:6 UTC 2026",
        ),
        "Fri Jan 02 03:04:66 UTC 2026",
    ],
)
def test_a_time_of_issue_that_nobody_can_read_is_no_time(
    world: World, root: PoolUser, browser: Browser, iat: str | None
) -> None:
    """If `iat` cannot be read, the route refuses the token, even if the person was never signed out."""
    claims = {name: value for name, value in {**ADMIN, "iat": iat}.items() if value is not None}
    assert browser.get("/users", claims=claims).status == 401
    assert browser.get("/whoami", claims=claims).status == 200


@pytest.mark.security("S-70")
@pytest.mark.security("S-36")
def test_signing_somebody_out_ends_old_rights_at_once(
    world: World, root: PoolUser, browser: Browser, route: Route
) -> None:
    """Administrators who sign themselves out lose their rights as well. The request names the person by user name, in
    upper or lower case, or by address. A token from a new sign-in works."""
    with_record(world)
    for name in (ADMIN["username"].upper(), root.email):
        assert sign_out(name).status == 200
        assert route(ADMIN) == 401
        world.clock.advance(2)
        with_record(world)  # Restore the administrator's record.
    assert sign_out(root.email).status == 200
    assert world.users()[ADMIN["username"].lower()]["validAfter"] == "2026-01-02T03:04:09.678Z"
    assert route({**ADMIN, "iat": str(int(world.clock()) + 1)}) == 200


@pytest.mark.security("S-70")
def test_a_later_sign_out_is_never_taken_back(world: World, root: PoolUser) -> None:
    """Two sign-outs run at once, and their clocks differ. The record keeps the later time, and neither sign-out
    fails."""
    key, later = ADA.lower(), "2026-01-02T03:09:00.000Z"
    row = {"userName": {"S": key}, "validAfter": {"S": later}}
    world.dynamodb.put(world.settings.users_table, row)
    assert sign_out(ADA).status == 200
    assert world.users()[key]["validAfter"] == later


@pytest.mark.security("S-70")
def test_a_sign_out_that_could_not_be_noted_is_503_and_completed_by_the_next(
    world: World, root: PoolUser
) -> None:
    """The server first changes the pool and then the record. In the reverse order, a refresh could happen between the
    two changes. The token from this refresh would be newer than `validAfter`."""
    with_record(world)
    update = world.dynamodb.update_item

    def broken(**arguments: Any) -> Any:
        raise connect_timeout()

    world.dynamodb.update_item = broken  # type: ignore[method-assign]  # reads still work
    assert sign_out(root.username).status == 503
    assert world.pool.called("admin_user_global_sign_out") == 1
    world.dynamodb.update_item = update  # type: ignore[method-assign]
    assert sign_out(root.username).status == 200
    assert world.users()[root.username.lower()]["validAfter"]


@pytest.mark.security("S-70")
def test_a_person_without_a_record_is_told_by_the_pool_alone(
    world: World, root: PoolUser, route: Route, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A sign-out does not write a record for a person without one, and the log line contains no address. The person's
    next sign-in writes the missing record."""
    assert route(ADMIN) == 200
    assert sign_out(root.email).status == 200
    assert world.users() == {}
    lines = [line for line in log_lines() if line["event"] == "sign_out_not_noted"]
    assert lines[-1]["user"] == root.username


@pytest.mark.security("S-70")
def test_a_new_password_ends_old_rights_too(world: World, root: PoolUser, browser: Browser) -> None:
    """A person who knew the old password may still have a token, which the route must refuse."""
    from tests.component.direct import Direct

    direct = Direct(world)
    with_record(world)
    direct.post("direct/forgot-password", email=root.email)
    body = {"code": world.pool.last_code("reset"), "password": "another good one 34"}
    assert direct.post("direct/reset-password", email=root.email, **body).status == 200
    assert browser.get("/users", claims=ADMIN).status == 401


def test_the_three_questions_are_asked_side_by_side(world: World, root: PoolUser) -> None:
    """Each of the three calls waits until all three have begun. If the calls ran one after another, the barrier's
    timeout would end the test."""
    together = threading.Barrier(3, timeout=10)

    def met(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            together.wait()
            return original(**arguments)

        return call

    pool = world.pool
    vars(pool)["admin_get_user"] = met(pool.admin_get_user)
    vars(pool)["admin_list_groups_for_user"] = met(pool.admin_list_groups_for_user)
    world.dynamodb.get_item = met(world.dynamodb.get_item)  # type: ignore[method-assign]
    assert world.browser().get("/users", claims=ADMIN).status == 200


@pytest.mark.security("S-70")
def test_a_teams_route_can_ask_without_a_group(world: World, root: PoolUser) -> None:
    """The person must exist, be enabled, and not be signed out. The server does not read the person's groups. A route
    without `fresh` makes no calls at all."""
    fresh, plain = (
        team_app(
            lambda request: {"who": caller_of(request).sub},
            authorizer=authorized("api/read", fresh=wanted),
        )
        for wanted in (True, False)
    )
    assert (fresh(ADMIN)["statusCode"], plain(ADMIN)["statusCode"]) == (200, 200)
    assert world.pool.called("admin_list_groups_for_user") == 0
    assert world.pool.called("admin_get_user") == 1
    root.enabled = False
    assert (fresh(ADMIN)["statusCode"], plain(ADMIN)["statusCode"]) == (401, 200)
    assert fresh({**CLAIMS, "sub": "x"})["statusCode"] == 401
