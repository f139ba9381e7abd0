"""Tests of refresh token rotation in the local AWS: a new token at each refresh, a grace period, then a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import OktaBrowser
from tests.local_aws.pool import Pool, claims


@pytest.fixture
def rotating(pool: Pool) -> Iterator[Pool]:
    """Yield a pool whose client rotates without a grace period."""
    pool.rotate("ENABLED", 0)
    yield pool
    pool.rotate("DISABLED", 0)


def test_a_refresh_replaces_the_token(rotating: Pool, browser: OktaBrowser) -> None:
    """The new token works for the rest of the old token's lifetime. Cognito refuses the old token."""
    old = browser.tokens()["refresh_token"]
    new = rotating.refresh(old).json()["refresh_token"]
    assert new != old
    assert claims(new)["exp"] == claims(old)["exp"]
    assert rotating.refresh(old).json()["error"] == "invalid_grant"
    assert rotating.refresh(new).status_code == 200


def test_the_old_token_works_during_the_grace(rotating: Pool, browser: OktaBrowser) -> None:
    """Two tabs may refresh at once, or one tab may retry after a lost response."""
    rotating.rotate("ENABLED", 60)
    old = browser.tokens()["refresh_token"]
    first, second = rotating.refresh(old).json(), rotating.refresh(old).json()
    assert first["refresh_token"] != second["refresh_token"]


def test_revoking_the_successor_ends_the_family(rotating: Pool, browser: OktaBrowser) -> None:
    """Cognito revokes all tokens of one sign-in together."""
    new = rotating.refresh(browser.tokens()["refresh_token"]).json()["refresh_token"]
    assert rotating.post("/oauth2/revoke", {"token": new}).status_code == 200
    assert rotating.refresh(new).json()["error"] == "invalid_grant"


def test_a_rotating_client_refuses_refresh_token_auth(rotating: Pool, browser: OktaBrowser) -> None:
    """Such a client must use GetTokensFromRefreshToken, which also rotates."""
    tokens = browser.tokens()
    token, username = tokens["refresh_token"], claims(tokens["access_token"])["sub"]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        rotating.cognito.initiate_auth(
            ClientId=rotating.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token, "SECRET_HASH": rotating.secret_hash(username)},
        )
    answer = rotating.cognito.get_tokens_from_refresh_token(
        ClientId=rotating.client_id, ClientSecret=rotating.client_secret, RefreshToken=token
    )
    assert answer["AuthenticationResult"]["RefreshToken"] != token


def test_without_rotation_the_token_stays(pool: Pool, browser: OktaBrowser) -> None:
    """The response has no refresh_token."""
    assert "refresh_token" not in pool.refresh(browser.tokens()["refresh_token"]).json()


def test_a_template_switches_rotation_on(cloud: Cloud, pool: Pool) -> None:
    """CloudFormation passes the property on to the client."""
    client = {
        "Type": "AWS::Cognito::UserPoolClient",
        "Properties": {
            "UserPoolId": pool.id,
            # Without a list, the client would have `ALLOW_REFRESH_TOKEN_AUTH`. AWS refuses this flow together with
            # rotation.
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
        },
    }
    templates = cloud.client("cloudformation")
    body = {"Resources": {"Client": client}, "Outputs": {"Id": {"Value": {"Ref": "Client"}}}}
    templates.create_stack(StackName="rotating", TemplateBody=json.dumps(body))
    templates.get_waiter("stack_create_complete").wait(
        StackName="rotating", WaiterConfig={"Delay": 1}
    )
    (stack,) = templates.describe_stacks(StackName="rotating")["Stacks"]
    described = pool.cognito.describe_user_pool_client(
        UserPoolId=pool.id, ClientId=stack["Outputs"][0]["OutputValue"]
    )
    setting = described["UserPoolClient"]["RefreshTokenRotation"]
    assert setting["RetryGracePeriodSeconds"] == 30
