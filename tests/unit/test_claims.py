"""Tests of reading Cognito's claims."""

from typing import Any

import pytest

from chalicelib.gatehouse.cognito.claims import Caller, parse_groups, verify_caller
from chalicelib.gatehouse.errors import Forbidden, Unauthorized

CLAIMS = {
    "token_use": "access",
    "client_id": "c",
    "sub": "s",
    "username": "u",
    "scope": "api/read x",
}


def verify(claims: Any, group: str | None = None) -> Caller:
    return verify_caller(
        {"authorizer": {"claims": claims}}, client_ids=("c",), scope="api/read", group=group
    )


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        ("[a b c]", ("a", "b", "c")),
        ("a,b", ("a", "b")),
        ("[a, b]", ("a", "b")),
        ("admins", ("admins",)),
        ("", ()),
        ("[]", ()),
        (None, ()),
        (7, ()),
        (["a", "b"], ("a", "b")),
        (["a", 7, None], ("a",)),
        ({"a": 1}, ()),
    ],
)
def test_groups_are_read_in_every_shape(value: object, groups: tuple[str, ...]) -> None:
    """Groups are a list in a token, and one string behind API Gateway. Any other value means no groups."""
    assert parse_groups(value) == groups


@pytest.mark.security("S-49")
def test_a_caller_is_who_the_access_token_says() -> None:
    """The caller's sub, username, scopes and groups come from the access token."""
    assert verify({**CLAIMS, "cognito:groups": "[g]"}, "g") == Caller(
        "s", "u", ("api/read", "x"), ("g",)
    )


@pytest.mark.security("S-49")
@pytest.mark.parametrize(
    "context",
    [
        {},
        {"authorizer": None},
        {"authorizer": {}},
        {"authorizer": "x"},
        {"authorizer": {"claims": "x"}},
        {"authorizer": {"claims": ["x"]}},
    ],
)
def test_no_claims_is_nobody(context: dict[str, Any]) -> None:
    """On a route without an authorizer, the check refuses every caller."""
    with pytest.raises(Unauthorized):
        verify_caller(context, client_ids=("c",), scope="api/read", group=None)


@pytest.mark.security("S-49")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"token_use": "id"}, Unauthorized),
        ({"token_use": None}, Unauthorized),
        ({"client_id": "C"}, Unauthorized),
        ({"client_id": ["c"]}, Unauthorized),
        ({"sub": ""}, Unauthorized),
        ({"sub": 1}, Unauthorized),
        ({"username": ""}, Unauthorized),
        ({"scope": ""}, Forbidden),
        ({"scope": "api/rea api/read/x"}, Forbidden),
        ({"scope": None}, Forbidden),
    ],
)
def test_one_wrong_claim_is_enough(change: dict[str, Any], error: type[Exception]) -> None:
    """If one check fails, the token is refused, even if all other checks pass."""
    with pytest.raises(error):
        verify({**CLAIMS, **change})


@pytest.mark.security("S-51")
def test_a_missing_group_is_forbidden() -> None:
    """Groups come only from `cognito:groups`, and only whole names match."""
    for claims in ({}, {"cognito:groups": "[admins2]"}, {"custom:groups": "admins"}):
        with pytest.raises(Forbidden):
            verify({**CLAIMS, **claims}, "admins")
