"""Remove a stage: API and functions, identity stack, then the pool and the tables it retains."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from ops import aws, identity_stack
from ops.deploy import run_chalice
from ops.errors import OpsError
from ops.report import Reporter
from ops.stages import Stage, clear_environment

_TABLES = ("USERS_TABLE", "PROVIDERS_TABLE")
_MISSING = ("ResourceNotFoundException", "UserPoolNotFoundException")


def destroy(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Remove everything a stage has, people's accounts and records included.

    Refuses, before touching anything, where deletion protection is on. Safe to repeat after a
    failure in between.
    """
    with aws.explained("looking for deletion protection"):
        _verify_unprotected(session, stage)
    if stage.deployed_file.exists():
        run_chalice(stage.project_dir, ["delete", "--stage", stage.name], stage.region, report)
    report.step(f"Deleting stack {stage.identity_stack}")
    identity_stack.delete(session, stage, report)
    report.done()
    report.step("Deleting the user pool and the tables, which the stack retains")
    with aws.explained("deleting what the stack retained"):
        pool = stage.environment.get("USER_POOL_ID")
        if pool:
            _ignoring_absence(aws.client(session, "cognito-idp").delete_user_pool, UserPoolId=pool)
        for variable in _TABLES:
            table = stage.environment.get(variable)
            if table:
                delete = aws.client(session, "dynamodb").delete_table
                _ignoring_absence(delete, TableName=table)
    clear_environment(
        stage.project_dir, stage.name, identity_stack.VARIABLES, identity_stack.FUNCTIONS
    )
    report.done()


def _verify_unprotected(session: boto3.Session, stage: Stage) -> None:
    protected = []
    pool = stage.environment.get("USER_POOL_ID")
    if pool:
        describe = aws.client(session, "cognito-idp").describe_user_pool
        found = _ignoring_absence(describe, UserPoolId=pool)
        if found and found["UserPool"].get("DeletionProtection") == "ACTIVE":
            protected.append(f"user pool {pool}")
    for variable in _TABLES:
        table = stage.environment.get(variable)
        if table:
            found = _ignoring_absence(
                aws.client(session, "dynamodb").describe_table, TableName=table
            )
            if found and found["Table"].get("DeletionProtectionEnabled"):
                protected.append(f"table {table}")
    if protected:
        raise OpsError.listing(
            f"Stage {stage.name!r} is protected from deletion. If it really must go, set "
            "gatehouse.deletion_protection to false in config.json, run "
            f"`python -m ops provision --stage {stage.name}`, then this again. Protected:",
            protected,
        )


def _ignoring_absence(call: Any, **request: str) -> Any:
    try:
        return call(**request)
    except ClientError as error:
        if aws.error_code(error) in _MISSING:
            return None
        raise
