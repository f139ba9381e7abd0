"""Tests of POST /users/{userName}/sign-out: an administrator ends all sessions of a person."""

from collections.abc import Callable
from typing import Any

import pytest

from app import app
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Answer, Browser
from tests.doubles.clock import Clock
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_api import UserPoolDouble

ADMIN = {**CLAIMS, "sub": "admin-sub", "username": "Okta_00u9root", "cognito:groups": "[admins]"}
ADA = "Okta_00u1ada"


@pytest.fixture
def pool(world: World) -> UserPoolDouble:
    """The user pool that the route calls. The pool contains the administrator and Ada."""
    add_administrator(world)
    ada = Person()
    identities = [("Okta", "00u1ada")]
    world.pool.add(PoolUser(ada.email, "x" * 12, sub=ada.sub, username=ADA, identities=identities))
    return world.pool


def add_administrator(world: World) -> PoolUser:
    """Add the person of `ADMIN` to the pool."""
    return world.pool.add(
        PoolUser(
            "root@example.org",
            "x" * 12,
            sub=ADMIN["sub"],
            username=ADMIN["username"],
            groups=("staff", "admins"),
        )
    )


def sign_out(user_name: str, claims: dict[str, str] | None = ADMIN) -> Answer:
    """Call the route. The caller must encode `user_name` for a URL."""
    return Browser(app, Clock()).send("POST", f"/users/{user_name}/sign-out", claims=claims)


@pytest.mark.security("S-36")
def test_every_session_of_the_person_is_dead_and_nobody_elses(
    world: World, signed_in: Browser, pool: UserPoolDouble
) -> None:
    """Ada uses two browsers. Each of them is signed out at its next refresh. Bob's session continues."""
    second, bob = world.browser(), world.browser()
    world.sign_in(second)
    world.sign_in(bob, Person(sub="s2", username="Okta_00u2bob", email="bob@example.org"))
    answer = sign_out(ADA)
    assert (answer.status, answer.json()) == (200, {"userName": ADA})
    for browser in (signed_in, second):
        refused = browser.post("/auth/refresh")
        assert (refused.status, refused.json()["error"]) == (401, "session_expired")
        assert browser.cookies == {}
    assert bob.post("/auth/refresh").status == 200


def test_repeating_it_is_no_error(signed_in: Browser, pool: UserPoolDouble) -> None:
    """A second sign-out has the same effect as the first sign-out."""
    assert [sign_out(ADA).status, sign_out(ADA).status] == [200, 200]


@pytest.mark.parametrize("code", ["UserNotFoundException", "InvalidParameterException"])
def test_nobody_of_that_name_is_404(pool: UserPoolDouble, code: str) -> None:
    """The server gives the same response if the name is impossible, and if somebody deletes the person during the
    call."""
    if code == "InvalidParameterException":
        gone = client_error(code, "AdminUserGlobalSignOut")
        pool.fail("admin_user_global_sign_out", gone)
        assert sign_out(ADA).status == 404
    answer = sign_out("nobody")
    assert (answer.status, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "fault",
    [
        connect_timeout(),
        client_error("TooManyRequestsException"),
        client_error("AccessDeniedException"),
        client_error("NotAuthorizedException"),
        client_error("ResourceNotFoundException"),
    ],
)
def test_cognito_down_is_503(pool: UserPoolDouble, fault: Exception) -> None:
    """The response reports an outage. This is also the case if the function lacks an IAM permission."""
    pool.fail("admin_user_global_sign_out", fault)
    answer = sign_out(ADA)
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert "inside" not in answer.body


@pytest.mark.security("S-50")
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        (None, 401),
        ({**ADMIN, "cognito:groups": "[staff]"}, 403),
        ({**ADMIN, "scope": "openid api/read"}, 403),
        ({**ADMIN, "username": ADA, "sub": Person().sub, "cognito:groups": "[]"}, 403),
        ({**ADMIN, "client_id": "another"}, 401),
    ],
)
def test_only_administrators_with_the_write_scope_may(
    pool: UserPoolDouble, claims: dict[str, str] | None, status: int
) -> None:
    """The route refuses people who are no administrators, even if they want to end their own sessions. They use the
    logout route instead."""
    assert sign_out(ADA, claims).status == status
    assert pool.called("admin_user_global_sign_out") == 0


@pytest.mark.security("S-62")
def test_the_log_says_who_signed_out_whom(
    signed_in: Browser, pool: UserPoolDouble, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    sign_out(ADA)
    (line,) = [line for line in log_lines() if line["event"] == "global_sign_out"]
    assert (line["user"], line["by"]) == (ADA, "Okta_00u9root")
