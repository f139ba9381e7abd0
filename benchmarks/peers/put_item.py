"""A trigger as in most tutorials: the function calls boto3's put_item once. Unlike Gatehouse's trigger, this trigger
does not recognize retries, does not record a status, and does not repair records."""

import os

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    attributes = event["request"]["userAttributes"]
    item = {
        "userName": event["userName"],
        "ClientId": event["callerContext"]["clientId"],
        "Email": attributes["email"],
        "given_name": attributes["given_name"],
        "family_name": attributes["family_name"],
    }
    dynamodb.put_item(
        TableName=os.environ["USERS_TABLE"],
        Item={name: {"S": value} for name, value in item.items()},
    )
    return event
