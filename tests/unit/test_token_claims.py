"""Tests of the pre-token-generation trigger: hosted and direct sign-ins get the same scopes. The tests also cover
scopes that a browser must not have."""

from typing import Any

import pytest

from chalicelib.gatehouse.cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from chalicelib.gatehouse.errors import TriggerRefused
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.triggers.token_claims import handle

POOL = "eu-west-1_pool"
CLIENT = "client"


@pytest.fixture
def settings() -> Settings:
    return Settings.from_env(
        {
            "STAGE": "test",
            "AWS_REGION": "eu-west-1",
            "USER_POOL_ID": POOL,
            "CLIENT_ID": CLIENT,
            "COGNITO_URL": "https://auth.example.com",
            "CLIENT_SECRET_ARN": "arn:client",
            "SEALING_KEYS_SECRET_ARN": "arn:keys",
            "USERS_TABLE": "users",
            "PROVIDERS_TABLE": "providers",
            "SESSIONS_TABLE": "sessions",
        }
    )


def event(source: str, scopes: list[str], client: str = CLIENT, pool: str = POOL) -> dict[str, Any]:
    return {
        "version": "2",
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": pool,
        "userName": "u",
        "callerContext": {"awsSdkVersion": "x", "clientId": client},
        "request": {"userAttributes": {}, "groupConfiguration": {}, "scopes": scopes},
        "response": {"claimsAndScopeOverrideDetails": None},
    }


def no_table() -> Any:
    raise AssertionError("no provider sends groups here: the table must not be read")


def granted(answer: dict[str, Any], scopes: list[str]) -> set[str]:
    """Return the scopes that Cognito would put into the token."""
    override = answer["response"]["claimsAndScopeOverrideDetails"]
    change = (override or {}).get("accessTokenGeneration", {})
    added = set(scopes) | set(change.get("scopesToAdd", []))
    return added - set(change.get("scopesToSuppress", []))


@pytest.mark.parametrize(
    ("source", "scopes"),
    [
        ("TokenGeneration_HostedAuth", list(SCOPES)),
        ("TokenGeneration_Authentication", [USER_ADMIN_SCOPE]),
        ("TokenGeneration_NewPasswordChallenge", [USER_ADMIN_SCOPE]),
        ("TokenGeneration_RefreshTokens", [USER_ADMIN_SCOPE]),
        ("TokenGeneration_RefreshTokens", list(SCOPES)),
    ],
)
def test_both_doors_give_the_same_scopes(
    settings: Settings, source: str, scopes: list[str]
) -> None:
    """Cognito may have set any scopes, but the token has exactly our scopes."""
    assert granted(handle(event(source, scopes), settings, no_table), scopes) == set(SCOPES)


def test_groups_are_left_to_cognito(settings: Settings) -> None:
    """An empty groupOverrideDetails would remove all groups."""
    answer = handle(event("TokenGeneration_Authentication", [USER_ADMIN_SCOPE]), settings, no_table)
    assert "groupOverrideDetails" not in answer["response"]["claimsAndScopeOverrideDetails"]


def test_other_clients_of_the_pool_are_left_alone(settings: Settings) -> None:
    """The server-only client for MFA keeps Cognito's own scope, and other clients get none of our scopes."""
    before = event("TokenGeneration_Authentication", [USER_ADMIN_SCOPE], client="mfa")
    assert granted(handle(before, settings, no_table), [USER_ADMIN_SCOPE]) == {USER_ADMIN_SCOPE}


@pytest.mark.security("S-58")
@pytest.mark.parametrize(
    ("source", "pool"),
    [("TokenGeneration_HostedAuth", "eu-west-1_other"), ("PostConfirmation_ConfirmSignUp", POOL)],
)
def test_foreign_events_are_refused(settings: Settings, source: str, pool: str) -> None:
    """Events of another pool or of another trigger change nothing."""
    with pytest.raises(TriggerRefused):
        handle(event(source, [], pool=pool), settings, no_table)


@pytest.mark.security("S-51")
@pytest.mark.parametrize(
    "name", ["x,admins", "admins,", ",admins", "[admins", "admins]", "x admins", "x\tadmins"]
)
def test_a_group_whose_name_could_read_as_several_is_in_no_token(
    settings: Settings, name: str
) -> None:
    """Cognito allows group names with a comma. Behind API Gateway, the name `x,admins` would be read as the group
    admins. Other groups stay."""
    given = event("TokenGeneration_Authentication", [USER_ADMIN_SCOPE])
    given["request"]["groupConfiguration"] = {
        "groupsToOverride": [name, "staff", "Führung", "a/b:c"],
        "iamRolesToOverride": ["arn:role"],
    }
    details = handle(given, settings, no_table)["response"]["claimsAndScopeOverrideDetails"]
    assert details["groupOverrideDetails"] == {
        "groupsToOverride": ["staff", "Führung", "a/b:c"],
        "iamRolesToOverride": ["arn:role"],
    }
