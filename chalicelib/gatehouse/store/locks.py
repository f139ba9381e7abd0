"""Provides a lock per e-mail address, so that the creation and the confirmation of an account never overlap (S-67).

A lock is a row of the throttle table. One conditional write takes the lock, and another conditional write releases the
lock. If the holder crashes, the lock expires after HOLD_SECONDS. Every function must end in less than HOLD_SECONDS.
The row's key is an HMAC of the address, so the table contains no addresses.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import TemporarilyUnavailable
from ..log import log_event
from .dynamodb import ConditionFailed, DynamoDB, translated_errors

HOLD_SECONDS = 30
_PAUSE_SECONDS = 0.2


class AddressLocks:
    """Takes locks through `client`. `clock` returns Unix seconds. `load_pepper` returns the HMAC's key."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        clock: Callable[[], float],
        load_pepper: Callable[[], bytes],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._load_pepper = load_pepper
        self._pause = pause

    def key_of(self, email: str) -> str:
        """Return the key of an address's lock. Upper and lower case give the same key, because the pool ignores
        case."""
        text = f"lock\0{email.lower()}".encode()
        return f"lock/{hmac.new(self._load_pepper(), text, hashlib.sha256).hexdigest()}"

    @contextmanager
    def held(self, key: str, patience: float) -> Iterator[None]:
        """Hold a lock while the `with` body runs. Raises TemporarilyUnavailable if another holder keeps the lock for
        `patience` seconds."""
        owner = secrets.token_hex(16)
        tries = 1 + int(patience / _PAUSE_SECONDS)
        for number in range(tries):
            if self._take(key, owner):
                break
            if number + 1 < tries:
                self._pause(_PAUSE_SECONDS)
        else:
            raise TemporarilyUnavailable("another request for this address is running")
        try:
            yield
        finally:
            self._give_up(key, owner)

    def _take(self, key: str, owner: str) -> bool:
        now = int(self._clock())
        return self._write(
            key,
            "SET #owner = :owner, heldUntil = :until, expiresAt = :until",
            "attribute_not_exists(#owner) OR heldUntil <= :now",
            {
                ":owner": {"S": owner},
                ":until": {"N": str(now + HOLD_SECONDS)},
                ":now": {"N": str(now)},
            },
        )

    def _give_up(self, key: str, owner: str) -> None:
        """Release the lock. If the release fails, no error is raised, because the work under the lock is already done.
        Without a release, the lock expires after HOLD_SECONDS."""
        try:
            self._write(
                key,
                "SET heldUntil = :never",
                "#owner = :owner",
                {":never": {"N": "0"}, ":owner": {"S": owner}},
            )
        except TemporarilyUnavailable as error:
            log_event("lock_not_given_up", level="warning", detail=error.detail)

    def _write(
        self, key: str, update: str, condition: str, values: dict[str, dict[str, str]]
    ) -> bool:
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key={"key": {"S": key}},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            return False
        return True
