"""This module makes a stack's change set. CloudFormation computes the changes, and a person reads the changes before
the update. The stack is then changed exactly as shown, or stays unchanged.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from . import aws
from .errors import OpsError

_WAIT_SECONDS = 120.0
# CloudFormation's error codes for a change set that another update has made obsolete or has deleted.
_OVERTAKEN = ("InvalidChangeSetStatus", "ChangeSetNotFound", "ChangeSetNotFoundException")


def mark_of(stack: Mapping[str, Any]) -> tuple[str, ...]:
    """Return values that identify a stack's version, such as the time of the last update. Every update of the stack
    changes at least one of these values.
    """
    names = ("StackId", "StackStatus", "CreationTime", "LastUpdatedTime")
    return tuple(str(stack.get(name, "")) for name in names)


def overtaken(name: str) -> OpsError:
    """Build the error for a stack that changed after the plan was shown."""
    return OpsError(
        f"Stack {name} was changed after the plan was shown, probably by another person's "
        "deployment. This command changed nothing. Check the current state, and run this command "
        "again."
    )


@dataclass(frozen=True)
class ChangeSet:
    """A change set. If the stack needs no change, `arn` is empty. `mark` identifies the stack's version (`mark_of`)."""

    arn: str
    stack: str
    mark: tuple[str, ...]
    changes: list[dict[str, Any]]

    def execute(self, cloudformation: Any, found: Mapping[str, Any]) -> bool:
        """Begin the update; return False if the stack needs no change. Raises OpsError if the stack has changed since
        `mark` was read.
        """
        if mark_of(found) != self.mark:
            raise overtaken(self.stack)
        if not self.arn:
            return False
        try:
            cloudformation.execute_change_set(ChangeSetName=self.arn)
        except ClientError as error:
            if aws.error_code(error) in _OVERTAKEN:
                raise overtaken(self.stack) from error
            raise
        return True

    def discard(self, cloudformation: Any) -> None:
        """Delete the change set. CloudFormation itself deletes an executed change set, so the error for a missing
        change set is ignored.
        """
        if self.arn:
            try:
                cloudformation.delete_change_set(ChangeSetName=self.arn)
            except ClientError as error:
                if aws.error_code(error) not in _OVERTAKEN:
                    raise


def make_change_set(
    cloudformation: Any,
    found: Mapping[str, Any],
    body: str,
    parameters: list[dict[str, Any]],
    tags: list[dict[str, str]],
    sleep: Callable[[float], None],
) -> ChangeSet:
    """Return a change set in which CloudFormation has computed how an update would change the stack `found`. Raises
    OpsError.
    """
    name = str(found["StackName"])
    arn = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=f"plan-{secrets.token_hex(6)}",
        ChangeSetType="UPDATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=parameters,
        Tags=tags,
    )["Id"]
    made = ChangeSet(arn, name, mark_of(found), [])
    try:
        described = _wait(cloudformation, arn, sleep)
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            if "didn't contain changes" not in reason and "No updates" not in reason:
                raise OpsError(
                    f"CloudFormation cannot plan the update: {reason}\nFix this reason "
                    "and run this command again."
                )
            made.discard(cloudformation)
            return ChangeSet("", name, made.mark, [])
        made.changes.extend(_changes(cloudformation, arn, described))
    except BaseException:
        made.discard(cloudformation)
        raise
    return made


def _wait(cloudformation: Any, arn: str, sleep: Callable[[float], None]) -> dict[str, Any]:
    waited = 0.0
    while True:
        described: dict[str, Any] = cloudformation.describe_change_set(ChangeSetName=arn)
        if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return described
        if waited > _WAIT_SECONDS:
            raise OpsError(
                "CloudFormation did not compute the changes within two minutes. Run "
                "this command again."
            )
        sleep(1.0)
        waited += 1.0


def _changes(cloudformation: Any, arn: str, described: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(described.get("Changes", []))
    while described.get("NextToken"):
        described = cloudformation.describe_change_set(
            ChangeSetName=arn, NextToken=described["NextToken"]
        )
        found += described.get("Changes", [])
    return [change["ResourceChange"] for change in found if change.get("Type") == "Resource"]
