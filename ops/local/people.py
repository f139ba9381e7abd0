"""This module creates the people who can sign in to a new local stack with email and password."""

from __future__ import annotations

import time

import boto3

from chalicelib.gatehouse.store.users import UserStore

from .. import aws
from ..pool import Pace, PoolReader, build_profile
from ..stages import Stage

DEMO_USERS = (
    {"email": "demo@example.com", "password": "open-sesame-local-only"},
    {"email": "erin@example.com", "password": "correct-horse-local-only"},
)


def create_demo_users(session: boto3.Session, stage: Stage) -> None:
    """Create the people and their records as an administrator would, with permanent passwords.

    Cognito runs no trigger when an administrator sets a password. So this function itself writes the people's records.
    Otherwise, until the first sign-in, each record would look like the record of an invited person who has never signed
    in. On AWS, `reconcile` corrects such records.

    Raises OpsError if AWS refuses a call, for example because a trigger does not answer in time.
    """
    with aws.explained("creating the people of the local stack"):
        _create(session, stage)


def _create(session: boto3.Session, stage: Stage) -> None:
    cognito = aws.client(session, "cognito-idp")
    pool_id = stage.environment["USER_POOL_ID"]
    client_id = stage.environment["CLIENT_ID"]
    users = UserStore(aws.client(session, "dynamodb"), stage.environment["USERS_TABLE"], time.time)
    pool = PoolReader(cognito, pool_id, Pace())
    for user in DEMO_USERS:
        name = user["email"].partition("@")[0].title()
        attributes = {
            "email": user["email"],
            "email_verified": "true",
            "given_name": name,
            "family_name": "Local",
        }
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=user["email"],
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
            MessageAction="SUPPRESS",
        )
        cognito.admin_set_user_password(
            UserPoolId=pool_id,
            Username=user["email"],
            Password=user["password"],
            Permanent=True,
        )
        made = pool.find(user["email"])
        if made is not None:
            users.record_confirmed(build_profile(made, client_id))
