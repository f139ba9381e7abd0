"""Who deploys into the local AWS: an IAM user of its own, so that IAM is enforced on deploys too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3

_NAME = "gatehouse-deployer"
# What `ops` and `chalice deploy` call. On a real account, narrow it by resource.
_SERVICES = (
    *("apigateway", "cloudformation", "cloudwatch", "cognito-idp", "dynamodb", "iam", "lambda"),
    *("logs", "secretsmanager", "sqs", "sts"),
)
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in _SERVICES],
            "Resource": "*",
        }
    ],
}
# MiniStack's root: any key called so. It makes the deployer; later it serves commands about the running stack.
ROOT = "test"


def create_deployer(endpoint_url: str, region: str) -> dict[str, str]:
    """Make the user in a fresh local AWS; return its credentials as environment variables."""
    root = boto3.Session(ROOT, ROOT, region_name=region)
    iam = root.client("iam", endpoint_url=endpoint_url)
    iam.create_user(UserName=_NAME)
    iam.put_user_policy(UserName=_NAME, PolicyName="deploy", PolicyDocument=json.dumps(_POLICY))
    key = iam.create_access_key(UserName=_NAME)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@contextmanager
def local_aws_only(
    endpoint_url: str, region: str, credentials: Mapping[str, str], empty: Path
) -> Iterator[None]:
    """Let this process and its children see the local AWS and no other.

    Every AWS_* variable of the caller is put aside, and the files of ~/.aws are out of sight: a
    local run must never reach somebody's account. `empty` is a path where no file is.
    """
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        credentials,
        AWS_ENDPOINT_URL=endpoint_url,
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_CONFIG_FILE=str(empty),
        AWS_SHARED_CREDENTIALS_FILE=str(empty),
        AWS_EC2_METADATA_DISABLED="true",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
