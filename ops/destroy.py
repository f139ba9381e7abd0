"""This module removes a stage: first the API and the functions, then the identity stack. CloudFormation keeps the pool
and the tables when it deletes the stack, so this module deletes them last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

from . import aws, identity_stack
from .deploy import CHALICE, run_chalice
from .errors import OpsError
from .program import PROGRAM
from .report import Reporter
from .stages import Stage, clear_environment
from .team_file import load_team_file
from .team_resources import output_roles, output_variables, table_variable

_TABLES = ("USERS_TABLE", "PROVIDERS_TABLE")
_MISSING = ("ResourceNotFoundException", "UserPoolNotFoundException")


def inventory(session: boto3.Session, stage: Stage) -> list[str]:
    """Return one line for the pool and one line for each table, with the number of accounts or rows. The pool and the
    tables remain when the stack is deleted, so `destroy` deletes them separately.
    """
    found = []
    with aws.explained("counting what would be lost"):
        pool = stage.environment.get("USER_POOL_ID")
        describe = aws.client(session, "cognito-idp").describe_user_pool
        described = _ignoring_absence(describe, UserPoolId=pool) if pool else None
        if described:
            people = described["UserPool"].get("EstimatedNumberOfUsers", 0)
            found.append(f"user pool {pool} (about {people} accounts)")
        for variable in _tables_of(stage):
            table = stage.environment.get(variable)
            describe = aws.client(session, "dynamodb").describe_table
            described = _ignoring_absence(describe, TableName=table) if table else None
            if described:
                found.append(f"table {table} (about {described['Table']['ItemCount']} rows)")
    return found


def destroy(
    session: boto3.Session,
    stage: Stage,
    report: Reporter,
    *,
    keep_data: bool = False,
    chalice: Sequence[str] = CHALICE,
) -> None:
    """Remove a stage with all its accounts and records.

    If deletion protection is on, the function raises OpsError before any change. A second run after a failure is safe.
    With `keep_data`, the pool and the tables are kept, and their names are printed.
    """
    if not keep_data:
        with aws.explained("checking deletion protection"):
            _verify_unprotected(session, stage)
    if stage.deployed_file.exists():
        arguments = ["delete", "--stage", stage.name]
        run_chalice(stage.project_dir, arguments, stage.region, report, chalice)
    report.step(f"Deleting stack {stage.identity_stack}")
    identity_stack.delete(session, stage, report)
    report.done()
    if keep_data:
        report.note("kept (deletion protection is unchanged):")
        for line in inventory(session, stage):
            report.note(f"  {line}")
        return
    report.step("Deleting the user pool and the tables, which the stack retains")
    with aws.explained("deleting what the stack retained"):
        pool = stage.environment.get("USER_POOL_ID")
        if pool:
            _ignoring_absence(aws.client(session, "cognito-idp").delete_user_pool, UserPoolId=pool)
        for variable in _tables_of(stage):
            table = stage.environment.get(variable)
            if table:
                delete = aws.client(session, "dynamodb").delete_table
                _ignoring_absence(delete, TableName=table)
    team_file = load_team_file(stage.project_dir)
    clear_environment(
        stage.project_dir,
        stage.name,
        [*identity_stack.VARIABLES, *output_variables(team_file).values()],
        [*identity_stack.FUNCTIONS, *output_roles(team_file).values()],
    )
    report.done()


def _tables_of(stage: Stage) -> list[str]:
    """For each table that the stack retains, return the name of the variable that contains the table's name. The list
    includes the team's own tables.
    """
    return [*_TABLES, *map(table_variable, load_team_file(stage.project_dir).tables)]


def _verify_unprotected(session: boto3.Session, stage: Stage) -> None:
    protected = []
    pool = stage.environment.get("USER_POOL_ID")
    if pool:
        describe = aws.client(session, "cognito-idp").describe_user_pool
        found = _ignoring_absence(describe, UserPoolId=pool)
        if found and found["UserPool"].get("DeletionProtection") == "ACTIVE":
            protected.append(f"user pool {pool}")
    for variable in _tables_of(stage):
        table = stage.environment.get(variable)
        if table:
            found = _ignoring_absence(
                aws.client(session, "dynamodb").describe_table, TableName=table
            )
            if found and found["Table"].get("DeletionProtectionEnabled"):
                protected.append(f"table {table}")
    if protected:
        raise OpsError.listing(
            f"Stage {stage.name!r} is protected from deletion. To delete the stage anyway, set "
            f"gatehouse.deletion_protection to false in config.json, run `{PROGRAM} provision --stage "
            f"{stage.name}`, then run this command again. Protected:",
            protected,
        )


def _ignoring_absence(call: Any, **request: str) -> Any:
    try:
        return call(**request)
    except ClientError as error:
        if aws.error_code(error) in _MISSING:
            return None
        raise
