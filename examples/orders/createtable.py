"""Creates the table of orders: python createtable.py"""

import os

import boto3

boto3.client("dynamodb").create_table(
    TableName=os.environ["ORDERS_TABLE"],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
