"""The database table of orders."""

import os
import uuid

import boto3

from chalicelib.errors import UnknownOrder


def table():
    return boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def list_orders():
    return [
        {"id": row["id"], "item": row["item"], "count": int(row["count"])}
        for row in table().scan()["Items"]
    ]


def add_order(item, count):
    row = {"id": uuid.uuid4().hex, "item": item, "count": count}
    table().put_item(Item=row)
    return row


def delete_order(order_id):
    gone = table().delete_item(Key={"id": order_id}, ReturnValues="ALL_OLD")
    if "Attributes" not in gone:
        raise UnknownOrder(order_id)
