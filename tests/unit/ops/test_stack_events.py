"""Tests of the progress lines of a stack: the lines show few successes and all failures."""

from ops.stack_events import StackEvents
from tests.unit.ops.fakes import FakeCloudFormation


def test_failures_are_not_hidden_by_what_went_well() -> None:
    """The progress shows the failure of one resource, even if seven other resources were made successfully."""
    cloud = FakeCloudFormation()
    events = StackEvents(cloud, "the-stack")
    for number in range(7):
        cloud.events.append(
            {
                "EventId": f"e{number}",
                "LogicalResourceId": f"R{number}",
                "ResourceStatus": "CREATE_COMPLETE",
            }
        )
    cloud.events.append(
        {
            "EventId": "e7",
            "LogicalResourceId": "Pool",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceStatusReason": "a name is taken",
        }
    )
    assert events.new() == [
        "CREATE_COMPLETE: R0, R1, R2, R3 and 3 more",
        "Pool CREATE_FAILED: a name is taken",
    ]
    assert events.failures == ["Pool CREATE_FAILED: a name is taken"]
    assert events.new() == []
