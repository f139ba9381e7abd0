"""Stores the time at which a person last authenticated, in rows of the throttle table. The pre-token-generation trigger
later writes the stored time into the tokens (ADR 14).

A person has one row for the account in the pool, and one row for each provider. The key of a provider's row is made
from the provider's own name for the person. Only the last sign-in counts. So after a sign-in in a second
browser, the person has to authenticate again in the first browser. A row is kept for the longest
`max_age` that a route can have. The key is a hash, so
the table contains no names. Only our triggers can write these rows. An attribute of the pool would not be a safe place
for the time, because a person could change the attribute.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .dynamodb import DynamoDB, translated_errors

#: The longest `max_age` that a route can have.
KEPT_SECONDS = 86_400


class Proof(NamedTuple):
    """The time of an authentication (0 if unknown), and the time at which Gatehouse recorded the authentication. Both
    times are in Unix seconds."""

    proved_at: int
    seen_at: int


class ProofStore:
    """Writes and reads the rows through `client`. `clock` returns Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def now(self) -> int:
        """Return the current time in Unix seconds."""
        return int(self._clock())

    def note(self, name: str, proved_at: int | None) -> Proof:
        """Replace the times in the row for `name` with the times of the current sign-in. `proved_at` is None if the
        time of the authentication is unknown.

        Raises TemporarilyUnavailable. A repeated call does no harm, so Cognito may call a trigger again.
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
        """Return the `Proof` of the last sign-in under any of these names, or None. Raises TemporarilyUnavailable."""
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
    """Return the row's key. The key is the same for upper and lower case, because the pool may ignore case."""
    return {"key": {"S": f"proof/{hashlib.sha256(name.lower().encode()).hexdigest()}"}}
