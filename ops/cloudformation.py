"""This module creates, updates and deletes one CloudFormation stack, and waits for the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from . import aws, pool_updates
from .change_set import ChangeSet
from .errors import OpsError
from .report import Reporter
from .stack_events import StackEvents
from .template import read_template

# States after a failed creation. CloudFormation can delete a stack in one of these states, but cannot update the stack.
LEFTOVERS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
# States in which a stack counts as absent. A stack in a state of `LEFTOVERS` is deleted before the new stack is
# created. Stacks in the other two states are empty.
ABSENT = (*LEFTOVERS, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_UNDELETED = "DELETE_FAILED"
_STUCK = (_UNDELETED, "UPDATE_ROLLBACK_FAILED")
_SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_PROTECTION = "DeletionProtection"
_GONE = "DELETE_COMPLETE"
_WAIT_SECONDS = 20 * 60.0


class StackFailed(OpsError):
    """CloudFormation could not finish an operation, and rolled the operation back. `failures` contains CloudFormation's
    reasons.
    """

    def __init__(self, message: str, failures: list[str]) -> None:
        super().__init__(message)
        self.failures = failures


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Describe a stack; return None if the stack does not exist."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in aws.error_message(error):
            return None
        raise
    return dict(stacks[0]) if stacks else None


def takes_updates(status: str) -> bool:
    """Tell whether CloudFormation accepts updates of a stack with this status."""
    return status.endswith("_COMPLETE") and status not in ABSENT


def parameter_names(body: str) -> list[str]:
    """List the parameters that a template declares. CloudFormation refuses an update with any other parameter, even if
    the parameter keeps its previous value.
    """
    return list(read_template(body).get("Parameters", {}))


def build_update(
    found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the parameters for an update of the stack `found`. A parameter that is missing in `parameters` keeps its
    value.
    """
    earlier = values_of(found)
    return [
        _parameter(key, parameters[key])
        if key in parameters
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in parameter_names(body)
        if key in parameters or key in earlier
    ]


def values_of(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the parameters of a described stack."""
    found = stack.get("Parameters", []) if stack else []
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in found}


class Stack:
    """One CloudFormation stack. Its methods change the stack and wait for the result."""

    def __init__(
        self,
        cloudformation: Any,
        name: str,
        report: Reporter,
        sleep: Callable[[float], None],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._api = cloudformation
        self._name = name
        self._report = report
        self._sleep = sleep
        self._tags = build_tags(tags or {})

    def settled(self, *, deleting: bool = False) -> dict[str, Any] | None:
        """Wait until no operation is running, then describe the stack. Return None if the stack does not exist.

        After a failed deletion, CloudFormation only accepts another deletion of the stack. So the method then raises
        OpsError if `deleting` is false.
        """
        found = describe(self._api, self._name)
        if found and found["StackStatus"].endswith("_IN_PROGRESS"):
            self._report.note(f"waiting: {found['StackStatus']}")
            found = self._wait(StackEvents(self._api, self._name))
        if found is None or found["StackStatus"] in (_GONE, "REVIEW_IN_PROGRESS"):
            return None
        if found["StackStatus"] in _STUCK and not (deleting and found["StackStatus"] == _UNDELETED):
            raise OpsError(
                f"Stack {self._name} is stuck in {found['StackStatus']}. In the CloudFormation "
                "console, continue the rollback, or delete the stack but keep the resources that "
                "block the deletion. Then run this command again. If the user pool could "
                "not be rolled back, skip the pool with this command, which does not change the "
                "pool:\n "
                f" aws cloudformation continue-update-rollback --stack-name {self._name} "
                "--resources-to-skip UserPool"
            )
        return found

    def create(self, body: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create the stack and return its outputs.

        The stack is created without deletion protection, and the protection is turned on after all resources exist.
        Otherwise CloudFormation could not roll back the protected pool or table if a later resource failed. The name of
        the remaining pool or table would then block the next attempt.
        https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
        """
        self._report.note("creating")
        events = StackEvents(self._api, self._name)
        self._api.create_stack(
            StackName=self._name,
            TemplateBody=body,
            Capabilities=["CAPABILITY_IAM"],
            Tags=self._tags,
            Parameters=[
                _parameter(key, value)
                for key, value in {**parameters, _PROTECTION: "INACTIVE"}.items()
            ],
        )
        made = self._wait(events)
        outputs = self._outputs(made, events)
        if made is None or parameters.get(_PROTECTION) == "INACTIVE":
            return outputs
        self._report.note("turning on deletion protection")
        return self.update(made, body, parameters)

    def update(
        self, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
    ) -> dict[str, str]:
        """Update the stack if something changed, and return its outputs.

        If CloudFormation refuses the pool's schema, the update is repeated once without the schema
        (`ops.pool_updates`).
        """
        body = pool_updates.as_deployed(body, self.template())
        try:
            return self._update(found, body, parameters)
        except StackFailed as failed:
            return self._without_schema(failed, found, body, parameters)

    def _without_schema(
        self,
        failed: StackFailed,
        found: Mapping[str, Any],
        body: str,
        parameters: Mapping[str, str],
    ) -> dict[str, str]:
        if not pool_updates.refused_for_schema(failed.failures):
            raise failed
        self._report.note(pool_updates.WAY_ROUND)
        return self._update(self.settled() or found, pool_updates.without_schema(body), parameters)

    def template(self) -> dict[str, Any]:
        """Return the template from which the stack was made."""
        return read_template(self._api.get_template(StackName=self._name)["TemplateBody"])

    def protect(self, found: Mapping[str, Any] | None, wanted: bool) -> None:
        """Turn the stack's termination protection on or off."""
        if found is not None and bool(found.get("EnableTerminationProtection")) != wanted:
            self._api.update_termination_protection(
                StackName=self._name, EnableTerminationProtection=wanted
            )
            self._report.note(f"termination protection {'on' if wanted else 'off'}")

    def _update(
        self, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
    ) -> dict[str, str]:
        request = build_update(found, body, parameters)
        events = StackEvents(self._api, self._name)
        events.skip()
        try:
            self._api.update_stack(
                StackName=self._name,
                TemplateBody=body,
                Capabilities=["CAPABILITY_IAM"],
                Tags=self._tags,
                Parameters=request,
            )
        except ClientError as error:
            if "No updates are to be performed" in aws.error_message(error):
                self._report.note("unchanged")
                return _outputs(found)
            raise
        self._report.note("updating")
        return self._outputs(self._wait(events), events)

    def execute(
        self,
        change_set: ChangeSet,
        found: Mapping[str, Any],
        body: str,
        parameters: Mapping[str, str],
    ) -> dict[str, str]:
        """Execute a change set of the stack, and return the outputs. Raises OpsError if the stack has changed since the
        change set was made.

        `body` and `parameters` are the change set's template and parameters. If CloudFormation refuses the pool's
        schema, `update` repeats the update with this template and these parameters.
        """
        events = StackEvents(self._api, self._name)
        events.skip()
        if not change_set.execute(self._api, found):
            self._report.note("unchanged")
            return _outputs(found)
        self._report.note("updating, exactly as shown")
        try:
            return self._outputs(self._wait(events), events)
        except StackFailed as failed:
            return self._without_schema(failed, found, body, parameters)

    def delete(self) -> None:
        """Delete the stack, and wait until the deletion has ended."""
        events = StackEvents(self._api, self._name)
        events.skip()
        self._api.delete_stack(StackName=self._name)
        found = self._wait(events)
        if found is not None and found["StackStatus"] != _GONE:
            raise OpsError.listing(
                f"Stack {self._name} could not be deleted ({found['StackStatus']}). Fix the first "
                "of these errors and run this command again:",
                events.failures,
            )

    def _outputs(self, found: Mapping[str, Any] | None, events: StackEvents) -> dict[str, str]:
        status = found["StackStatus"] if found else "gone"
        if found is None or status not in _SUCCESS:
            reasons = events.failures or [
                str((found or {}).get("StackStatusReason", "no reason given"))
            ]
            told = OpsError.listing(
                f"CloudFormation could not finish the stack {self._name} ({status}) and rolled "
                "back. "
                "Fix the first of these errors and run this command again:",
                [*reasons, *pool_updates.meanings(reasons)],
            )
            raise StackFailed(str(told), reasons)
        return _outputs(found)

    def _wait(self, events: StackEvents) -> dict[str, Any] | None:
        """Wait until the stack's operation ends, and show each resource's progress. Raises OpsError after 20
        minutes.
        """
        waited, pause = 0.0, 0.2
        while waited < _WAIT_SECONDS:
            found = describe(self._api, self._name)
            for line in events.new():
                self._report.note(line)
            if found is None or not _under_way(found["StackStatus"]):
                return found
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 3.0)
        raise OpsError(
            f"Stack {self._name} is still busy after {_WAIT_SECONDS / 60:.0f} minutes. Check the "
            "stack in the CloudFormation console, or run this command again to continue waiting."
        )


def _under_way(status: str) -> bool:
    # A stack in REVIEW_IN_PROGRESS has only a change set: no operation is running.
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def build_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Build tags in CloudFormation's format. CloudFormation also puts a stack's tags on the stack's resources."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _parameter(key: str, value: str) -> dict[str, str]:
    return {"ParameterKey": key, "ParameterValue": value}


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
