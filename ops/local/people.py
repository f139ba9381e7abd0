"""The people of a fresh local stack who sign in with email and password."""

from __future__ import annotations

import boto3

from .. import aws

DEMO_USERS = (
    {"email": "demo@example.com", "password": "open-sesame-local-only"},
    {"email": "erin@example.com", "password": "correct-horse-local-only"},
)


def create_demo_users(session: boto3.Session, pool_id: str) -> None:
    """Create them as an administrator would, with passwords that need no change."""
    cognito = aws.client(session, "cognito-idp")
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
