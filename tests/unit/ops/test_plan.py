"""The plan is told in every state a stack can be in."""

from pathlib import Path
from typing import Any

import pytest

from ops.plan import Plan, plan
from tests.unit.ops.fakes import FakeCloudFormation, FakeSession, client_error, stage


class Planner(FakeCloudFormation):
    """Refuses change sets where CloudFormation does, and finds one change."""

    def create_change_set(self, **_: Any) -> dict[str, str]:
        """Only a stack at rest, with something in it, can be updated."""
        if self.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            raise client_error(
                "ValidationError", f"Stack is in {self.status} state and can not be updated."
            )
        return {"Id": "plan"}

    def describe_change_set(self, ChangeSetName: str) -> dict[str, Any]:
        """One resource changes."""
        change = {"Action": "Modify", "LogicalResourceId": "Client", "Replacement": "False"}
        return {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"Type": "Resource", "ResourceChange": change}],
        }

    def delete_change_set(self, ChangeSetName: str) -> None:
        """Forget it."""


class Sts:
    """One account."""

    def get_caller_identity(self) -> dict[str, str]:
        """Whose credentials these are."""
        return {"Account": "111122223333"}


def planned(folder: Path, status: str | None) -> Plan:
    """The plan for a stack in this state."""
    session = FakeSession(cloudformation=Planner(status), sts=Sts())
    return plan(session, stage(folder), sleep=lambda _: None)  # type: ignore[arg-type]  # a fake session


@pytest.mark.parametrize("status", [None, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_first_attempt_left_does_not_stop_the_next(
    tmp_path: Path, status: str | None
) -> None:
    """CloudFormation plans no update of it, and `deploy` plans before it provisions."""
    assert "create stack gatehouse-dev-identity" in planned(tmp_path, status).lines[1]


@pytest.mark.parametrize(
    "status", ["UPDATE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"]
)
def test_a_stack_at_work_or_stuck_is_named(tmp_path: Path, status: str) -> None:
    """Provisioning then waits for it, or says what to do."""
    assert f"is in {status}" in planned(tmp_path, status).lines[1]


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_shows_its_changes(tmp_path: Path, status: str) -> None:
    """Each with its resource."""
    assert "  modify Client" in planned(tmp_path, status).lines
