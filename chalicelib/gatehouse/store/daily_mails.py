"""Counts the mails of a stage per day, with one counter for all addresses and sources (S-41).

Cognito's own sender stops after 50 mails a day. Without a limit of our own, a stranger could enter many addresses and
so use up these 50 mails. All other people would then get no codes, and no error message. Known and unknown addresses
count in the same way, so the counter does not reveal whether an account exists. The counter covers a rolling window:
the current hour and the previous 24 hours. So no period of 24 hours contains more mails than the limit. Source: AWS
"Quotas in Amazon Cognito" (emails per day); OWASP Forgot Password Cheat Sheet (rate limits).
"""

import json
from collections.abc import Callable

from ..errors import TemporarilyUnavailable, TooManyAttempts
from .dynamodb import ConditionFailed, DynamoDB, translated_errors

HOUR = 3600
HOURS = 24
_KEY = {"key": {"S": "mail/stage"}}
#: A write of the counter fails if another request changes the counter at the same time. After this number of failed
#: writes, the request is refused (fail closed), as in throttle.py.
_RACES = 12


class DailyMails:
    """Counts mails. `limit` is the maximum per day. `clock` returns Unix seconds."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        clock: Callable[[], float],
        limit: int,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._limit = limit

    def take(self) -> None:
        """Count one mail. Raises TooManyAttempts, which contains the remaining wait in seconds. Raises
        TemporarilyUnavailable if the counter cannot be read or written."""
        for _ in range(_RACES):
            hours, version = self._read()
            now = self._clock()
            if sum(hours.values()) >= self._limit:
                free_at = (min(hours) + HOURS + 1) * HOUR
                raise TooManyAttempts(
                    "the stage's mails for the day are used up",
                    retry_after=max(1, int(free_at - now + 0.999)),
                )
            hour = int(now // HOUR)
            if self._write({**hours, hour: hours.get(hour, 0) + 1}, version):
                return
        raise TooManyAttempts("too many concurrent requests", retry_after=1)

    def give_back(self) -> None:
        """Undo a `take` if no mail was sent."""
        for _ in range(_RACES):
            hours, version = self._read()
            if not hours:
                return
            last = max(hours)
            if self._write({**hours, last: hours[last] - 1}, version):
                return

    def _read(self) -> tuple[dict[int, int], int]:
        """Return two values: the number of mails for each hour of the window, and the row's version. Hours are counted
        since 1970."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)
        item = answer.get("Item")
        if not item:
            return {}, 0
        first = int(self._clock() // HOUR) - HOURS
        try:
            stored = {int(hour): int(n) for hour, n in json.loads(item["hours"]["S"]).items()}
            version = int(item["version"]["N"])
        except (KeyError, ValueError, TypeError, AttributeError):
            raise TemporarilyUnavailable(
                "the stored count of the day's mails is malformed"
            ) from None
        return {hour: n for hour, n in stored.items() if hour >= first and n > 0}, version

    def _write(self, hours: dict[int, int], version: int) -> bool:
        """Replace the row. Return False if another writer has changed the row since `_read` returned `version`."""
        condition = "version = :seen" if version else "attribute_not_exists(version)"
        values = {
            ":hours": {"S": json.dumps({str(hour): n for hour, n in hours.items()})},
            ":version": {"N": str(version + 1)},
            ":until": {"N": str(int(self._clock()) + (HOURS + 1) * HOUR)},
        }
        if version:
            values[":seen"] = {"N": str(version)}
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(
                    TableName=self._table,
                    Key=_KEY,
                    UpdateExpression="SET #hours = :hours, #version = :version, expiresAt = :until",
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#hours": "hours", "#version": "version"},
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            return False
        return True
