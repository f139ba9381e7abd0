"""Tests of the role for CI. With only this role, a test makes a first deployment, adds Okta, runs doctor, and deploys
again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops import aws
from ops.doctor.check import diagnose
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from tests.ops_e2e.place import PROJECT, REGION, Place, _Session

TEMPLATE = PROJECT / "ops" / "templates" / "deploy-role.yaml"
_ROLE = "gatehouse-local-deploy"


def make_role(place: Place) -> list[dict[str, Any]]:
    """Deploy the template as an account's administrator would. Return the role's policies."""
    cloudformation = place.root("cloudformation")
    cloudformation.create_stack(
        StackName="gatehouse-local-deploy-role",
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "StageName", "ParameterValue": "local"},
            {"ParameterKey": "Repository", "ParameterValue": "acme/gatehouse"},
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="gatehouse-local-deploy-role", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    iam = place.root("iam")
    names = iam.list_role_policies(RoleName=_ROLE)["PolicyNames"]
    found = [
        iam.get_role_policy(RoleName=_ROLE, PolicyName=name)["PolicyDocument"] for name in names
    ]
    return [json.loads(each) if isinstance(each, str) else each for each in found]


@contextmanager
def as_ci(place: Place) -> Iterator[None]:
    """Run the block with the role's policies and no other right."""
    iam = place.root("iam")
    iam.create_user(UserName="ci")
    for number, document in enumerate(make_role(place)):
        iam.put_user_policy(
            UserName="ci", PolicyName=str(number), PolicyDocument=json.dumps(document)
        )
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    place.credentials = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    vars(place).pop("session", None)
    with place.environment():
        place.session = _Session(aws.session(place.stage))
        yield


def refused(call: Any, **request: Any) -> bool:
    """Return whether IAM refuses the call."""
    try:
        call(**request)
    except ClientError as error:
        return aws.error_code(error) in ("AccessDenied", "AccessDeniedException")
    return False


@pytest.mark.security("S-60")
def test_the_role_deploys_and_looks_and_does_nothing_else(bare: Place) -> None:
    """A new stage becomes healthy, and a second deployment succeeds. The role cannot use other tables, secrets or
    roles, and cannot change itself."""
    with as_ci(bare):
        bare.address()
        bare.deploy()
        bare.add_okta()
        bare.deploy()
        bare.serve()
        diagnosis = diagnose(Deployment(bare.session, bare.stage), CHECKS)
        assert diagnosis.findings == []
        session = boto3.Session(
            bare.credentials["AWS_ACCESS_KEY_ID"],
            bare.credentials["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=bare.aws_url)

        people = bare.variable("USERS_TABLE")
        assert refused(client("dynamodb").scan, TableName=people)
        assert refused(client("dynamodb").describe_table, TableName="payroll")
        assert refused(client("secretsmanager").get_secret_value, SecretId="payroll/prod/key")
        assert refused(
            client("iam").put_role_policy, RoleName=_ROLE, PolicyName="more", PolicyDocument="{}"
        )
        assert refused(client("lambda").delete_function, FunctionName="payroll")
        assert refused(client("s3").list_buckets)


def documents() -> Iterator[dict[str, Any]]:
    """Yield every policy of the role in the template. The value of `!Sub` or `!Ref` is the text after the tag."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short forms as plain values."""

    def plain(loader: Any, _: str, node: Any) -> Any:
        return (
            loader.construct_scalar(node)
            if isinstance(node, yaml.ScalarNode)
            else loader.construct_sequence(node)
        )

    Loader.add_multi_constructor("!", plain)
    template = yaml.load(Path(TEMPLATE).read_text(encoding="utf-8"), Loader)
    yield from template["Resources"]["DeployRole"]["Properties"]["Policies"]


def statements() -> list[dict[str, Any]]:
    """Return every statement of every policy."""
    return [each for policy in documents() for each in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[str]:
    """Return a list, even for a single value."""
    return value if isinstance(value, list) else [value]


@pytest.mark.security("S-60")
def test_no_action_is_a_wildcard_and_only_named_ones_have_no_resource() -> None:
    """Three kinds of actions have no named resource: reading, creating a pool (whose id does not exist yet), and
    actions with a condition for the stage's functions."""
    nameless = {
        *("cloudformation:DescribeStackDriftDetectionStatus", "cloudwatch:DescribeAlarms"),
        *("cloudwatch:GetMetricStatistics", "cognito-idp:CreateUserPool"),
        *("cognito-idp:DescribeUserPoolDomain",),
        *("logs:DescribeLogGroups", "secretsmanager:GetRandomPassword", "sts:GetCallerIdentity"),
    }
    for statement in statements():
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action]
        assert actions == sorted(actions)
        if "*" in listed(statement["Resource"]) and "Condition" in statement:
            (function,) = statement["Condition"]["ArnLike"].values()
            assert "function:${AppName}-${StageName}-" in function
        elif "*" in listed(statement["Resource"]):
            assert set(actions) in (nameless, {"lambda:ListEventSourceMappings"})
        for resource in listed(statement["Resource"]):
            scoped = "${StageName}" in resource or resource == "*"
            of_aws = (
                "userpool/*",
                "::/restapis",
                "::/domainnames",
                "::/account",
                "aws-service-role",
            )
            assert scoped or any(part in resource for part in of_aws), resource


@pytest.mark.security("S-60")
def test_roles_are_passed_to_lambda_alone() -> None:
    """The role can create roles only with names of the stack."""
    (passing,) = [each for each in statements() if "iam:PassRole" in listed(each["Action"])]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    for statement in statements():
        if any(action.startswith("iam:") for action in listed(statement["Action"])):
            assert (
                "identity-*" in statement["Resource"] or "aws-service-role" in statement["Resource"]
            )


def test_policies_fit_into_a_role() -> None:
    """Together, the policies may have 10,240 characters:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    longest = {"${AWS::Partition}": "aws-us-gov", "${AWS::Region}": "ap-southeast-2"}
    names = {"${AWS::AccountId}": "1" * 12, "${AppName}": "a" * 24, "${StageName}": "s" * 24}
    text = json.dumps([policy["PolicyDocument"] for policy in documents()], separators=(",", ":"))
    for name, value in {**longest, **names}.items():
        text = text.replace(name, value)
    assert len(text) <= 10_240
