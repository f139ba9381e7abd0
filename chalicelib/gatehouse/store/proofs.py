"""Who proved who they are, and when: rows of the throttle's table, from a sign-in to the tokens that tell of it (ADR 14).

One row for each name that a proof may come under: a person's in the pool, and each provider's own. The last sign-in wins: a
session that began with an earlier one has to confirm once more. Rows last as long as the longest `max_age`. The key is a
hash: the table holds no names. Nobody but our triggers writes here, and no attribute of a person does as well.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .dynamodb import DynamoDB, translated_errors

#: As long as a route's `max_age` may be.
KEPT_SECONDS = 86_400


class Proof(NamedTuple):
    """Unix seconds: when somebody proved who they are (0: nobody says so), and when we saw it."""

    proved_at: int
    seen_at: int


class ProofStore:
    """Writes and reads the rows through `client`. `clock` gives Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def now(self) -> int:
        """Return the time at which something is proved now."""
        return int(self._clock())

    def note(self, name: str, proved_at: int | None) -> Proof:
        """Note a sign-in that is going on now, whatever was there; `proved_at` None proves nothing.

        Raises TemporarilyUnavailable. The same again is the same, so that a trigger may be tried again.
        """
        now = self.now()
        proof = Proof(proved_at or 0, now)
        with translated_errors("UpdateItem"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(name),
                UpdateExpression="SET provedAt = :proved, seenAt = :seen, expiresAt = :until",
                ExpressionAttributeValues={
                    ":proved": {"N": str(proof.proved_at)},
                    ":seen": {"N": str(now)},
                    ":until": {"N": str(now + KEPT_SECONDS)},
                },
            )
        return proof

    def latest(self, names: Iterable[str]) -> Proof | None:
        """Return what the last sign-in under any of these names proved, or None. Raises TemporarilyUnavailable."""
        found = [proof for name in names if (proof := self._load(name)) is not None]
        return max(found, key=lambda proof: proof.seen_at, default=None)

    def _load(self, name: str) -> Proof | None:
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(name), ConsistentRead=True
            )
        item = answer.get("Item") or {}
        try:
            return Proof(int(item["provedAt"]["N"]), int(item["seenAt"]["N"]))
        except (KeyError, ValueError, TypeError):
            return None


def _key(name: str) -> dict[str, dict[str, str]]:
    """The pool may ignore case, so this does."""
    return {"key": {"S": f"proof/{hashlib.sha256(name.lower().encode()).hexdigest()}"}}
