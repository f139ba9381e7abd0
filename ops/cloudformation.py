"""One CloudFormation stack: creating, updating and deleting it, and waiting until that is done."""

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

# The remains of a first attempt: CloudFormation cannot update these, only delete them.
LEFTOVERS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
# As good as no stack: leftovers are removed before the creation, the others hold nothing.
ABSENT = (*LEFTOVERS, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_UNDELETED = "DELETE_FAILED"
_STUCK = (_UNDELETED, "UPDATE_ROLLBACK_FAILED")
_SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_PROTECTION = "DeletionProtection"
_GONE = "DELETE_COMPLETE"
_WAIT_SECONDS = 20 * 60.0


class StackFailed(OpsError):
    """CloudFormation gave up and took its changes back; `failures` are its reasons."""

    def __init__(self, message: str, failures: list[str]) -> None:
        super().__init__(message)
        self.failures = failures


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Describe a stack; None when there is none."""
    try:
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in aws.error_message(error):
            return None
        raise
    return dict(stacks[0]) if stacks else None


def takes_updates(status: str) -> bool:
    """Say whether CloudFormation works out changes of a stack in this state."""
    return status.endswith("_COMPLETE") and status not in ABSENT


def parameter_names(body: str) -> list[str]:
    """List the parameters a template declares: an update must not mention any other, not even with its previous value."""
    return list(read_template(body).get("Parameters", {}))


def build_update(
    found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Build the parameters of an update of `found`: those that are not said keep their value."""
    earlier = values_of(found)
    return [
        _parameter(key, parameters[key])
        if key in parameters
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in parameter_names(body)
        if key in parameters or key in earlier
    ]


def values_of(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """Answer the parameters that a described stack has."""
    found = stack.get("Parameters", []) if stack else []
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in found}


class Stack:
    """One stack and the waiting for it."""

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
        """Describe the stack once nothing is under way; None when there is none.

        A deletion that failed can be tried again, and nothing else can be done with the stack.
        """
        found = describe(self._api, self._name)
        if found and found["StackStatus"].endswith("_IN_PROGRESS"):
            self._report.note(f"waiting: {found['StackStatus']}")
            found = self._wait(StackEvents(self._api, self._name))
        if found is None or found["StackStatus"] in (_GONE, "REVIEW_IN_PROGRESS"):
            return None
        if found["StackStatus"] in _STUCK and not (deleting and found["StackStatus"] == _UNDELETED):
            raise OpsError(
                f"Stack {self._name} is stuck in {found['StackStatus']}. "
                "Settle it in the CloudFormation console (continue the rollback, or delete it "
                "keeping the resources that block), then run this again. Where it is the user pool "
                "that could not be rolled back, skip it, which changes nothing in it:\n  aws "
                f"cloudformation continue-update-rollback --stack-name {self._name} "
                "--resources-to-skip UserPool"
            )
        return found

    def create(self, body: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create the stack and answer its outputs.

        What it makes is protected from deletion once all of it stands: CloudFormation could not
        take a protected pool or table back when a later resource fails, and what is left there
        would block the next attempt by its name.
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
        self._report.note("protecting it from deletion")
        return self.update(made, body, parameters)

    def update(
        self, found: Mapping[str, Any], body: str, parameters: Mapping[str, str]
    ) -> dict[str, str]:
        """Update the stack where something changed, and answer its outputs.

        A refusal of the pool's schema is gone round, once: `ops.pool_updates` says how and why.
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
        """Read the template that the stack was made from."""
        return read_template(self._api.get_template(StackName=self._name)["TemplateBody"])

    def protect(self, found: Mapping[str, Any] | None, wanted: bool) -> None:
        """Let CloudFormation refuse to delete the stack, or not."""
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
        """Execute a change set of the stack, and answer the outputs. Raises OpsError if the stack has changed meanwhile.

        `body` and `parameters` are what it was made of: a refusal of the pool's schema is gone round as in `update`.
        """
        events = StackEvents(self._api, self._name)
        events.skip()
        if not change_set.execute(self._api, found):
            self._report.note("unchanged")
            return _outputs(found)
        self._report.note("updating, as was shown")
        try:
            return self._outputs(self._wait(events), events)
        except StackFailed as failed:
            return self._without_schema(failed, found, body, parameters)

    def delete(self) -> None:
        """Delete the stack and wait until it is gone."""
        events = StackEvents(self._api, self._name)
        events.skip()
        self._api.delete_stack(StackName=self._name)
        found = self._wait(events)
        if found is not None and found["StackStatus"] != _GONE:
            raise OpsError.listing(
                f"Stack {self._name} could not be deleted ({found['StackStatus']}):",
                events.failures,
            )

    def _outputs(self, found: Mapping[str, Any] | None, events: StackEvents) -> dict[str, str]:
        status = found["StackStatus"] if found else "gone"
        if found is None or status not in _SUCCESS:
            reasons = events.failures or [
                str((found or {}).get("StackStatusReason", "no reason given"))
            ]
            told = OpsError.listing(
                f"CloudFormation gave up on {self._name} ({status}) and took its changes back. "
                "Mend the first of these and run this again:",
                [*reasons, *pool_updates.meanings(reasons)],
            )
            raise StackFailed(str(told), reasons)
        return _outputs(found)

    def _wait(self, events: StackEvents) -> dict[str, Any] | None:
        """Wait, showing each resource's progress; gives up after 20 minutes."""
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
            f"Stack {self._name} is still at work after {_WAIT_SECONDS / 60:.0f} minutes. "
            "Look at it in the CloudFormation console; running this again goes on waiting."
        )


def _under_way(status: str) -> bool:
    # REVIEW_IN_PROGRESS is a stack that is only a change set so far: nothing is at work.
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def build_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Build tags as CloudFormation takes them; it puts them on what the stack makes, too."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _parameter(key: str, value: str) -> dict[str, str]:
    return {"ParameterKey": key, "ParameterValue": value}


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
