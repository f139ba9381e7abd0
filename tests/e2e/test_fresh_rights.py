"""Tests of rights that the deployed function checks at each call, with the function's own role. Other tests send
encoded user names in URLs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.e2e.stack import Stack, Visitor
from tests.e2e.test_stack import api_role

BRUNO = "bruno@example.com"
PASSWORD = "correct horse 12"


@dataclass
class Administrator:
    """Bruno, who is in the group `admins`, with an access token from the start of the test."""

    stack: Stack
    token: str

    @property
    def who(self) -> dict[str, str]:
        pool = self.stack.info["user_pool_id"]
        return {"UserPoolId": pool, "Username": self.stack.user_name(BRUNO)}

    @property
    def cognito(self) -> Any:
        return self.stack.aws("cognito-idp")

    def list(self) -> requests.Response:
        return Visitor(self.stack).get("/users", self.token)

    def sign_out(self, spelled: str) -> requests.Response:
        """Sign a person out. `spelled` is the name in the URL."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return Visitor(self.stack).request("POST", f"/users/{spelled}/sign-out", headers=headers)

    def statuses(self) -> tuple[int, int]:
        """Return the statuses of the routes that `list` and `sign_out` call. The second request names a user who does
        not exist. If access is allowed, the status of the second request is therefore 404."""
        return self.list().status_code, self.sign_out("nobody").status_code


@pytest.fixture
def bruno(stack: Stack) -> Iterator[Administrator]:
    visitor = Visitor(stack)
    visitor.sign_in(BRUNO)
    made = Administrator(stack, "")
    made.cognito.admin_add_user_to_group(**made.who, GroupName="admins")
    made.token = visitor.refresh()["access_token"]
    yield made
    stack.forget_person(BRUNO)


@pytest.mark.security("S-70")
def test_a_right_that_was_taken_away_is_gone_at_once(stack: Stack, bruno: Administrator) -> None:
    """The test uses one access token throughout. After the person loses the right, the two routes refuse the token, and
    other routes still accept the token."""
    assert bruno.statuses() == (200, 404)
    bruno.cognito.admin_remove_user_from_group(**bruno.who, GroupName="admins")
    assert bruno.statuses() == (403, 403)
    bruno.cognito.admin_add_user_to_group(**bruno.who, GroupName="admins")
    assert bruno.statuses() == (200, 404)
    bruno.cognito.admin_disable_user(**bruno.who)
    assert bruno.statuses() == (401, 401)
    assert Visitor(stack).get("/whoami", bruno.token).status_code == 200
    bruno.cognito.admin_enable_user(**bruno.who)
    assert bruno.statuses() == (200, 404)


@pytest.mark.security("S-70")
def test_a_sign_out_everywhere_ends_old_tokens_on_these_routes(
    stack: Stack, bruno: Administrator
) -> None:
    """After the sign-out, the routes also refuse the administrator's own tokens. The record has the time of the
    sign-out."""
    assert bruno.sign_out(quote(stack.user_name(BRUNO))).status_code == 200
    assert bruno.statuses() == (401, 401)
    item = stack.user_item(stack.user_name(BRUNO))
    assert item
    assert item["validAfter"]


@pytest.mark.security("S-70")
def test_a_person_who_is_deleted_or_made_anew_has_no_rights_left(
    stack: Stack, bruno: Administrator
) -> None:
    """API Gateway still accepts the old token. The two routes refuse the old token, even if a new person has the same
    name."""
    stack.forget_person(BRUNO)
    assert bruno.statuses() == (401, 401)
    visitor = Visitor(stack)
    visitor.sign_in(BRUNO)
    bruno.cognito.admin_add_user_to_group(**bruno.who, GroupName="admins")
    assert bruno.statuses() == (401, 401)
    bruno.token = visitor.refresh()["access_token"]
    assert bruno.statuses() == (200, 404)


@pytest.mark.security("S-70")
@pytest.mark.parametrize("action", ["AdminGetUser", "AdminListGroupsForUser"])
def test_where_the_pool_cannot_be_asked_nobody_passes(
    stack: Stack, bruno: Administrator, action: str
) -> None:
    """If the function's role lacks one of the actions, the routes respond with 503."""
    with stack.without_permission(api_role(stack), f"cognito-idp:{action}"):
        assert bruno.statuses() == (503, 503)
    assert bruno.statuses() == (200, 404)


def test_names_arrive_encoded_and_are_decoded_once(stack: Stack, bruno: Administrator) -> None:
    """The route finds a person by address. The route responds with 404 for an unknown name, whatever characters the
    name contains, and with 400 for an invalid encoding."""
    stack.create_person("p+q@example.com", PASSWORD)
    for spelled in ("p+q@example.com", "p%2Bq%40example.com", "%70%2b%71@example%2Ecom"):
        answer = bruno.sign_out(spelled)
        assert (answer.status_code, answer.json()) == (200, {"userName": "p+q@example.com"})
    for name in ("okta_00u%x@acme.example", "a/b", "a b", "100%", "Jürgen", "p%2Bq@example.com"):
        assert bruno.sign_out(quote(name, safe="")).status_code == 404, name
    for spelled in ("%FF", "a%C3"):
        answer = bruno.sign_out(spelled)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
