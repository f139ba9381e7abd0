"""One person at a time: out of pool and table, or apart from a provider."""

from __future__ import annotations

import time

import boto3
from botocore.exceptions import ClientError

from chalicelib.cognito.pool_user import PoolUser
from chalicelib.store.users import UserStore, key_of
from ops import aws
from ops.errors import OpsError
from ops.pool import Pace, PoolReader, build_profile
from ops.provider_rows import variable_of
from ops.report import Reporter
from ops.stages import Stage


def delete_user(session: boto3.Session, stage: Stage, name: str, report: Reporter) -> None:
    """Delete a person from the pool, which ends every session, and then the record.

    `name` is the user name, or a native person's address. A record whose person is gone already is
    deleted by its user name. Raises OpsError when there is neither.
    """
    pool, table = variable_of(stage, "USER_POOL_ID"), variable_of(stage, "USERS_TABLE")
    cognito, dynamodb = aws.client(session, "cognito-idp"), aws.client(session, "dynamodb")
    with aws.explained(f"deleting {name}"):
        user = PoolReader(cognito, pool, Pace()).find(name)
        user_name = user.user_name if user else name
        if user is not None:
            try:
                cognito.admin_delete_user(UserPoolId=pool, Username=user_name)
            except ClientError as error:
                if aws.error_code(error) != "UserNotFoundException":
                    raise
            report.note("gone from the pool")
        answer = dynamodb.delete_item(
            TableName=table, Key={"userName": {"S": key_of(user_name)}}, ReturnValues="ALL_OLD"
        )
    if answer.get("Attributes"):
        report.note("gone from the table")
    elif user is None:
        raise OpsError(f"Stage {stage.name!r} has nobody called {name!r}, in pool or table.")


def unlink_user(
    session: boto3.Session, stage: Stage, name: str, provider: str, report: Reporter
) -> None:
    """Take a provider's identity off a native account; the account and its password stay.

    Where the provider still links, the person's next sign-in through it joins the account again.
    """
    pool = variable_of(stage, "USER_POOL_ID")
    cognito = aws.client(session, "cognito-idp")
    reader = PoolReader(cognito, pool, Pace())
    with aws.explained(f"unlinking {name}"):
        user = _linked(reader.find(name), name, provider)
        for identity in user.identities:
            if identity.provider == provider:
                cognito.admin_disable_provider_for_user(
                    UserPoolId=pool,
                    User={
                        "ProviderName": provider,
                        "ProviderAttributeName": "Cognito_Subject",
                        "ProviderAttributeValue": identity.subject,
                    },
                )
        report.note(f"{provider} no longer leads to {user.user_name}")
        left = reader.find(user.user_name)
    users = UserStore(aws.client(session, "dynamodb"), variable_of(stage, "USERS_TABLE"), time.time)
    if left is not None:
        profile = build_profile(left, variable_of(stage, "CLIENT_ID"))
        users.record_confirmed(profile)
        if not profile.linked:
            users.record_unlinked(profile.user_name)
    report.note("the record says so")


def _linked(user: PoolUser | None, name: str, provider: str) -> PoolUser:
    if user is None:
        raise OpsError(f"The pool has nobody called {name!r}.")
    if user.status == "EXTERNAL_PROVIDER":
        raise OpsError(f"{name} was born at a provider: there is no account to take it off.")
    names = sorted({identity.provider for identity in user.identities})
    if provider not in names:
        raise OpsError(f"{name} is linked to {', '.join(names) or 'no provider'}.")
    return user
