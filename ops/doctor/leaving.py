"""Checks of providers' signals about people who leave: the queue, its function, and each provider's settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.gatehouse.store.providers import Provider

from ..program import PROGRAM
from .check import Check, Fact, Fault, Note
from .deployment import Deployment


def leaving_queue(deployment: Deployment) -> Iterator[Fault]:
    """Check that the function `leaving` reads the queue of signals, and that the dead-letter queue is empty."""
    url = deployment.variable("LEAVING_QUEUE_URL")
    arn = deployment.functions["leaving"]["FunctionArn"]
    found = deployment.client("lambda").list_event_source_mappings(FunctionName=arn)
    mappings = found["EventSourceMappings"]
    if not any(each.get("State") in ("Enabled", "Creating", "Enabling") for each in mappings):
        yield Fault(
            "no function reads the signals' queue: people who leave stay signed in.",
            deployment.again,
        )
    names = ["ApproximateNumberOfMessages"]
    lost = deployment.client("sqs").get_queue_attributes(
        QueueUrl=f"{url}-lost", AttributeNames=names
    )
    number = int(lost["Attributes"][names[0]])
    if number:
        yield Fault(
            f"{number} signals failed repeatedly: a person who left may still be signed in.",
            "see docs/operations.md, lost-leaving-signals.",
        )


def provider_signals(deployment: Deployment) -> Iterator[Fault]:
    """For each provider that reports people who leave, check that the provider's secret exists and that at least one
    signal has arrived. The check also counts refused signals.
    """
    rows = [Provider.from_item(item) for item in deployment.provider_items.values()]
    for row in rows:
        rules, again = row.leaving, f"run `{PROGRAM} provider leaving {row.name} …`"
        if not rules.secret_arn and not rules.issuer:
            continue
        if rules.secret_arn and not deployment.absent_as_none(
            deployment.client("secretsmanager").describe_secret, SecretId=rules.secret_arn
        ):
            yield Fault(f"the secret of {row.name}'s event hook is missing.", again)
        heard = deployment.client("dynamodb").get_item(
            TableName=deployment.variable("SUBJECTS_TABLE"), Key={"subject": {"S": row.name}}
        )
        at = heard.get("Item", {}).get("lastSignalAt", {}).get("S")
        if at is not None:
            yield Fact(f"{row.name} last sent a signal at {at}.")
        elif not deployment.stage.is_local:  # `up` itself configures the Okta stand-in's console
            yield Note(
                f"{row.name} has never sent a signal: check the settings in the provider's "
                "console.",
                again,
            )
    if any(row.leaving.secret_arn or row.leaving.issuer for row in rows):
        yield Fact(f"{_refused(deployment)} signals were refused in the last 24 hours.")


def _refused(deployment: Deployment) -> int:
    """Return the number of signals that were refused in the last 24 hours. The number comes from a metric that
    CloudWatch extracts from the log. The app does not write refusals into a table, because strangers could then make
    the app write rows.
    """
    until = deployment.now
    found = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="Gatehouse",
        MetricName="RefusedLeavingSignals",
        Dimensions=[{"Name": "Stage", "Value": deployment.stage.name}],
        StartTime=until - timedelta(days=1),
        EndTime=until,
        Period=86_400,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in found["Datapoints"]))


CHECKS = (
    Check("leaving-queue", leaving_queue),
    Check("provider-signals", provider_signals),
)
