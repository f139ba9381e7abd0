"""The events of a CloudFormation stack as progress lines, and the reasons of its failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

# CloudFormation reports these words for resources that it stopped only because another one failed.
_CONSEQUENCES = ("cancelled", "canceled")
#: At most this many successes are listed, so that they do not hide the failures.
_NAMED = 4


class StackEvents:
    """Follows one stack; `failures` collects what went wrong, oldest first."""

    def __init__(self, cloudformation: Any, stack_name: str) -> None:
        self._api = cloudformation
        self._name = stack_name
        self._seen: set[str] = set()
        self.failures: list[str] = []

    def skip(self) -> None:
        """Ignore events before now."""
        self._seen.update(event["EventId"] for event in self._fetch())

    def new(self) -> list[str]:
        """Return lines about the operations that have ended since the last call: one line per failure, and one line per kind
        of success."""
        failed: list[str] = []
        finished: dict[str, list[str]] = {}
        for event in reversed(self._fetch()):
            self._seen.add(event["EventId"])
            resource, status = event["LogicalResourceId"], event["ResourceStatus"]
            # The stack also reports on itself; the caller shows that.
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
        """Fetch unseen events, newest first, as the API returns them."""
        found: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            try:
                page = self._api.describe_stack_events(StackName=self._name, **token)
            except ClientError:
                # A deleted stack is no longer found by its name; the caller learns of its end from describe_stacks.
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
