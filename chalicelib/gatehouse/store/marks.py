"""Marks in the throttle's table on what serves once: codes of an authenticator app, and steps of a sign-in (S-74).

A mark is set by one conditional write, so that of all containers one gets it, and it expires when what it stands for does.
Its key is an HMAC: the table holds neither codes nor sessions.
Source: RFC 6238 5.2 ("must not accept the second attempt of the OTP").
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress

from ..errors import TemporarilyUnavailable
from .dynamodb import ConditionFailed, DynamoDB, translated_errors

_HOLDER_BYTES = 8


class MarkStore:
    """Sets and takes off marks. `load_pepper` gives the HMAC's key, `clock` Unix seconds."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        clock: Callable[[], float],
        load_pepper: Callable[[], bytes],
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._load_pepper = load_pepper

    def set(self, kind: str, value: str, seconds: int) -> str | None:
        """Mark a value for some seconds; returns what takes the mark off, or None if it is marked already.

        Raises TemporarilyUnavailable, with no mark left behind if that can be helped.
        """
        holder = secrets.token_hex(_HOLDER_BYTES)
        now = int(self._clock())
        key = self._key(kind, value)
        try:
            self._write(
                key,
                "attribute_not_exists(expiresAt) OR expiresAt <= :now",
                {
                    ":holder": {"S": holder},
                    ":now": {"N": str(now)},
                    ":until": {"N": str(now + seconds)},
                },
            )
        except ConditionFailed:
            return None
        except TemporarilyUnavailable:
            # The mark may be set all the same, and its answer lost: nobody was served for it.
            with suppress(TemporarilyUnavailable):
                self.take_off(kind, value, holder)
            raise
        return holder

    def take_off(self, kind: str, value: str, holder: str) -> None:
        """Let a value serve after all, if the mark is still that of `holder`. Raises TemporarilyUnavailable."""
        values = {":holder": {"S": holder}, ":until": {"N": str(int(self._clock()))}}
        with suppress(ConditionFailed):
            self._write(self._key(kind, value), "holder = :holder", values)

    def _key(self, kind: str, value: str) -> str:
        digest = hmac.new(self._load_pepper(), f"{kind}\0{value}".encode(), hashlib.sha256)
        return f"{kind}/used/{digest.hexdigest()}"

    def _write(self, key: str, condition: str, values: dict[str, dict[str, str]]) -> None:
        with translated_errors("UpdateItem"):
            self._client.update_item(
                TableName=self._table,
                Key={"key": {"S": key}},
                UpdateExpression="SET expiresAt = :until, holder = :holder",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
