"""Tests that the right to make a function depends on the function's name, as on AWS."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local_aws.cloud import _TRUST, ACCOUNT, REGION, Cloud

ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-dev"


def functions_of(cloud: Cloud, user: str, statements: list[dict[str, Any]]) -> Any:
    """Return a Lambda client for a user whose rights are `statements`."""
    iam = cloud.client("iam")
    iam.create_user(UserName=user)
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return boto3.client(
        "lambda",
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_reading_a_limit_takes_its_own_right(cloud: Cloud) -> None:
    """Reading the concurrency limit needs the right to call GetFunctionConcurrency. This right does not allow setting a
    limit."""
    cloud.create_function("limited", "echo")
    rights = [{"Effect": "Allow", "Action": "lambda:GetFunctionConcurrency", "Resource": "*"}]
    functions = functions_of(cloud, "reader", rights)
    functions.get_function_concurrency(FunctionName="limited")
    with pytest.raises(ClientError, match="AccessDenied"):
        functions.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=1)


def test_create_function_is_allowed_by_the_functions_arn(cloud: Cloud) -> None:
    """A user who deploys one app can make the functions of this app, and no other functions."""
    iam = cloud.client("iam")
    iam.create_role(RoleName="shop-dev", AssumeRolePolicyDocument=json.dumps(_TRUST))
    statements = [
        {
            "Effect": "Allow",
            "Action": "lambda:CreateFunction",
            "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop-dev-*",
        },
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE},
    ]
    functions = functions_of(cloud, "shop-deployer", statements)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return {}\n")

    def create(name: str) -> None:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": packed.getvalue()},
        )

    create("shop-dev-cart")
    with pytest.raises(ClientError, match="AccessDenied"):
        create("payroll")
