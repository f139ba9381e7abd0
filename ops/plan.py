"""This module shows the changes that a deployment would make."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from . import aws, identity_stack, pool_updates
from .change_set import ChangeSet, make_change_set
from .cloudformation import ABSENT, build_tags, describe, takes_updates
from .connect import load_deployed, root_url
from .errors import OpsError
from .pool_addresses import require_user_pools
from .stages import Stage
from .team_functions import verify_functions

# Resources with a stage's people, sessions or addresses. If CloudFormation replaces such a resource, this data is lost.
_PRECIOUS = ("UserPool", "Client", "MfaClient", "UsersTable", "ProvidersTable", "SealingKeys")


@dataclass(frozen=True)
class Plan:
    """The result of `plan`. `lines` are the lines to show. `replaced` has the names of the resources in `_PRECIOUS`
    that a deployment would replace or remove.

    The lines describe `change_set`, the stack's change set. `change_set` is None if the stack does not exist,
    or if CloudFormation cannot compute the changes now.
    """

    lines: list[str]
    replaced: list[str]
    change_set: ChangeSet | None = None
    creates: bool = False


def plan(session: boto3.Session, stage: Stage, sleep: Callable[[float], None] = time.sleep) -> Plan:
    """Return the changes that `ops deploy` would make to the stage. This function does not change the stage.

    The plan includes the stack's change set. The caller must execute or discard the change set.
    """
    require_user_pools(stage.region)
    verify_functions(stage, identity_stack.FUNCTIONS)
    with aws.explained("planning"):
        account = aws.account_id(session)
        cloudformation = aws.client(session, "cloudformation")
        found = describe(cloudformation, stage.identity_stack)
        lines = [f"stage {stage.name} in account {account}, {stage.region}"]
        changes: list[dict[str, Any]] = []
        change_set = None
        status = found["StackStatus"] if found else ""
        if found is None or status in ABSENT:
            lines.append(
                f"create stack {stage.identity_stack}: pool, client, tables, secrets, roles"
            )
        elif not takes_updates(status):
            # While the stack is in the state `status`, CloudFormation refuses a change set. `provision` then waits for
            # another state, removes the stack of a failed first attempt, or says why `provision` cannot continue.
            lines.append(
                f"stack {stage.identity_stack} is in {status}: CloudFormation cannot compute its "
                "changes now"
            )
        else:
            deployed = cloudformation.get_template(StackName=stage.identity_stack)["TemplateBody"]
            body = pool_updates.as_deployed(identity_stack.body_of(stage), deployed)
            parameters = identity_stack.update_parameters(stage, found, body, {})
            tags = build_tags(identity_stack.tags_of(stage))
            change_set = make_change_set(cloudformation, found, body, parameters, tags, sleep)
            changes = change_set.changes
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
    return Plan(lines, replaced, change_set, found is None or status in ABSENT)


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
    how = "REPLACED: its data is lost" if change.get("Replacement") == "True" else ""
    what = f" ({', '.join(names)})" if names else ""
    return f"{change['Action'].lower()} {change['LogicalResourceId']}{what}{how}"
