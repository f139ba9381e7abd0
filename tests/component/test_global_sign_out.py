"""POST /users/{userName}/sign-out: an administrator ends somebody's sessions everywhere."""

from collections.abc import Callable
from typing import Any

import pytest

from app import app
from chalicelib import services
from chalicelib.services import Services
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Answer, Browser, LambdaContext, build_event
from tests.doubles.cognito import Person
from tests.doubles.user_admin import UserAdminDouble

ADMIN = {**CLAIMS, "sub": "admin-sub", "username": "Okta_00u9root", "cognito:groups": "[admins]"}
ADA = "Okta_00u1ada"


@pytest.fixture
def pool(world: World) -> UserAdminDouble:
    """The pool behind the route, in the same world as the sessions."""
    double = UserAdminDouble(world.cognito, world.settings.user_pool_id)
    clients = {
        "dynamodb": world.dynamodb,
        "secretsmanager": world.secrets,
        "cognito-idp": double,
    }
    http: Any = world.cognito
    services.install(
        Services(world.settings, clock=world.clock, aws=clients.__getitem__, http=http)
    )
    return double


def sign_out(user_name: str, claims: dict[str, str] | None = ADMIN) -> Answer:
    """Call the route as API Gateway does."""
    event = build_event(
        app.routes,
        "POST",
        f"/users/{user_name}/sign-out",
        domain="a1b2c3.execute-api.eu-west-1.amazonaws.com",
        stage="api",
        claims=claims,
    )
    raw = app(event, LambdaContext())
    return Answer(raw["statusCode"], raw["headers"], [], raw["body"])


@pytest.mark.security("S-36")
def test_every_session_of_the_person_is_dead_and_nobody_elses(
    world: World, signed_in: Browser, pool: UserAdminDouble
) -> None:
    """Two browsers of Ada end at their next refresh; Bob goes on."""
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


def test_repeating_it_is_no_error(signed_in: Browser, pool: UserAdminDouble) -> None:
    """Twice is as good as once."""
    assert [sign_out(ADA).status, sign_out(ADA).status] == [200, 200]


@pytest.mark.parametrize("code", ["UserNotFoundException", "InvalidParameterException"])
def test_nobody_of_that_name_is_404(pool: UserAdminDouble, code: str) -> None:
    """Also for a name that nobody can have."""
    if code == "InvalidParameterException":
        pool.fault = client_error(code)
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
def test_cognito_down_is_503(pool: UserAdminDouble, fault: Exception) -> None:
    """An outage, or a right that is missing, is no answer about the person."""
    pool.fault = fault
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
    pool: UserAdminDouble, claims: dict[str, str] | None, status: int
) -> None:
    """Not even the person; their own way is the logout."""
    assert sign_out(ADA, claims).status == status
    assert pool.calls == []


@pytest.mark.security("S-62")
def test_the_log_says_who_signed_out_whom(
    signed_in: Browser, pool: UserAdminDouble, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """One line on success."""
    sign_out(ADA)
    (line,) = [line for line in log_lines() if line["event"] == "global_sign_out"]
    assert (line["user"], line["by"]) == (ADA, "Okta_00u9root")
