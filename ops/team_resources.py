"""This module adds a team's resources to the identity stack: tables, queues, and for each function a role, a log group
and an alarm.

The team's tables are kept, backed up and protected like Gatehouse's own tables. A role gives a function only the
rights and resources in the file `gatehouse.yaml`, and the right to write to the function's own log (S-60).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import OpsError
from .team_file import API, NAME, Queue, Rights, Table, TeamFile
from .team_policy import NAMES

PREFIX = "Team"
"""Prefix of the logical names of the team's resources."""

POLICY = NAMES[-1]
_READ = ("GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem")
_WRITE = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
# Lambda's poller calls the actions in `_STREAM` and `_RECEIVE` with the rights of the function.
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_RECEIVE = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
_SEND = ("SendMessage", "GetQueueAttributes", "GetQueueUrl")
# Messages in a dead-letter queue are deleted after two weeks.
_DEAD_SECONDS = 14 * 86_400

Template = dict[str, Any]


def add_team_resources(template: Template, found: TeamFile) -> None:
    """Add all resources of the file to the template."""
    _require_parted(found)
    resources, outputs = template["Resources"], template["Outputs"]
    for name, table in found.tables.items():
        logical = _logical("Table", name)
        resources[logical] = _table(name, table)
        outputs[logical] = _output(table_variable(name), {"Ref": logical})
        if table.stream:
            outputs[f"{logical}Stream"] = _output(
                stream_variable(name), {"Fn::GetAtt": [logical, "StreamArn"]}
            )
    for name, queue in found.queues.items():
        logical = _logical("Queue", name)
        resources[f"{logical}Dead"] = _dead_queue(name)
        resources[logical] = _queue(name, queue, f"{logical}Dead")
        outputs[logical] = _output(queue_variable(name), {"Fn::GetAtt": [logical, "QueueName"]})
        outputs[f"{logical}Url"] = _output(f"{queue_variable(name)}_URL", {"Ref": logical})
    for name, rights in found.functions.items():
        policies = _policies(rights)
        if name == API:
            resources["ApiRole"]["Properties"]["Policies"][:0] = policies
            continue
        logical = _logical("Function", name)
        resources[f"{logical}Logs"] = _log_group(name)
        resources[f"{logical}Role"] = _role(f"{logical}Logs", policies)
        resources[f"{logical}Alarm"] = _alarm(name)
        outputs[f"{logical}Role"] = _output(name, {"Fn::GetAtt": [f"{logical}Role", "Arn"]})


def _require_parted(found: TeamFile) -> None:
    """Raise OpsError if two names in the file lead to the same logical name in the template. Even two different names
    can lead to the same logical name, because a logical name has no hyphens and no underscores.
    """
    for kind, names in (
        ("Table", found.tables),
        ("Queue", found.queues),
        ("Function", found.functions),
    ):
        by_logical: dict[str, str] = {}
        for name in names:
            other = by_logical.setdefault(_logical(kind, name), name)
            if other != name:
                raise OpsError(
                    f"{NAME}: {other} and {name} are too similar for CloudFormation: rename {name}."
                )


def table_variable(name: str) -> str:
    """Return the name of the environment variable that contains a table's name."""
    return f"{_upper(name)}_TABLE"


def stream_variable(name: str) -> str:
    """Return the name of the environment variable that contains the ARN of a table's stream."""
    return f"{_upper(name)}_STREAM_ARN"


def queue_variable(name: str) -> str:
    """Return the name of the environment variable that contains a queue's name. The variable with the queue's URL has
    the same name, with `_URL` at the end.
    """
    return f"{_upper(name)}_QUEUE"


def output_variables(found: TeamFile) -> dict[str, str]:
    """Return a dict: the keys are the stack's outputs, and the values are the names of the environment variables."""
    made = {}
    for name, table in found.tables.items():
        made[_logical("Table", name)] = table_variable(name)
        if table.stream:
            made[f"{_logical('Table', name)}Stream"] = stream_variable(name)
    for name in found.queues:
        made[_logical("Queue", name)] = queue_variable(name)
        made[f"{_logical('Queue', name)}Url"] = f"{queue_variable(name)}_URL"
    return made


def output_roles(found: TeamFile) -> dict[str, str]:
    """Return a dict: the keys are the outputs with the ARN of a role, and the values are the functions' names."""
    return {f"{_logical('Function', name)}Role": name for name in found.functions if name != API}


def gone_since(
    before: Mapping[str, Any] | None, now: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """List the variables and the functions whose outputs are in the stack `before`, but not in `now`."""
    outputs = before.get("Outputs", []) if before else []
    gone = [
        each
        for each in outputs
        if each["OutputKey"].startswith(PREFIX) and each["OutputKey"] not in now
    ]
    said = [(each["OutputKey"].endswith("Role"), each.get("Description", "")) for each in gone]
    return (
        [text for is_role, text in said if text and not is_role],
        [text for is_role, text in said if text and is_role],
    )


def _table(name: str, table: Table) -> Template:
    types = {**table.key}
    for keys in table.indexes.values():
        types.update(keys)
    properties: Template = {
        "TableName": _sub(f"${{AppName}}-${{StageName}}-{name}"),
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": {"Fn::If": ["IsProtected", True, False]},
        "AttributeDefinitions": [
            {"AttributeName": each, "AttributeType": kind} for each, kind in types.items()
        ],
        "KeySchema": _schema(table.key),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
    }
    if table.indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": _schema(keys),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, keys in table.indexes.items()
        ]
    if table.expires:
        properties["TimeToLiveSpecification"] = {"AttributeName": table.expires, "Enabled": True}
    if table.stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _schema(keys: Mapping[str, str]) -> list[Template]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


def _queue(name: str, queue: Queue, dead: str) -> Template:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": _sub(f"${{AppName}}-${{StageName}}-{name}"),
            "VisibilityTimeout": queue.seconds,
            "SqsManagedSseEnabled": True,
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
                "maxReceiveCount": queue.tries,
            },
        },
    }


def _dead_queue(name: str) -> Template:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": _sub(f"${{AppName}}-${{StageName}}-{name}-dead"),
            "MessageRetentionPeriod": _DEAD_SECONDS,
            "SqsManagedSseEnabled": True,
        },
    }


def _policies(rights: Rights) -> list[Template]:
    statements = list(_statements(rights))
    if not statements:
        return []
    return [
        {
            "PolicyName": POLICY,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        }
    ]


def _statements(rights: Rights) -> Iterator[Template]:
    for name, words in rights.tables.items():
        logical = _logical("Table", name)
        arn: Any = {"Fn::GetAtt": [logical, "Arn"]}
        if "read" in words:
            indexes = {"Fn::Sub": f"${{{logical}.Arn}}/index/*"}
            yield _allow("dynamodb", _READ, [arn, indexes])
        if "write" in words:
            yield _allow("dynamodb", _WRITE, arn)
        if "stream" in words:
            yield _allow("dynamodb", _STREAM, {"Fn::GetAtt": [logical, "StreamArn"]})
    for name, words in rights.queues.items():
        arn = {"Fn::GetAtt": [_logical("Queue", name), "Arn"]}
        if "send" in words:
            yield _allow("sqs", _SEND, arn)
        if "receive" in words:
            yield _allow("sqs", _RECEIVE, arn)
    for actions, resources in rights.besides:
        yield {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": [_sub(each) if "${" in each else each for each in resources],
        }


def _allow(service: str, actions: tuple[str, ...], resource: Any) -> Template:
    return {
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in actions],
        "Resource": resource,
    }


def _role(logs: str, policies: list[Template]) -> Template:
    own_log = _sub(
        f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{{logs}}}:*"
    )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                        },
                    }
                ],
            },
            "Policies": [
                *policies,
                {
                    "PolicyName": "log",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [_allow("logs", ("CreateLogStream", "PutLogEvents"), own_log)],
                    },
                },
            ],
        },
    }


def _log_group(name: str) -> Template:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": _sub(f"/aws/lambda/${{AppName}}-${{StageName}}-{name}"),
            "RetentionInDays": {"Ref": "LogRetentionDays"},
        },
    }


def _alarm(name: str) -> Template:
    """Build an alarm on a function's errors. No request waits for the function, so the alarm is the only sign of a
    failure.
    """
    function = _sub(f"${{AppName}}-${{StageName}}-{name}")
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": _sub(f"${{AppName}}-${{StageName}}-{name}-errors"),
            "AlarmDescription": f"gatehouse logs --function {name}",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": {
                "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
            },
        },
    }


def _output(description: str, value: Any) -> Template:
    return {"Description": description, "Value": value}


def _sub(text: str) -> Template:
    return {"Fn::Sub": text}


def _logical(kind: str, name: str) -> str:
    words = name.replace("_", "-").split("-")
    return PREFIX + kind + "".join(word[:1].upper() + word[1:] for word in words)


def _upper(name: str) -> str:
    return name.upper().replace("-", "_")
