"""Stores our data about a person's passkeys in the person's row of the users table. Cognito stores the passkeys
themselves.

- `passkeyNames`: the names that the person has chosen, because Cognito's own names cannot be changed. The column is a
  JSON object that maps each passkey's id to the passkey's name.
- `passkeysEndedAt`: the time of the last password reset by mail. After this reset, all earlier passkeys are refused
  (S-102). The column is missing if the person never reset the password by mail.
- `passkeysSince`: the ids of the passkeys that were set up after the last password reset by mail.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from .dynamodb import ConditionFailed, DynamoDB, Item, read_text, translated_errors
from .users import iso, key_of


@dataclass(frozen=True)
class Notes:
    """Our data about a person's passkeys. `names` maps each passkey's id to the passkey's name. `ended_at` is ISO 8601
    UTC, or empty. `since` contains the ids of the passkeys that were set up after `ended_at`."""

    names: Mapping[str, str] = field(default_factory=dict)
    ended_at: str = ""
    since: frozenset[str] = frozenset()

    def has_ended(self, passkey_id: str) -> bool:
        """Return whether a passkey may be older than the last password reset by mail."""
        return bool(self.ended_at) and passkey_id not in self.since


class PasskeyNotes:
    """Reads and writes the users table's columns about passkeys. All methods raise TemporarilyUnavailable. `clock`
    returns Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def load(self, user_name: str) -> Notes:
        """Return our data about the person's passkeys. If the stored names cannot be read, the result has no names."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                ConsistentRead=True,
            )
        item = answer.get("Item") or {}
        since = item.get("passkeysSince") or {}
        return Notes(
            _names(item), read_text(item, "passkeysEndedAt"), frozenset(since.get("SS") or ())
        )

    def name(self, user_name: str, names: Mapping[str, str]) -> None:
        """Replace all names. The last write wins. Names of a person without a row are not stored."""
        with suppress(ConditionFailed):
            self._update(
                user_name,
                "SET passkeyNames = :names",
                {":names": {"S": json.dumps(dict(names))}},
                "attribute_exists(userName)",
            )

    def add(self, user_name: str, passkey_id: str) -> None:
        """Store the id of a passkey that is being set up. The id is not stored for a person without a row, because such a
        person never reset the password by mail."""
        self._change_ids("ADD", user_name, passkey_id)

    def forget(self, user_name: str, passkey_id: str) -> None:
        """Delete the id of a passkey that Cognito refused."""
        self._change_ids("DELETE", user_name, passkey_id)

    def _change_ids(self, action: str, user_name: str, passkey_id: str) -> None:
        with suppress(ConditionFailed):
            self._update(
                user_name,
                f"{action} passkeysSince :id",
                {":id": {"SS": [passkey_id]}},
                "attribute_exists(userName)",
            )

    def end(self, user_name: str) -> None:
        """Record that all present passkeys must be refused. An earlier time never replaces a later time, so an event may
        be delivered several times and in any order (S-55)."""
        with suppress(ConditionFailed):
            self._update(
                user_name,
                "SET passkeysEndedAt = :now REMOVE passkeysSince",
                {":now": {"S": iso(self._clock())}},
                "attribute_not_exists(passkeysEndedAt) OR passkeysEndedAt < :now",
            )

    def _update(self, user_name: str, expression: str, values: Item, condition: str) -> None:
        with translated_errors("UpdateItem"):
            self._client.update_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                UpdateExpression=expression,
                ExpressionAttributeValues=values,
                ConditionExpression=condition,
            )


def _names(item: Item) -> dict[str, str]:
    try:
        found = json.loads(read_text(item, "passkeyNames") or "{}")
    except ValueError:
        return {}
    return {key: str(name) for key, name in found.items()} if isinstance(found, dict) else {}
