"""Checks of secrets and tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.sealed.sealing import KeyRing

from ..program import PROGRAM
from .check import Check, Fault
from .deployment import PASSING, TABLES, TIMEOUT_SECONDS, Deployment

_DROPPED = "the local AWS ignores this setting of a template"
_MANY_KEYS = 5


def client_secret(deployment: Deployment) -> Iterator[Fault]:
    """Check that the client secret is readable and belongs to this client, and that Cognito accepts the secret.

    The check asks Cognito to revoke an invented refresh token. This request changes nothing. The error `invalid_client`
    means that Cognito did not recognise the client (RFC 7009 2.2.1).
    """
    found = _secret(deployment, "CLIENT_SECRET_ARN")
    restore = (
        "restore the secret from the pool: see docs/operations.md#client-secret, then "
        f"{deployment.again}"
    )
    if found is None or not found.get("client_secret"):
        yield Fault(
            "the app client's secret cannot be read: every sign-in responds with 503.", restore
        )
        return
    if found.get("client_id") != deployment.variable("CLIENT_ID"):
        yield Fault("the secret belongs to another app client.", restore)
        return
    try:
        answer = requests.post(
            f"{deployment.variable('COGNITO_URL')}/oauth2/revoke",
            data={
                "client_id": str(found["client_id"]),
                "token": "doctor",
            },
            auth=(str(found["client_id"]), str(found["client_secret"])),
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        yield Fault(
            f"Cognito's endpoints do not answer: {type(error).__name__}.",
            "check COGNITO_URL and the sign-in domain.",
        )
        return
    if "invalid_client" in answer.text:
        yield Fault("Cognito refuses the stored secret: every sign-in responds with 503.", restore)


def sealing_keys(deployment: Deployment) -> Iterator[Fault]:
    """Check that the sealing keys are readable and valid."""
    rotate = f"run `{PROGRAM} rotate-keys --stage {deployment.stage.name}`."
    found = _secret(deployment, "SEALING_KEYS_SECRET_ARN")
    if found is None:
        yield Fault("the sealing keys cannot be read: no session works.", rotate)
        return
    try:
        ring = KeyRing.parse(found)
    except ConfigurationError as error:
        yield Fault(f"{error.detail}: no session works.", rotate)
        return
    if len(ring.secrets) > _MANY_KEYS:
        yield Fault(
            f"the stage has {len(ring.secrets)} sealing keys; the app accepts cookies of the old "
            "keys until you drop these keys.",
            f"run `{PROGRAM} rotate-keys --stage {deployment.stage.name} --drop-old`.",
        )


def _secret(deployment: Deployment, variable: str) -> Mapping[str, Any] | None:
    found = deployment.absent_as_none(
        deployment.client("secretsmanager").get_secret_value, SecretId=deployment.variable(variable)
    )
    try:
        document = json.loads(found["SecretString"]) if found else None
    except (KeyError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def tables(deployment: Deployment) -> Iterator[Fault]:
    """Check that the tables exist, have the right keys, and are billed per request."""
    keys = {
        "USERS_TABLE": ["userName"],
        "PROVIDERS_TABLE": ["name"],
        "SESSIONS_TABLE": ["sub", "id"],
        "THROTTLE_TABLE": ["key"],
        "SUBJECTS_TABLE": ["subject"],
    }
    for variable in TABLES:
        name = deployment.variable(variable)
        found = deployment.absent_as_none(
            deployment.client("dynamodb").describe_table, TableName=name
        )
        if found is None:
            yield Fault(
                f"the table {name} is missing.",
                deployment.again
                if variable in PASSING
                else "restore the table (docs/operations.md, Backup and restore).",
            )
            continue
        table = found["Table"]
        if [key["AttributeName"] for key in table["KeySchema"]] != keys[variable]:
            yield Fault(
                f"the key of {name} is not {' and '.join(keys[variable])}.",
                "create the table again.",
            )
        indexes = [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])]
        if variable == "USERS_TABLE" and "Email" not in indexes:
            yield Fault(f"{name} no longer has its index Email.", deployment.again)
        billing = table.get("BillingModeSummary", {}).get("BillingMode")
        if billing != "PAY_PER_REQUEST":
            yield Fault(
                f"{name} bills by provisioned capacity: a peak of sign-ins is throttled.",
                deployment.again,
            )


def table_backups(deployment: Deployment) -> Iterator[Fault]:
    """Check that point-in-time recovery is on (S-65)."""
    for variable in ("USERS_TABLE", "PROVIDERS_TABLE"):
        name = deployment.tables[variable]["TableName"]
        found = deployment.client("dynamodb").describe_continuous_backups(TableName=name)
        recovery = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            yield Fault(f"{name} has no point-in-time recovery.", deployment.again)


def table_expiry(deployment: Deployment) -> Iterator[Fault]:
    """Check that the tables' TTL is on. DynamoDB then deletes unconfirmed sign-ups, expired sessions and old counters."""
    for variable in ("USERS_TABLE", "SESSIONS_TABLE", "THROTTLE_TABLE"):
        name = deployment.tables[variable]["TableName"]
        found = deployment.client("dynamodb").describe_time_to_live(TableName=name)
        if found["TimeToLiveDescription"].get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            yield Fault(f"{name} does not delete expired rows.", deployment.again)


def table_encryption(deployment: Deployment) -> Iterator[Fault]:
    """Check that the tables are encrypted with a KMS key of the account (S-65)."""
    for table in deployment.tables.values():
        if table.get("SSEDescription", {}).get("Status") != "ENABLED":
            yield Fault(f"{table['TableName']} is not encrypted with KMS.", deployment.again)


CHECKS = (
    Check("client-secret", client_secret),
    Check("sealing-keys", sealing_keys),
    Check("tables", tables),
    Check("table-backups", table_backups, _DROPPED),
    Check("table-expiry", table_expiry, _DROPPED),
    Check("table-encryption", table_encryption, _DROPPED),
)
