"""Checks of the team's own functions, and of the queues and streams that call these functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from .. import aws
from ..mount import OwnFunction
from ..program import PROGRAM
from ..team_file import NAME, TeamFile, load_team_file
from ..team_resources import output_roles, queue_variable
from .check import Check, Fault
from .deployment import FUNCTIONS, Deployment

_STREAMS = "/stream/"
_WORKING = ("Enabled", "Enabling", "Creating", "Updating")
# Error codes for a missing queue; the second code is the older name:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
_NO_QUEUE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
_NUMBER = "ApproximateNumberOfMessages"
_LONG_SECONDS = 3600


def own_functions(deployment: Deployment) -> Iterator[Fault]:
    """Check that the team's functions in app.py, and no others, are deployed, and that each function has its own role
    (S-96).
    """
    stage, declared = deployment.stage, _declared(deployment)
    outputs = {
        name: output for output, name in output_roles(load_team_file(stage.project_dir)).items()
    }
    for each in declared:
        name = stage.function(each.name)
        found = deployment.absent_as_none(
            deployment.client("lambda").get_function_configuration, FunctionName=name
        )
        if found is None:
            yield Fault(
                f"app.py declares {each.name}, but the function {name} is missing.",
                deployment.again,
            )
            continue
        if found.get("State", "Active") not in ("Active", "Inactive"):
            yield Fault(
                f"the function {name} is {found['State']}: {found.get('StateReason', '')}",
                deployment.again,
            )
        wanted = deployment.outputs.get(outputs.get(each.name, ""))
        is_teams = wanted is None and each.name in stage.own_roles
        if found["Role"] != wanted and not is_teams:
            its_own = f"the stack's {wanted}" if wanted else "one of its own"
            yield Fault(
                f"{name} uses the role {found['Role']}, not {its_own}.",
                f"declare {each.name} under `functions` in {NAME}; {deployment.again}",
            )
    known = {*FUNCTIONS, *(each.name for each in declared)}
    for name, arn in sorted(deployment.deployed.functions.items()):
        # Chalice's record also contains event sources, each with the ARN of the function that the event source calls.
        if name in known or not arn.endswith(f":{stage.function(name)}"):
            continue
        yield Fault(
            f"{stage.function(name)} still runs, but app.py no longer declares {name}.",
            deployment.again,
        )


def own_sources(deployment: Deployment) -> Iterator[Fault]:
    """For each queue or stream with a function in app.py, check that Lambda passes the items to this function."""
    for each, source in _called_by(deployment):
        arn = deployment.deployed.functions.get(each.name)
        if arn is None:
            continue  # the check `own-functions` reports that the function is missing
        pages = (
            deployment.client("lambda")
            .get_paginator("list_event_source_mappings")
            .paginate(FunctionName=arn)
        )
        mappings = [
            mapping
            for page in pages
            for mapping in page["EventSourceMappings"]
            if mapping.get("EventSourceArn", "") == source
            or mapping.get("EventSourceArn", "").endswith(f":{source}")
        ]
        if not any(mapping.get("State") in _WORKING for mapping in mappings):
            states = (
                ", ".join(str(mapping.get("State")) for mapping in mappings) or "no mapping exists"
            )
            yield Fault(
                f"{each.name} is not called for items in {source}, because the event source "
                f"mapping is not enabled ({states}).",
                deployment.again,
            )
        for mapping in mappings:
            result = mapping.get("LastProcessingResult", "")
            if result.startswith("PROBLEM"):
                yield Fault(
                    f"Lambda cannot pass items of {source} to {each.name}: {result}",
                    f"read the log with `{PROGRAM} logs --stage {deployment.stage.name} "
                    f"--function {each.name}`.",
                )


def own_queues(deployment: Deployment) -> Iterator[Fault]:
    """Check that the team's queues exist, and that their dead-letter queues are empty."""
    for queue in _file(deployment).queues:
        url = deployment.variable(f"{queue_variable(queue)}_URL")
        name = deployment.stage.named(queue)
        waiting, dead = (_messages(deployment, each) for each in (url, f"{url}-dead"))
        if waiting is None or dead is None:
            yield Fault(
                f"the queue {name}{'' if waiting is None else '-dead'} is missing.",
                deployment.again,
            )
        elif dead:
            yield Fault(
                f"{dead} messages of the queue {queue} failed repeatedly, and are now in "
                f"{name}-dead.",
                f"`{PROGRAM} logs --stage {deployment.stage.name} --errors --since 1d` shows the "
                "reason; after you fix the cause, `aws sqs start-message-move-task --source-arn "
                "…` moves the messages back "
                "to the queue.",
            )


def own_waits(deployment: Deployment) -> Iterator[Fault]:
    """Check that no item in the team's queues and streams is older than an hour."""
    stage = deployment.stage
    watched = [
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, 1)
        for queue in _file(deployment).queues
    ]
    watched += [
        ("AWS/Lambda", "IteratorAge", "FunctionName", each.name, 1000)
        for each, source in _called_by(deployment)
        if _STREAMS in source
    ]
    now = datetime.now(timezone.utc)
    for namespace, metric, dimension, name, unit in watched:
        found = deployment.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": stage.named(name)}],
            StartTime=now - timedelta(minutes=15),
            EndTime=now,
            Period=900,
            Statistics=["Maximum"],
        )
        seconds = max((point["Maximum"] for point in found["Datapoints"]), default=0) / unit
        if seconds > _LONG_SECONDS:
            yield Fault(
                f"items for {name} have waited for {seconds / 3600:.1f} hours.",
                f"`{PROGRAM} logs --stage {stage.name} --errors --since 1d` shows the reason; give the function "
                "more memory or time, or a larger batch_size.",
            )


def _file(deployment: Deployment) -> TeamFile:
    return load_team_file(deployment.stage.project_dir)


def _declared(deployment: Deployment) -> list[OwnFunction]:
    return [each for each in deployment.mount.functions if each.name not in FUNCTIONS]


def _called_by(deployment: Deployment) -> Iterator[tuple[OwnFunction, str]]:
    """Yield each function that a queue or stream calls, together with the queue's name or the stream's ARN."""
    queues = {deployment.stage.named(queue) for queue in _file(deployment).queues}
    for each in _declared(deployment):
        if each.source in queues or _STREAMS in each.source:
            yield each, each.source


def _messages(deployment: Deployment, url: str) -> int | None:
    """Count the messages of a queue; return None if the queue does not exist."""
    try:
        found: dict[str, Any] = deployment.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=[_NUMBER]
        )
    except ClientError as error:
        if aws.error_code(error) in _NO_QUEUE:
            return None
        raise
    return int(found["Attributes"][_NUMBER])


CHECKS = (
    Check("own-functions", own_functions),
    Check("own-sources", own_sources),
    Check("own-queues", own_queues),
    Check("own-waits", own_waits, "the local AWS does not measure how long messages wait"),
)
