"""This module turns the events of a CloudFormation stack into progress lines, and collects the reasons of failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

# CloudFormation uses these words for a resource that was stopped because another resource failed.
_CONSEQUENCES = ("cancelled", "canceled")
#: The maximum number of names in a line about successes. Longer lines would hide the failures.
_NAMED = 4


class StackEvents:
    """A reader of one stack's events. `failures` has the reasons of failures, the oldest first."""

    def __init__(self, cloudformation: Any, stack_name: str) -> None:
        self._api = cloudformation
        self._name = stack_name
        self._seen: set[str] = set()
        self.failures: list[str] = []

    def skip(self) -> None:
        """Ignore all events that have happened until now."""
        self._seen.update(event["EventId"] for event in self._fetch())

    def new(self) -> list[str]:
        """Return lines about the operations that have ended since the last call. Each failure has its own line. All
        successes of one kind share a line.
        """
        failed: list[str] = []
        finished: dict[str, list[str]] = {}
        for event in reversed(self._fetch()):
            self._seen.add(event["EventId"])
            resource, status = event["LogicalResourceId"], event["ResourceStatus"]
            # Events about the stack itself are left out, because the caller shows the stack's state.
            if resource == self._name or status.endswith("_IN_PROGRESS"):
                continue
            if status.endswith("_FAILED"):
                failed.append(_line(event))
                if not _is_consequence(event):
                    self.failures.append(_line(event))
            else:
                finished.setdefault(status, []).append(resource)
        return [*(f"{status}: {_list(names)}" for status, names in finished.items()), *failed]

    def _fetch(self) -> list[Mapping[str, Any]]:
        """Return the unseen events, the newest first."""
        found: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            try:
                page = self._api.describe_stack_events(StackName=self._name, **token)
            except ClientError:
                # CloudFormation no longer finds a deleted stack by its name. The caller uses describe_stacks to
                # notice when the deletion has ended.
                return found
            for event in page["StackEvents"]:
                if event["EventId"] in self._seen:
                    return found
                found.append(event)
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}


def _list(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more"


def _is_consequence(event: Mapping[str, Any]) -> bool:
    reason = event.get("ResourceStatusReason", "").lower()
    return any(word in reason for word in _CONSEQUENCES)


def _line(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason")
    line = f"{event['LogicalResourceId']} {event['ResourceStatus']}"
    return f"{line}: {reason}" if reason else line
