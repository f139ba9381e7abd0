"""Stores two things: the time of each provider's last signal, and an index that finds a person by provider and subject.
A signal is a provider's message that a person was deactivated or reactivated, or has to be signed out.

Gatehouse needs the index for two reasons: Cognito cannot search by a custom attribute, and the user name of a linked
account does not contain the provider's subject. Rows are written by the user-pool trigger at a sign-in, by `reconcile`,
and by the function that acts on signals. Each write is one conditional UpdateItem, so the newer of two signals wins, in
whatever order the signals arrive.

A person's row has the key `<provider>/<subject>`. A row whose key has no slash belongs to a provider, and contains the
time of the provider's last signal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..signals import timestamp
from .dynamodb import ConditionFailed, DynamoDB, Item, read_text, translated_errors


@dataclass(frozen=True)
class SubjectRecord:
    """A person's row for one provider. Times come from the provider's clock, in ISO 8601 UTC with milliseconds. If an
    event has never happened, the event's time is empty."""

    user_name: str
    #: The time of the newest signal that ended the sessions or reactivated the person.
    ended_at: str
    #: The time of the newest signal that deactivated or reactivated the person.
    decided_at: str
    #: The time of the signal that disabled the profile. If no signal has disabled the profile, the text is empty.
    disabled_at: str

    @classmethod
    def from_item(cls, item: Item) -> "SubjectRecord":
        return cls(
            *(read_text(item, name) for name in ("userName", "endedAt", "decidedAt", "disabledAt"))
        )


NOBODY = SubjectRecord("", "", "", "")


class SubjectStore:
    """Reads and writes the table through `client`. `clock` returns Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def load(self, provider: str, subject: str) -> SubjectRecord:
        """Return a person's row. If the row does not exist, all times are empty. Raises TemporarilyUnavailable."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key=_key(f"{provider}/{subject}"),
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return SubjectRecord.from_item(item) if item else NOBODY

    def note_person(self, provider: str, subject: str, user_name: str) -> bool:
        """Record the person's account. Return False if the row already contained the same account. Raises
        TemporarilyUnavailable."""
        return self._update(
            f"{provider}/{subject}",
            {"userName": user_name},
            "attribute_not_exists(userName) OR userName <> :userName",
        )

    def note_ended(self, provider: str, subject: str, at: str) -> None:
        """Record that a signal from the time `at` ended the sessions. Raises TemporarilyUnavailable."""
        condition = "attribute_not_exists(endedAt) OR endedAt < :endedAt"
        self._update(f"{provider}/{subject}", {"endedAt": at}, condition)

    def note_disabling(self, provider: str, subject: str, at: str) -> None:
        """Record that a signal will disable the profile. Call this method before the profile is disabled, so that the
        cause is known even after a crash. Raises TemporarilyUnavailable."""
        self._update(f"{provider}/{subject}", {"disabledAt": at}, None)

    def note_gone(self, provider: str, subject: str, at: str) -> bool:
        """Record that a signal from the time `at` deactivated the person. Return False if a newer signal was already
        recorded. Raises TemporarilyUnavailable.
        """
        return self._decide(provider, subject, at)

    def note_back(self, provider: str, subject: str, at: str) -> bool:
        """Record that a signal from the time `at` reactivated the person. Return False if a newer signal was already
        recorded.

        After a reactivation, older signals are ignored. So if an older signal to end sessions arrives late, the
        person's new sessions continue. Raises TemporarilyUnavailable.
        """
        self.note_ended(provider, subject, at)
        return self._decide(provider, subject, at, remove="disabledAt")

    def note_signal(self, provider: str) -> None:
        """Record that a provider has just sent a signal. Raises TemporarilyUnavailable."""
        self._update(provider, {"lastSignalAt": timestamp(self._clock())}, None)

    def note_other_doing(self, provider: str, subject: str) -> None:
        """Record that an administrator disabled or enabled the profile. After an administrator's action, signals no
        longer enable the profile. Raises TemporarilyUnavailable.
        """
        condition = "attribute_exists(disabledAt)"
        self._update(f"{provider}/{subject}", {}, condition, "disabledAt")

    def _decide(self, provider: str, subject: str, at: str, remove: str = "") -> bool:
        condition = "attribute_not_exists(decidedAt) OR decidedAt < :decidedAt"
        return self._update(f"{provider}/{subject}", {"decidedAt": at}, condition, remove)

    def _update(
        self, key: str, columns: Mapping[str, str], condition: str | None, remove: str = ""
    ) -> bool:
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        clauses = [f"SET {sets}"] if sets else []
        clauses += [f"REMOVE {remove}"] if remove else []
        arguments: dict[str, Any] = {
            "TableName": self._table,
            "Key": _key(key),
            "UpdateExpression": " ".join(clauses),
        }
        if columns:
            values = {f":{name}": {"S": text} for name, text in columns.items()}
            arguments["ExpressionAttributeValues"] = values
        if condition:
            arguments["ConditionExpression"] = condition
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(**arguments)
        except ConditionFailed:
            return False
        return True


def _key(subject: str) -> dict[str, dict[str, str]]:
    return {"subject": {"S": subject}}
