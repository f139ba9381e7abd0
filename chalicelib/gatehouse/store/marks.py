"""Marks values as used, in the throttle's table. So each code of an authenticator app, and each step of a sign-in,
works only once (S-74).

One conditional write sets a mark, so two containers cannot both set the same mark. A mark expires together with the
marked value. The key of a mark is an HMAC, so the table contains neither codes nor sessions. Source: RFC 6238 5.2
("must not accept the second attempt of the OTP").
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
    """Sets and removes marks. `load_pepper` returns the HMAC's key. `clock` returns Unix seconds."""

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
        """Mark a value as used, for `seconds` seconds. Return a token for `take_off`, or None if the value is already
        marked.

        Raises TemporarilyUnavailable if the write fails. Before the error is raised, the method tries to remove the
        mark.
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
            # The write may have succeeded even if the answer was lost. The value was not used, so remove the mark.
            with suppress(TemporarilyUnavailable):
                self.take_off(kind, value, holder)
            raise
        return holder

    def take_off(self, kind: str, value: str, holder: str) -> None:
        """Remove the mark, so that the value is usable again. `holder` is the token that `set` returned. With another
        token, nothing changes. Raises TemporarilyUnavailable."""
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
