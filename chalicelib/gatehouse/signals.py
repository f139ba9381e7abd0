"""Signals are messages from a provider about its people. Our routes send the signals through a queue to the function
`leaving`.

Okta waits three seconds for an answer, so a route authenticates the sender, puts the signals into the queue, and
answers at once. The function `leaving` acts on the signals later, without exceeding Cognito's quotas. Source: Amazon
SQS API reference, "SendMessageBatch" (ten messages per call; each message may fail separately).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from .errors import TemporarilyUnavailable

#: The person was deactivated, suspended or deleted at the provider, or is no longer assigned to our app.
GONE = "gone"
#: The person was reactivated at the provider, or was assigned to our app again.
BACK = "back"
#: The person's sessions ended, but the person stays active.
ENDED = "ended"
#: The person is no longer in `group`.
LEFT_GROUP = "left_group"
KINDS = (GONE, BACK, ENDED, LEFT_GROUP)
_BATCH = 10


@dataclass(frozen=True)
class Signal:
    """One signal. `subject` is the provider's own name for the person. `id` is the provider's own name for the event.
    `at` is the time of the event (see `timestamp`). `group` is only for LEFT_GROUP."""

    provider: str
    subject: str
    kind: str
    at: str
    id: str
    group: str = ""

    @classmethod
    def parse(cls, text: str) -> "Signal":
        """Return the signal in a message of the queue. Raises ValueError for a message that no release of Gatehouse
        sends."""
        found = json.loads(text)
        if not isinstance(found, dict) or set(found) != set(cls.__dataclass_fields__):
            raise ValueError("not a signal")
        if not all(isinstance(value, str) for value in found.values()):
            raise ValueError("not a signal")
        signal = cls(**found)
        if signal.kind not in KINDS or not signal.provider or not signal.subject:
            raise ValueError("not a signal")
        return signal


def timestamp(seconds: float) -> str:
    """Return Unix seconds as an ISO 8601 UTC time with milliseconds. Sorting such texts also sorts the times."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Sqs(Protocol):
    """The method of boto3's client that this module calls. The tests' fake client has the same method."""

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]: ...


class SignalQueue:
    """Sends signals to the queue `url` through `client`."""

    def __init__(self, client: Sqs, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, signals: Sequence[Signal]) -> None:
        """Send the signals. Raises TemporarilyUnavailable if the queue did not accept all signals. In this case, the
        caller may send all signals again."""
        for start in range(0, len(signals), _BATCH):
            self._send(signals[start : start + _BATCH])

    def _send(self, signals: Sequence[Signal]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [
            {"Id": str(number), "MessageBody": json.dumps(asdict(signal))}
            for number, signal in enumerate(signals)
        ]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise TemporarilyUnavailable(f"SQS SendMessageBatch: {code}") from None
        except BotoCoreError as error:
            raise TemporarilyUnavailable(f"SQS SendMessageBatch: {type(error).__name__}") from None
        if len(answer.get("Successful", [])) != len(entries):
            raise TemporarilyUnavailable("SQS SendMessageBatch: not every message was accepted")
