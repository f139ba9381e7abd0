"""Cognito's calls of the `user_records` trigger, with the events that AWS documents, into the app's own handler."""

from collections.abc import Mapping
from typing import Any

from app import gate
from chalicelib.gatehouse.settings import Settings
from tests.doubles.pool_users import PoolUser


def run_trigger(
    settings: Settings, source: str, user: PoolUser, metadata: Mapping[str, str]
) -> None:
    """Let the app handle `source` for `user`; what it raises is Cognito's reason to refuse."""
    named = {
        "email": user.email,
        "given_name": user.given_name,
        "family_name": user.family_name,
    }
    attributes: dict[str, Any] = {name: value for name, value in named.items() if value}
    if not source.startswith("PreSignUp"):
        attributes |= {"sub": user.sub, "cognito:user_status": user.status}
    event = {
        "version": "1",
        "triggerSource": source,
        "region": settings.region,
        "userPoolId": settings.user_pool_id,
        "userName": user.username,
        "callerContext": {"awsSdkVersion": "boto3", "clientId": settings.client_id},
        "request": {
            "userAttributes": attributes,
            **({"clientMetadata": dict(metadata)} if metadata else {}),
        },
        "response": {},
    }
    gate.user_records(event, None)
