"""Functions that call the app's `user_records` trigger as Cognito does, with the events that AWS documents."""

from collections.abc import Mapping
from typing import Any

from app import gate
from chalicelib.gatehouse.settings import Settings
from tests.doubles.pool_users import PoolUser


def build_event(
    region: str,
    pool_id: str,
    client_id: str,
    source: str,
    user: PoolUser,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """Build the event that Cognito sends for `source`."""
    named = {
        "email": user.email,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "custom:idp_sub": user.idp_subject,
    }
    attributes: dict[str, Any] = {name: value for name, value in named.items() if value}
    if not source.startswith("PreSignUp"):
        attributes |= {"sub": user.sub, "cognito:user_status": user.status}
    return {
        "version": "1",
        "triggerSource": source,
        "region": region,
        "userPoolId": pool_id,
        "userName": user.username,
        "callerContext": {"awsSdkVersion": "boto3", "clientId": client_id},
        "request": {
            "userAttributes": attributes,
            **({"clientMetadata": dict(metadata)} if metadata else {}),
        },
        "response": {},
    }


def run_trigger(
    settings: Settings, source: str, user: PoolUser, metadata: Mapping[str, str]
) -> None:
    """Run the app's handler for the event `source` of `user`. If the app raises an error, Cognito refuses the
    sign-in."""
    pool = (settings.region, settings.user_pool_id, settings.client_id)
    gate.user_records(build_event(*pool, source, user, metadata), None)
