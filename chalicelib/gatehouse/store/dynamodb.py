"""Code that the stores share: DynamoDB's attribute format and DynamoDB's errors.

The stores use the low-level client, because boto3's resource layer would add 50 ms to a cold start.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from ..aws_errors import said_by
from ..errors import TemporarilyUnavailable

Item = Mapping[str, Mapping[str, Any]]


class DynamoDB(Protocol):
    """The part of boto3's client that the stores use. The tests' fake client has the same methods."""

    def get_item(self, **arguments: Any) -> dict[str, Any]: ...
    def update_item(self, **arguments: Any) -> dict[str, Any]: ...
    def delete_item(self, **arguments: Any) -> dict[str, Any]: ...
    def scan(self, **arguments: Any) -> dict[str, Any]: ...
    def query(self, **arguments: Any) -> dict[str, Any]: ...


class ConditionFailed(Exception):
    """The condition of a write was not met."""


@contextmanager
def translated_errors(operation: str) -> Iterator[None]:
    """Convert the client's errors. A failed condition becomes ConditionFailed. Every other error becomes
    TemporarilyUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            raise ConditionFailed from None
        raise TemporarilyUnavailable(f"DynamoDB {operation}: {said_by(error)}") from None
    except BotoCoreError as error:
        raise TemporarilyUnavailable(f"DynamoDB {operation}: {type(error).__name__}") from None


def read_text(item: Item, name: str) -> str:
    """Return a string attribute's value, or an empty string if the item lacks the attribute."""
    value = item.get(name, {}).get("S", "")
    return value if isinstance(value, str) else ""
