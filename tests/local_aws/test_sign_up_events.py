"""Tests of the fixes for the triggers around sign-up and sign-in with a password."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from tests.local_aws.cloud import ACCOUNT, Cloud
from tests.local_aws.pool import PASSWORD, Pool

EMAIL = "dana@example.com"


def sign_up(pool: Pool, **more: Any) -> str:
    """Call SignUp. Return the user's `sub`."""
    answer = pool.cognito.sign_up(
        ClientId=pool.client_id,
        SecretHash=pool.secret_hash(EMAIL),
        Username=EMAIL,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": EMAIL}],
        **more,
    )
    return str(answer["UserSub"])


def test_sign_up_shows_no_sub_to_pre_sign_up(cloud: Cloud, pool: Pool) -> None:
    """The user does not exist yet. The trigger gets the client's metadata."""
    sub = sign_up(pool, ClientMetadata={"invitation": "7"})
    (event,) = cloud.events()
    assert event["triggerSource"] == "PreSignUp_SignUp"
    assert "sub" not in event["request"]["userAttributes"]
    assert event["request"]["clientMetadata"] == {"invitation": "7"}
    assert event["userName"] == sub


def test_confirming_fires_post_confirmation(cloud: Cloud, pool: Pool) -> None:
    """The trigger gets the user's current attributes."""
    sub = sign_up(pool)
    cloud.forget_events()
    pool.cognito.confirm_sign_up(
        ClientId=pool.client_id,
        SecretHash=pool.secret_hash(EMAIL),
        Username=EMAIL,
        ConfirmationCode=pool.mailed_code(EMAIL),
    )
    (event,) = cloud.events()
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert event["request"]["userAttributes"]["sub"] == sub
    assert event["request"]["userAttributes"]["cognito:user_status"] == "CONFIRMED"


def test_confirming_by_an_administrator_fires_post_confirmation(cloud: Cloud, pool: Pool) -> None:
    """AdminConfirmSignUp also runs the trigger."""
    sign_up(pool)
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=EMAIL)
    assert cloud.sources()[-1] == "PostConfirmation_ConfirmSignUp"


def test_a_reset_password_fires_post_confirmation(cloud: Cloud, pool: Pool) -> None:
    """ConfirmForgotPassword has its own trigger source."""
    pool.add_person(EMAIL)
    pool.cognito.forgot_password(
        ClientId=pool.client_id, SecretHash=pool.secret_hash(EMAIL), Username=EMAIL
    )
    pool.cognito.confirm_forgot_password(
        ClientId=pool.client_id,
        SecretHash=pool.secret_hash(EMAIL),
        Username=EMAIL,
        ConfirmationCode=pool.mailed_code(EMAIL),
        Password=PASSWORD + "!",
    )
    assert cloud.sources() == ["PostConfirmation_ConfirmForgotPassword"]


def test_an_administrators_user_fires_pre_sign_up(cloud: Cloud, pool: Pool) -> None:
    """The trigger source is PreSignUp_AdminCreateUser, and the event contains no client. PostConfirmation never
    runs."""
    created = pool.cognito.admin_create_user(
        UserPoolId=pool.id, Username=EMAIL, MessageAction="SUPPRESS"
    )
    (event,) = cloud.events()
    assert event["triggerSource"] == "PreSignUp_AdminCreateUser"
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert event["userName"] == created["User"]["Username"]
    assert event["request"]["userAttributes"]["email"] == EMAIL


def test_a_refused_administrators_user_is_not_made(cloud: Cloud, pool: Pool) -> None:
    """The error is UserLambdaValidationException."""
    cloud.script({"PreSignUp_AdminCreateUser": {"raise": "no"}})
    with pytest.raises(ClientError, match="UserLambdaValidationException"):
        pool.cognito.admin_create_user(UserPoolId=pool.id, Username=EMAIL)
    assert pool.cognito.list_users(UserPoolId=pool.id)["Users"] == []


def test_a_password_sign_in_is_between_its_triggers(cloud: Cloud, pool: Pool) -> None:
    """First PreAuthentication runs. Then Cognito issues the tokens, and PostAuthentication runs."""
    pool.add_person(EMAIL)
    pool.sign_in(EMAIL)
    assert cloud.sources() == [
        "PreAuthentication_Authentication",
        "TokenGeneration_Authentication",
        "PostAuthentication_Authentication",
    ]


def test_pre_authentication_refuses_a_password_sign_in(cloud: Cloud, pool: Pool) -> None:
    """Cognito issues no tokens."""
    pool.add_person(EMAIL)
    cloud.script({"PreAuthentication_Authentication": {"raise": "closed"}})
    with pytest.raises(ClientError, match="PreAuthentication failed with error closed"):
        pool.sign_in(EMAIL)
    assert "TokenGeneration_Authentication" not in cloud.sources()


def test_a_trigger_without_a_permission_for_this_pool_fails(cloud: Cloud, pool: Pool) -> None:
    """A permission with another pool's SourceArn does not allow this pool."""
    functions = cloud.client("lambda")
    functions.remove_permission(FunctionName="triggers", StatementId="cognito")
    permission = {
        "FunctionName": "triggers",
        "StatementId": "cognito",
        "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com",
        "SourceAccount": ACCOUNT,
    }
    try:
        functions.add_permission(**permission, SourceArn=pool.arn + "-other")
        with pytest.raises(ClientError, match="invocation failed due to error AccessDenied"):
            sign_up(pool)
    finally:
        functions.remove_permission(FunctionName="triggers", StatementId="cognito")
        functions.add_permission(**permission, SourceArn=pool.arn)


def hosted(pool: Pool, path: str, **form: str) -> requests.Response:
    """Submit one of the forms of managed login's own pages."""
    return requests.post(
        f"{pool.cloud.url}{path}?client_id={pool.client_id}",
        data=form,
        allow_redirects=False,
        timeout=30,
    )


def test_the_sign_up_page_makes_and_confirms_an_account(cloud: Cloud, pool: Pool) -> None:
    """People first choose the password and then enter the code. The trigger gets no ClientMetadata."""
    made = hosted(pool, "/signup", username=EMAIL, password=PASSWORD)
    assert (made.status_code, made.headers["Location"].partition("?")[0]) == (302, "/confirmUser")
    wrong = hosted(pool, "/confirmUser", username=EMAIL, code="no code")
    assert wrong.status_code == 200
    done = hosted(pool, "/confirmUser", username=EMAIL, code=pool.mailed_code(EMAIL))
    assert done.headers["Location"].startswith("/login?")
    assert cloud.sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    assert "clientMetadata" not in cloud.events()[0]["request"]
    user = pool.cognito.admin_get_user(UserPoolId=pool.id, Username=EMAIL)
    assert user["UserStatus"] == "CONFIRMED"


def test_a_refusal_is_shown_on_the_sign_up_page(cloud: Cloud, pool: Pool) -> None:
    """The page shows the trigger's text, and the pool creates no account."""
    cloud.script({"PreSignUp_SignUp": {"raise": "not here"}})
    refused = hosted(pool, "/signup", username=EMAIL, password=PASSWORD)
    assert refused.status_code == 200
    assert "PreSignUp failed with error not here" in refused.text
    assert pool.cognito.list_users(UserPoolId=pool.id)["Users"] == []
