"""Reads and writes the sessions table. Each signed-in browser has a row. The row's key consists of the person's `sub`
and the session's id (S-83).

After a row is deleted, the session's next refresh fails, so the session is over. A row does not contain a token.
DynamoDB's TTL deletes a row some time after the session's absolute deadline. Therefore, the code that reads a row must
itself compare the row's deadlines with the current time.

Source: OWASP ASVS 5.0 7.5.2 (people can list and end their sessions). ADR 12 explains why Gatehouse does not use
sessions of Cognito.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .dynamodb import ConditionFailed, DynamoDB, Item, read_text, translated_errors
from .users import iso

#: The maximum number of a person's sessions (S-114). The limit is low enough that one request can delete all rows of a
#: person. Without a limit, a program that signs in every minute would soon have thousands of sessions.
MOST_SESSIONS = 100
#: If a person has more than MOST_SESSIONS sessions, one sign-in ends at most this number of them. A person can have far
#: more sessions than MOST_SESSIONS, because an earlier release had no limit. Each sign-in adds one session, and ends at
#: most twenty sessions.
_MOST_ENDED_AT_ONCE = 20
_ID_BYTES = 16


def new_id() -> str:
    """Return a random session id: 128 bits as 22 characters of base64url (S-03)."""
    return secrets.token_urlsafe(_ID_BYTES)


def id_of_old_session(refresh_token: str) -> str:
    """Return an id for a session that was started without an id. The id is a digest of the session's token, so two
    refreshes with the same token, for example in two tabs, write the same row."""
    digest = hashlib.sha256(b"session\0" + refresh_token.encode()).digest()[:_ID_BYTES]
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True)
class SessionRow:
    """A row of the table. The fields have the names of the table's attributes. Times are texts in ISO 8601 UTC, or
    numbers in Unix seconds."""

    sub: str
    id: str
    #: `COGNITO`, or the name of the identity provider through which the person signed in.
    provider: str
    #: The names of browser and operating system, from `session/device_names.py`, or empty.
    device: str
    startedAt: str  # noqa: N815 - the names of the table's attributes, in the style of the users table
    lastUsedAt: str  # noqa: N815
    idleExpiresAt: int  # noqa: N815
    expiresAt: int  # noqa: N815

    @classmethod
    def from_item(cls, item: Item) -> "SessionRow":
        names = ("sub", "id", "provider", "device", "startedAt", "lastUsedAt")
        texts = {name: read_text(item, name) for name in names}
        return cls(
            **texts,
            idleExpiresAt=int(item["idleExpiresAt"]["N"]),
            expiresAt=int(item["expiresAt"]["N"]),
        )


class SessionRows:
    """Reads and writes the table through `client`. `clock` returns Unix seconds. All methods raise
    TemporarilyUnavailable."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def begin(
        self,
        *,
        sub: str,
        session_id: str,
        provider: str,
        device: str,
        started_at: float,
        idle_expires_at: int,
        expires_at: int,
    ) -> None:
        """Write the row of a session. The call may be repeated."""
        values = {
            "provider": {"S": provider},
            "device": {"S": device},
            "startedAt": {"S": iso(started_at)},
            "lastUsedAt": {"S": iso(self._clock())},
            "idleExpiresAt": {"N": str(idle_expires_at)},
            "expiresAt": {"N": str(expires_at)},
        }
        self._update(sub, session_id, values, {})

    def touch(self, sub: str, session_id: str, idle_expires_at: int) -> bool:
        """Record the time of a refresh, and the new idle deadline. Return False if the session was ended (S-83)."""
        values = {
            "lastUsedAt": {"S": iso(self._clock())},
            "idleExpiresAt": {"N": str(idle_expires_at)},
        }
        try:
            self._update(
                sub, session_id, values, {"ConditionExpression": "attribute_exists(expiresAt)"}
            )
        except ConditionFailed:
            return False
        return True

    def exists(self, sub: str, session_id: str) -> bool:
        """Return whether the session still has a row. The method changes nothing."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(sub, session_id), ConsistentRead=True
            )
        return "expiresAt" in answer.get("Item", {})

    def of(self, sub: str) -> list[SessionRow]:
        """Return a person's active sessions, the most recently used session first."""
        now = self._clock()
        found = [row for row in self._rows(sub) if now < row.idleExpiresAt and now < row.expiresAt]
        return sorted(found, key=lambda row: (row.lastUsedAt, row.id), reverse=True)

    def end(self, sub: str, session_id: str) -> bool:
        """End a session, so that the session's next refresh is refused. Return False if this person has no session with
        that id (S-84)."""
        try:
            with translated_errors("DeleteItem"):
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(sub, session_id),
                    ConditionExpression="attribute_exists(expiresAt)",
                )
        except ConditionFailed:
            return False
        return True

    def end_all(self, sub: str, but: str = "") -> int:
        """End every session of a person except the session with the id `but`. Return the number of ended sessions."""
        return sum(self.end(sub, row.id) for row in self._rows(sub) if row.id != but)

    def end_oldest(self, sub: str, but: str) -> int:
        """End the surplus sessions of a person who has more than MOST_SESSIONS, but never the session with the id
        `but`. Return the number of ended sessions.

        The method first ends expired sessions, because DynamoDB deletes the rows of expired sessions late. The method
        then ends the least recently used sessions. One call ends at most `_MOST_ENDED_AT_ONCE` sessions.
        """
        others = [row for row in self._rows(sub) if row.id != but]
        more = min(len(others) + 1 - MOST_SESSIONS, _MOST_ENDED_AT_ONCE)
        now = self._clock()
        oldest = sorted(
            others,
            key=lambda row: (row.idleExpiresAt > now < row.expiresAt, row.lastUsedAt, row.id),
        )[: max(more, 0)]
        return sum(self.end(sub, row.id) for row in oldest)

    def _rows(self, sub: str) -> Iterator[SessionRow]:
        more: dict[str, Any] = {}
        while True:
            with translated_errors("Query"):
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="#sub = :sub",
                    ExpressionAttributeNames={"#sub": "sub"},
                    ExpressionAttributeValues={":sub": {"S": sub}},
                    ConsistentRead=True,
                    **more,
                )
            yield from map(SessionRow.from_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _update(
        self,
        sub: str,
        session_id: str,
        values: Mapping[str, Mapping[str, str]],
        condition: Mapping[str, str],
    ) -> None:
        with translated_errors("UpdateItem"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(sub, session_id),
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                ExpressionAttributeNames={f"#{name}": name for name in values},
                ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
                **condition,
            )


def _key(sub: str, session_id: str) -> dict[str, dict[str, str]]:
    return {"sub": {"S": sub}, "id": {"S": session_id}}
