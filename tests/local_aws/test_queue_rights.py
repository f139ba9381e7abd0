"""Tests that one right allows sending one message, or a batch of ten messages, to a queue."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local_aws.cloud import ACCOUNT, REGION, Cloud


def test_a_batch_takes_the_right_to_send_a_message(cloud: Cloud) -> None:
    """The right to send does not allow receiving messages."""
    url = cloud.client("sqs").create_queue(QueueName="leavers")["QueueUrl"]
    iam = cloud.client("iam")
    iam.create_user(UserName="sender")
    statement = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:leavers",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName="sender", PolicyName="rights", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="sender")["AccessKey"]
    queue = boto3.client(
        "sqs",
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    sent = queue.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert len(sent["Successful"]) == 1
    with pytest.raises(ClientError, match="AccessDenied"):
        queue.receive_message(QueueUrl=url)
