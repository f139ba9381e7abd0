"""Tests that the test doubles are as strict as the real services."""

from typing import Any

import pytest

from tests.doubles.dynamodb import DynamoDBDouble
from tests.doubles.expressions import UnknownSyntax


def make_table() -> DynamoDBDouble:
    return DynamoDBDouble(
        {"users": ("userName", frozenset({"Email"})), "providers": ("name", frozenset())}
    )


@pytest.fixture
def table() -> DynamoDBDouble:
    return make_table()


def test_the_double_refuses_what_it_does_not_know(table: DynamoDBDouble) -> None:
    """If an expression has an unknown function, clause or operator, the double raises an error."""
    for condition in (
        "contains(a, :a)",
        "a BETWEEN :a AND :a",
        "size(a) > :a",
        "a IN (:a)",
        "attribute_type(a, :a)",
    ):
        with pytest.raises(UnknownSyntax):
            table.update_item(
                TableName="users",
                Key={"userName": {"S": "x"}},
                UpdateExpression="SET b = :a",
                ConditionExpression=condition,
                ExpressionAttributeValues={":a": {"S": "1"}},
            )
    for update in ("ADD a :a", "DELETE a :a", "SET a = a + :a", "SET a = list_append(a, :a)"):
        with pytest.raises(UnknownSyntax):
            table.update_item(
                TableName="users",
                Key={"userName": {"S": "x"}},
                UpdateExpression=update,
                ExpressionAttributeValues={":a": {"S": "1"}},
            )


@pytest.mark.parametrize(
    ("update", "names", "values"),
    [
        ("SET status = :a", {}, {":a": {"S": "1"}}),
        ("SET b = :a", {}, {":a": {"S": "1"}, ":unused": {"S": "1"}}),
        ("SET b = :missing", {}, {":a": {"S": "1"}}),
        ("SET Email = :a", {}, {":a": {"S": ""}}),
        ("SET userName = :a", {}, {":a": {"S": "y"}}),
        ("SET b = :a, b = :a", {}, {":a": {"S": "1"}}),
    ],
)
def test_the_double_refuses_what_dynamodb_refuses(
    table: DynamoDBDouble, update: str, names: dict[str, str], values: dict[str, Any]
) -> None:
    """The cases are reserved words, unused and undefined placeholders, empty index keys, and changed keys."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError, match="ValidationException"):
        table.update_item(
            TableName="users",
            Key={"userName": {"S": "x"}},
            UpdateExpression=update,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
    assert table.items("users") == {}
