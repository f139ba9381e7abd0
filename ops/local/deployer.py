"""The IAM user that deploys into the local AWS. Deployments use this user, so that the local AWS enforces IAM for
deployments, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3

_NAME = "gatehouse-deployer"
# The services that `ops` and `chalice deploy` call. On AWS, templates/deploy-role.yaml limits each right further, to
# certain resources.
_SERVICES = (
    *("apigateway", "cloudformation", "cloudwatch", "cognito-idp", "dynamodb", "events", "iam"),
    *("kinesis", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "sts"),
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
# The access key of MiniStack's root user. `up` uses this key to create the deployer's IAM user. Later commands use the
# key to reach the running stack.
ROOT = "test"


def create_deployer(endpoint_url: str, region: str) -> dict[str, str]:
    """Make the deployer's IAM user in a new local AWS. Return the user's credentials as environment variables."""
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
    """Let this process and its children reach only the local AWS.

    A local run must never reach a real AWS account. So this function removes the caller's `AWS_*` variables, and hides
    the files in ~/.aws. `empty` is a path at which no file exists.
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
