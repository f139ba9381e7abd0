"""Tests that `ops` shows a plan in every state of a stack."""

from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.identity_stack import provision
from ops.plan import Plan, plan
from ops.stages import config_file
from tests.unit.ops.fakes import (
    FakeCloudFormation,
    FakeCognito,
    FakeSession,
    client_error,
    dev_block,
    project,
    reporter,
    stage,
)


class Planner(FakeCloudFormation):
    """A CloudFormation that refuses a change set in the same states of a stack as the real service. In all other
    states, the fake returns a change set with one change."""

    obsolete = False

    def create_change_set(self, **_: Any) -> dict[str, str]:
        """Make a change set. Only an idle stack with content can be updated."""
        if self.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            raise client_error(
                "ValidationError", f"Stack is in {self.status} state and can not be updated."
            )
        return {"Id": "plan"}

    def describe_change_set(self, ChangeSetName: str) -> dict[str, Any]:
        """Return a change set in which one resource changes."""
        change = {"Action": "Modify", "LogicalResourceId": "Client", "Replacement": "False"}
        return {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"Type": "Resource", "ResourceChange": change}],
        }

    def delete_change_set(self, ChangeSetName: str) -> None:
        """Delete the change set."""
        self.calls.append("discard")

    def execute_change_set(self, ChangeSetName: str) -> None:
        """Execute the computed changes, unless the stack has had a later update."""
        if self.obsolete:
            raise client_error("InvalidChangeSetStatus", "ChangeSet [plan] is in OBSOLETE status")
        self.calls.append("execute")
        self.given.append({})


class Sts:
    """An STS with one account."""

    def get_caller_identity(self) -> dict[str, str]:
        """Return the account of the credentials."""
        return {"Account": "111122223333"}


def planned(folder: Path, status: str | None, planner: Planner | None = None) -> Plan:
    """Return the plan for a stack in the state `status`."""
    session: Any = FakeSession(cloudformation=planner or Planner(status), sts=Sts())
    return plan(session, stage(folder), sleep=lambda _: None)


def approve(folder: Path, planner: Planner, shown: Plan) -> None:
    """Execute the shown plan."""
    session: Any = FakeSession(cloudformation=planner, cognito_idp=FakeCognito(), sts=Sts())
    if not config_file(folder).exists():
        project(folder, dev=dev_block())
    provision(session, stage(folder), {}, reporter()[0], sleep=lambda _: None, approved=shown)


@pytest.mark.parametrize("status", [None, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_a_failed_first_attempt_left_does_not_stop_the_next(
    tmp_path: Path, status: str | None
) -> None:
    """CloudFormation cannot plan an update of a stack that a failed attempt has left. `deploy` plans first and
    provisions afterwards, so the missing plan must not stop `deploy`."""
    assert "create stack gatehouse-dev-identity" in planned(tmp_path, status).lines[1]


@pytest.mark.parametrize(
    "status", ["UPDATE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"]
)
def test_a_stack_at_work_or_stuck_is_named(tmp_path: Path, status: str) -> None:
    """The later step of provisioning waits for the stack, or names the remedy."""
    assert f"is in {status}" in planned(tmp_path, status).lines[1]


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_shows_its_changes(tmp_path: Path, status: str) -> None:
    """Each line of the plan names a resource that changes."""
    assert "  modify Client" in planned(tmp_path, status).lines


def test_the_change_set_that_was_shown_is_executed(tmp_path: Path) -> None:
    """`deploy` executes the change set of the plan, and computes no new update."""
    planner = Planner("UPDATE_COMPLETE")
    planner.protected = True
    shown = planned(tmp_path, None, planner)
    approve(tmp_path, planner, shown)
    assert planner.calls == ["execute"]


@pytest.mark.parametrize("found", ["by the stack", "by CloudFormation"])
def test_what_changed_since_it_was_shown_is_refused(tmp_path: Path, found: str) -> None:
    """If a teammate has deployed since the plan was shown, the operator has not approved the combined changes."""
    planner = Planner("UPDATE_COMPLETE")
    shown = planned(tmp_path, None, planner)
    if found == "by the stack":
        planner.given.append({})
    planner.obsolete = found == "by CloudFormation"
    with pytest.raises(OpsError, match="was changed after the plan was shown"):
        approve(tmp_path, planner, shown)
    assert planner.calls == []


def test_a_stack_that_came_or_went_since_is_refused(tmp_path: Path) -> None:
    """In one case the plan was a creation, but the stack exists. In the other case the plan was an update, but the
    stack is gone."""
    planner = Planner(None)
    shown = planned(tmp_path, None, planner)
    planner.status = "CREATE_COMPLETE"
    with pytest.raises(OpsError, match="was changed after the plan was shown"):
        approve(tmp_path, planner, shown)
    shown = planned(tmp_path, None, planner)
    planner.status = None
    with pytest.raises(OpsError, match="was changed after the plan was shown"):
        approve(tmp_path, planner, shown)
    assert planner.calls == []


def test_no_change_was_shown_so_none_is_made(tmp_path: Path) -> None:
    """If a teammate has changed the stack since the plan was shown, `deploy` stops instead of updating the stack."""

    class Quiet(Planner):
        def describe_change_set(self, ChangeSetName: str) -> dict[str, Any]:
            reason = "The submitted information didn't contain changes."
            return {"Status": "FAILED", "StatusReason": reason}

    planner = Quiet("UPDATE_COMPLETE")
    planner.protected = True
    shown = planned(tmp_path, None, planner)
    approve(tmp_path, planner, shown)
    assert planner.calls == ["discard"]
    planner.given.append({})
    with pytest.raises(OpsError, match="was changed after the plan was shown"):
        approve(tmp_path, planner, shown)
