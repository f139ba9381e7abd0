"""Checks of what providers say of people who leave: the queue, its function, and each provider's own way."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.gatehouse.store.providers import Provider

from ..program import PROGRAM
from .check import Check, Fault, Note
from .deployment import Deployment


def leaving_queue(deployment: Deployment) -> Iterator[Fault]:
    """The queue feeds its function, and nothing was given up."""
    url = deployment.variable("LEAVING_QUEUE_URL")
    arn = deployment.functions["leaving"]["FunctionArn"]
    found = deployment.client("lambda").list_event_source_mappings(FunctionName=arn)
    mappings = found["EventSourceMappings"]
    if not any(each.get("State") in ("Enabled", "Creating", "Enabling") for each in mappings):
        yield Fault(
            "nothing takes signals out of the queue: people who leave stay signed in.",
            deployment.again,
        )
    names = ["ApproximateNumberOfMessages"]
    lost = deployment.client("sqs").get_queue_attributes(
        QueueUrl=f"{url}-lost", AttributeNames=names
    )
    number = int(lost["Attributes"][names[0]])
    if number:
        yield Fault(
            f"{number} signals were given up: somebody who left may still be signed in.",
            "docs/operations.md, lost-leaving-signals.",
        )


def provider_signals(deployment: Deployment) -> Iterator[Fault]:
    """A provider that is to say who leaves has a secret, and was heard."""
    rows = [Provider.from_item(item) for item in deployment.provider_items.values()]
    for row in rows:
        rules, again = row.leaving, f"`{PROGRAM} provider leaving {row.name} …`"
        if not rules.secret_arn and not rules.issuer:
            continue
        if rules.secret_arn and not deployment.absent_as_none(
            deployment.client("secretsmanager").describe_secret, SecretId=rules.secret_arn
        ):
            yield Fault(f"{row.name}'s event hook has no secret any more.", again)
        heard = deployment.client("dynamodb").get_item(
            TableName=deployment.variable("SUBJECTS_TABLE"), Key={"subject": {"S": row.name}}
        )
        at = heard.get("Item", {}).get("lastSignalAt", {}).get("S")
        if at is None:
            yield Note(
                f"{row.name} has never said that somebody leaves: is its console told?", again
            )


CHECKS = (
    Check("leaving-queue", leaving_queue),
    Check("provider-signals", provider_signals),
)
