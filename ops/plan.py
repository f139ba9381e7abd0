"""What a deployment would change, said before it does."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from ops import aws, identity_stack, pool_updates
from ops.cloudformation import ABSENT, build_tags, describe, takes_updates
from ops.connect import load_deployed, root_url
from ops.errors import OpsError
from ops.pool_addresses import require_user_pools
from ops.stages import Stage

# Replacing one of these loses people, sessions or addresses.
_PRECIOUS = ("UserPool", "Client", "MfaClient", "UsersTable", "ProvidersTable", "SealingKeys")
_WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """Lines to show, and what would be replaced that holds people's data."""

    lines: list[str]
    replaced: list[str]


def plan(session: boto3.Session, stage: Stage, sleep: Callable[[float], None] = time.sleep) -> Plan:
    """Say what `ops deploy` would do to the stage; changes nothing.

    The stack's part is a change set, which CloudFormation works out and which is deleted again.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
    """
    require_user_pools(stage.region)
    with aws.explained("planning"):
        account = aws.account_id(session)
        cloudformation = aws.client(session, "cloudformation")
        found = describe(cloudformation, stage.identity_stack)
        lines = [f"stage {stage.name} in account {account}, {stage.region}"]
        changes: list[dict[str, Any]] = []
        status = found["StackStatus"] if found else ""
        if found is None or status in ABSENT:
            lines.append(
                f"create stack {stage.identity_stack}: pool, client, tables, secrets, roles"
            )
        elif not takes_updates(status):
            # A change set of it would be refused, and `provision` waits, tidies up, or says why not.
            lines.append(
                f"stack {stage.identity_stack} is in {status}: its changes cannot be told now"
            )
        else:
            changes = _changes(cloudformation, stage, found, sleep)
            lines.append(f"update stack {stage.identity_stack}: {_count(changes)}")
    lines += [f"  {_line(change)}" for change in changes]
    lines.append(_of_chalice(stage))
    lines.append("connect: URLs, triggers, permissions, the API's own errors, limits, access log")
    replaced = [
        change["LogicalResourceId"]
        for change in changes
        if change["LogicalResourceId"] in _PRECIOUS
        and (change["Action"] == "Remove" or change.get("Replacement") == "True")
    ]
    return Plan(lines, replaced)


def _changes(
    cloudformation: Any, stage: Stage, found: dict[str, Any], sleep: Callable[[float], None]
) -> list[dict[str, Any]]:
    deployed = cloudformation.get_template(StackName=stage.identity_stack)["TemplateBody"]
    body = identity_stack.TEMPLATE.read_text(encoding="utf-8")
    body = pool_updates.as_deployed(body, str(deployed))
    made = cloudformation.create_change_set(
        StackName=stage.identity_stack,
        ChangeSetName=f"plan-{secrets.token_hex(6)}",
        ChangeSetType="UPDATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
        Tags=build_tags(identity_stack.tags_of(stage)),
        Parameters=identity_stack.update_parameters(stage, found, body, {}),
    )["Id"]
    try:
        waited = 0.0
        while True:
            described = cloudformation.describe_change_set(ChangeSetName=made)
            if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            if waited > _WAIT_SECONDS:
                raise OpsError("CloudFormation did not work out the changes in two minutes.")
            sleep(1.0)
            waited += 1.0
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            if "didn't contain changes" in reason or "No updates" in reason:
                return []
            raise OpsError(f"CloudFormation cannot plan the update: {reason}")
        changes = list(described.get("Changes", []))
        while described.get("NextToken"):
            described = cloudformation.describe_change_set(
                ChangeSetName=made, NextToken=described["NextToken"]
            )
            changes += described.get("Changes", [])
    finally:
        cloudformation.delete_change_set(ChangeSetName=made)
    return [change["ResourceChange"] for change in changes if change.get("Type") == "Resource"]


def _of_chalice(stage: Stage) -> str:
    try:
        deployed = load_deployed(stage)
    except OpsError:
        return f"chalice deploy: create {stage.api_function} with its two triggers, and the API"
    return f"chalice deploy: update {stage.api_function} and its triggers at {root_url(stage, deployed)}"


def _count(changes: list[dict[str, Any]]) -> str:
    if not changes:
        return "no change"
    return "1 resource" if len(changes) == 1 else f"{len(changes)} resources"


def _line(change: dict[str, Any]) -> str:
    names = sorted(
        {
            detail["Target"]["Name"]
            for detail in change.get("Details", [])
            if detail.get("Target", {}).get("Name")
        }
    )
    how = " REPLACED: what it holds is lost" if change.get("Replacement") == "True" else ""
    what = f" ({', '.join(names)})" if names else ""
    return f"{change['Action'].lower()} {change['LogicalResourceId']}{what}{how}"
