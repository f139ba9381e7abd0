"""The names that people give their passkeys: Cognito chooses its own names, which cannot be changed.

They are in the person's row of the users table, in the column `passkeyNames`: a JSON object, passkey id -> name. The
last write wins. If the row is missing, the next sign-in writes it again, without these names.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from .dynamodb import ConditionFailed, DynamoDB, read_text, translated_errors
from .users import key_of

_COLUMN = "passkeyNames"


class PasskeyNames:
    """Reads and writes the column. Both raise TemporarilyUnavailable."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, user_name: str) -> dict[str, str]:
        """Return the names by passkey id; an unreadable column counts as empty."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                ConsistentRead=True,
            )
        try:
            found = json.loads(read_text(answer.get("Item") or {}, _COLUMN) or "{}")
        except ValueError:
            return {}
        return {key: str(name) for key, name in found.items()} if isinstance(found, dict) else {}

    def save(self, user_name: str, names: Mapping[str, str]) -> None:
        """Replace all names."""
        with suppress(ConditionFailed), translated_errors("UpdateItem"):
            self._client.update_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                UpdateExpression=f"SET {_COLUMN} = :names",
                ConditionExpression="attribute_exists(userName)",
                ExpressionAttributeValues={":names": {"S": json.dumps(dict(names))}},
            )
