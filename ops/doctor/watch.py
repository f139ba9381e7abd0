"""Checks of monitoring: alarms and logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .check import Check, Fault, Note
from .deployment import Deployment

ALARMS = (
    "failed-sign-ins",
    "throttled-attempts",
    "mails-used-up",
    "server-errors",
    "user-records-errors",
    "user-records-duration",
    "token-claims-errors",
    "token-claims-duration",
    "account-mail-errors",
    "refused-leaving-signals",
    "late-leaving-signals",
    "lost-leaving-signals",
    "federation-throttles",
    "sign-in-throttles",
    "refresh-throttles",
)
"""Names of the stack's alarms, without `<app>-<stage>-`; docs/operations.md has a runbook for each alarm."""

# The query of the alarm below reads the metrics of all providers. The local AWS does not support such a query.
NOT_LOCALLY = ("federation-throttles",)


def alarms(deployment: Deployment) -> Iterator[Fault]:
    """Check that every alarm of the stack exists."""
    wanted = [name for name in ALARMS if not (deployment.stage.is_local and name in NOT_LOCALLY)]
    found = {alarm["AlarmName"] for alarm in _alarms(deployment)}
    prefix = deployment.stage.api_function
    lacking = [name for name in wanted if f"{prefix}-{name}" not in found]
    if lacking:
        yield Fault(f"alarms are missing: {', '.join(lacking)}.", deployment.again)


def alarm_actions(deployment: Deployment) -> Iterator[Fault]:
    """Check that the alarms notify an SNS topic."""
    topic = deployment.stage.option("alarm_topic_arn")
    if not topic and not deployment.stage.is_local:
        yield Note(
            "the alarms notify no topic yet: only the console shows them.",
            f"run `aws sns create-topic --name {deployment.stage.api_function}-alarms`, add a "
            "subscription to the topic, set gatehouse.alarm_topic_arn in config.json, and deploy.",
        )
    wrong = [
        alarm["AlarmName"]
        for alarm in _alarms(deployment)
        if not alarm.get("ActionsEnabled", True)
        or alarm.get("AlarmActions", []) != ([topic] if topic else [])
    ]
    if wrong:
        yield Fault(
            f"alarms are muted or notify another topic: {', '.join(wrong)}.", deployment.again
        )


def log_retention(deployment: Deployment) -> Iterator[Fault]:
    """Check that every log group exists, and keeps its logs for the configured number of days (S-65)."""
    stage = deployment.stage
    wanted = int(str(stage.option("log_retention_days")))
    names = [
        f"/aws/lambda/{stage.api_function}",
        f"/aws/lambda/{stage.function('user_records')}",
        f"/aws/lambda/{stage.function('token_claims')}",
        f"/aws/lambda/{stage.function('account_mail')}",
        f"/aws/lambda/{stage.function('leaving')}",
        f"/aws/apigateway/{stage.api_function}",
    ]
    logs = deployment.client("logs")
    for name in names:
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        days = {group["logGroupName"]: group.get("retentionInDays", 0) for group in found}
        if name not in days:
            yield Fault(f"the log group {name} is missing.", deployment.again)
        elif days[name] != wanted:
            kept = f"{days[name]} days" if days[name] else "for ever"
            yield Fault(f"{name} keeps logs {kept}, not {wanted} days.", deployment.again)


def _alarms(deployment: Deployment) -> list[dict[str, Any]]:
    pages = (
        deployment.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"{deployment.stage.api_function}-")
    )
    ours = {f"{deployment.stage.api_function}-{name}" for name in ALARMS}
    return [alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmName"] in ours]


CHECKS = (
    Check("alarms", alarms),
    Check("alarm-actions", alarm_actions),
    Check("log-retention", log_retention),
)
