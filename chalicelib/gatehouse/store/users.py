"""Reads and writes the users table, which has one record per person. The user-pool trigger writes a record, and each
sign-in repairs the record (S-55, S-57).

Every write is one conditional UpdateItem. So the record ends up the same, even if an event arrives twice, late, or out
of order. A PENDING write creates a record, but never changes an existing record. A CONFIRMED write is skipped if the
record would not change. `createdAt` and `ClientId` keep their first value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from .dynamodb import ConditionFailed, DynamoDB, Item, read_text, translated_errors

PENDING = "PENDING"
CONFIRMED = "CONFIRMED"
#: The value of `madeBy` in a PENDING record that our own server made. The person has not yet chosen a password or
#: names.
OUR_SERVER = "gatehouse"
#: Columns that a write may clear. Other columns are never cleared, because every person has an address, a `sub` and a
#: provider.
NAME_COLUMNS = frozenset({"given_name", "family_name"})
#: The lifetime of an unconfirmed sign-up's record (DynamoDB TTL on `expiresAt`).
PENDING_LIFETIME_SECONDS = 30 * 86_400


def key_of(user_name: str) -> str:
    """Return the table's key for a user name: the name in lower case.

    The pool ignores case. AWS documents that triggers get names in lower case, but does not document the case of names
    in tokens. Because the key is in lower case, a person always has exactly one record. Source: AWS "User pool case
    sensitivity" (Amazon Cognito developer guide).
    """
    return user_name.lower()


@dataclass(frozen=True)
class UserProfile:
    """A person's data at one moment. `sub` is empty before Cognito has created the user."""

    user_name: str
    client_id: str
    email: str
    given_name: str
    family_name: str
    provider: str
    sub: str = ""
    #: The names of the providers to which a native person was linked, sorted and separated by commas.
    linked: str = ""
    #: Columns for which the source sends complete data. A column in `told` is cleared if the column's value is empty. In
    #: other columns, an empty value means that the source did not send the value.
    told: frozenset[str] = frozenset()

    def columns(self) -> dict[str, str]:
        """Return the profile as a dict. The keys are the table's attribute names, except `userName` and `ClientId`."""
        columns = {
            "Email": self.email,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "provider": self.provider,
            "sub": self.sub,
            "linked": self.linked,
        }
        # Empty values are never written, because an empty value may mean that the event lacks the attribute. DynamoDB
        # also refuses an empty string as an index key.
        return {name: value for name, value in columns.items() if value}

    def emptied(self) -> tuple[str, ...]:
        """Return the columns that the source explicitly sent as empty. Omitted columns are not included (S-69)."""
        return tuple(sorted((self.told & NAME_COLUMNS) - set(self.columns())))


@dataclass(frozen=True)
class UserRecord:
    """A row of the table. The fields have the names of the table's attributes. Times are ISO 8601 UTC."""

    userName: str  # noqa: N815 - the name of the table's attribute, which is part of the contract
    ClientId: str
    Email: str
    given_name: str
    family_name: str
    sub: str
    provider: str
    status: str
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815
    lastSignInAt: str  # noqa: N815
    #: The start of the person's previous session, in any browser, or empty.
    previousSignInAt: str  # noqa: N815
    linked: str
    #: The last time at which the person chose a password and entered a mailed code in the same step, or empty (S-67).
    provedAt: str  # noqa: N815
    #: Tokens and sessions from before this time are refused. The text stays empty until all sessions of the person
    #: are ended for the first time.
    validAfter: str  # noqa: N815

    @classmethod
    def from_item(cls, item: Item) -> "UserRecord":
        return cls(**{name: read_text(item, name) for name in cls.__dataclass_fields__})

    def ends_tokens_of(self, issued_at: int) -> bool:
        """Return whether a token that was issued at `issued_at` (Unix seconds) is no longer accepted.

        A token's time has no fractions of a second, so tokens from the same second as the sign-out are refused, too.
        """
        return _not_after(issued_at, self.validAfter)

    def has_new_password_since(self, began_at: int) -> bool:
        """Return whether a password was set with a mailed code at or after `began_at` (Unix seconds). A reset on
        managed login counts, too, although such a reset ends no sessions."""
        return _not_after(began_at, self.provedAt)


def _not_after(seconds: int, time: str) -> bool:
    """Return whether `seconds` (Unix) is at or before `time`, in whole seconds. An empty `time` is earlier than any
    other time."""
    # Both texts are ISO 8601 in UTC, so the texts sort in the order of the times.
    whole_seconds = len("2026-01-01T00:00:00")
    return iso(seconds)[:whole_seconds] <= time[:whole_seconds]


class UserStore:
    """Reads and writes the table through `client`. `clock` returns Unix seconds."""

    def __init__(self, client: DynamoDB, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def load(self, user_name: str) -> UserRecord | None:
        """Return the record, or None. The read is consistent, so the result includes a record that was just written."""
        item = self._item(user_name)
        return UserRecord.from_item(item) if item else None

    def ends_tokens(self, user_name: str, issued_at: int) -> bool:
        """Return whether, according to the person's record, a token from `issued_at` is no longer accepted
        (`UserRecord.ends_tokens_of`). The check takes equally long for a name without a record (S-89)."""
        return UserRecord.from_item(self._item(user_name)).ends_tokens_of(issued_at)

    def _item(self, user_name: str) -> Item:
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                ConsistentRead=True,
            )
        return answer.get("Item") or {}

    def is_proved(self, user_name: str) -> bool:
        """Return whether the mailbox's owner has ever chosen the password (S-68)."""
        record = self.load(user_name)
        return record is not None and bool(record.provedAt)

    def page(self, limit: int, after: str | None = None) -> tuple[list[UserRecord], str | None]:
        """Return up to `limit` records in the table's own order, and the value of `after` for the next page. This
        value is None if there is no next page."""
        start = {} if after is None else {"ExclusiveStartKey": {"userName": {"S": after}}}
        with translated_errors("Scan"):
            answer = self._client.scan(TableName=self._table, Limit=limit, **start)
        records = [UserRecord.from_item(item) for item in answer.get("Items", [])]
        last = answer.get("LastEvaluatedKey")
        return records, read_text(last, "userName") if last else None

    def record_names(self, user_name: str, names: Mapping[str, str]) -> None:
        """Set `given_name` and `family_name` of an existing record. If the record is missing, the next sign-in writes
        the record."""
        assignments = {
            name: {"S": names[name]} for name in ("given_name", "family_name") if name in names
        }
        assignments["updatedAt"] = {"S": iso(self._clock())}
        self._update(user_name, assignments, {}, "attribute_exists(userName)")

    def record_unlinked(self, user_name: str) -> None:
        """Remove the column `linked` from the record of a person who has no linked provider any more. The other writes
        cannot remove the column, because an empty value in a profile means "not sent"."""
        assignments = {"updatedAt": {"S": iso(self._clock())}}
        self._update(user_name, assignments, {}, "attribute_exists(linked)", remove="linked")

    def record_proved(self, user_name: str, *, sessions_ended: bool = False) -> None:
        """Record that the mailbox's owner has just chosen the password, with a mailed code or an invitation (S-67,
        S-68).

        With `sessions_ended`, the same write also ends the sessions, as `record_signed_out` does. A new password ends the
        sessions that began with the old password.
        """
        now = {"S": iso(self._clock())}
        ended = {"validAfter": now} if sessions_ended else {}
        # The trigger may already have written `provedAt`, with a slightly later time from another clock. A condition on
        # `provedAt` would then fail. So a write that ends the sessions has a condition on `validAfter` instead.
        column = "validAfter" if sessions_ended else "provedAt"
        self._update(
            user_name,
            {"provedAt": now, **ended, "updatedAt": now},
            {},
            f"attribute_not_exists({column}) OR #{column} < :{column}",
            remove="expiresAt",
        )

    def record_signed_out(self, user_name: str) -> bool:
        """Record that all present tokens and sessions are no longer accepted (S-70). If the record already contains a
        later time, the later time is kept.

        Returns False if nothing was written, for example because the person has no record. This method creates no
        record, because a new record would lack address, names and `sub`.
        """
        now = {"S": iso(self._clock())}
        return self._update(
            user_name,
            {"validAfter": now, "updatedAt": now},
            {},
            "attribute_exists(userName) AND "
            "(attribute_not_exists(validAfter) OR #validAfter <= :validAfter)",
        )

    def record_new_password(self, user_name: str) -> None:
        """Record that a person who knew the old password has chosen a new password. All earlier sessions end.

        The old password does not prove access to the mailbox, so `provedAt` changes only if `provedAt` was already set.
        Browsers that were known before the change are unknown after the change.
        """
        now = {"S": iso(self._clock())}
        columns = {"provedAt": now, "validAfter": now, "updatedAt": now}
        if not self._update(user_name, columns, {}, "attribute_exists(provedAt)"):
            self.record_signed_out(user_name)

    def is_ours(self, user_name: str) -> bool:
        """Return whether our own server made an unconfirmed sign-up (S-67)."""
        with translated_errors("GetItem"):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"userName": {"S": key_of(user_name)}},
                ConsistentRead=True,
            )
        return read_text(answer.get("Item") or {}, "madeBy") == OUR_SERVER

    def delete_pending(self, user_name: str) -> None:
        """Delete the record of a sign-up that was removed from the pool. A confirmed record is kept."""
        try:
            with translated_errors("DeleteItem"):
                self._client.delete_item(
                    TableName=self._table,
                    Key={"userName": {"S": key_of(user_name)}},
                    ConditionExpression="#status = :pending",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":pending": {"S": PENDING}},
                )
        except ConditionFailed:
            return

    def record_pending(self, profile: UserProfile, made_by: str = "") -> None:
        """Create the record of an unconfirmed sign-up. An existing record stays unchanged.

        `made_by` is OUR_SERVER if our own server signed the person up.
        """
        now = self._clock()
        assignments = {
            **{name: {"S": value} for name, value in profile.columns().items()},
            "ClientId": {"S": profile.client_id},
            "status": {"S": PENDING},
            "createdAt": {"S": iso(now)},
            "updatedAt": {"S": iso(now)},
            "expiresAt": {"N": str(int(now) + PENDING_LIFETIME_SECONDS)},
            **({"madeBy": {"S": made_by}} if made_by else {}),
        }
        self._update(profile.user_name, assignments, {}, "attribute_not_exists(userName)")

    def record_confirmed(self, profile: UserProfile) -> None:
        """Set the record to CONFIRMED and update the profile. An up-to-date record is not written."""
        columns = self._confirmed_columns(profile)
        differs = " OR ".join(
            [f"#{name} <> :{name}" for name in columns]
            + [f"attribute_exists({name})" for name in profile.emptied()]
        )
        self._write_confirmed(profile, columns, f"attribute_not_exists(userName) OR {differs}")

    def record_sign_in(self, profile: UserProfile) -> None:
        """Repair the record as `record_confirmed` does, and store the time of the sign-in in the same write (S-57)."""
        self._write_sign_in(profile, "lastSignInAt")

    def record_session(self, profile: UserProfile) -> None:
        """Do the same as `record_sign_in` for a sign-in that starts a session. Also store the start of the previous
        session.

        The trigger has just recorded the same sign-in in `lastSignInAt`. So the start of the previous session is read
        from another column, `lastSessionAt`. No other method writes `lastSessionAt`.
        """
        self._write_sign_in(profile, "lastSessionAt", moves={"previousSignInAt": "lastSessionAt"})

    def _write_sign_in(
        self,
        profile: UserProfile,
        column: str,
        moves: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store the current time in `lastSignInAt` and in `column`, unless `column` already has the same or a later
        time.

        Each caller has its own `column`. The trigger and the app both report the same sign-in, and the trigger's clock
        may be ahead. In a shared column, the trigger's later time would prevent the app's write.
        """
        now = iso(self._clock())
        self._write_confirmed(
            profile,
            {**self._confirmed_columns(profile), "lastSignInAt": now, column: now},
            f"attribute_not_exists({column}) OR #{column} < :{column}",
            moves,
        )

    def _confirmed_columns(self, profile: UserProfile) -> dict[str, str]:
        return {**profile.columns(), "status": CONFIRMED}

    def _write_confirmed(
        self,
        profile: UserProfile,
        columns: Mapping[str, str],
        condition: str,
        moves: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        now = iso(self._clock())
        assignments = {name: {"S": value} for name, value in columns.items()}
        assignments["updatedAt"] = {"S": now}
        first_values = {"ClientId": {"S": profile.client_id}, "createdAt": {"S": now}}
        remove = ", ".join(("expiresAt", *profile.emptied()))
        self._update(
            profile.user_name, assignments, first_values, condition, remove=remove, moves=moves
        )

    def _update(
        self,
        user_name: str,
        assignments: Mapping[str, Mapping[str, str]],
        first_values: Mapping[str, Mapping[str, str]],
        condition: str,
        remove: str | None = None,
        moves: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Make one conditional UpdateItem. Return whether the condition was met.

        `moves` maps a column to a source column. The column gets the value that the source column had before this write.
        """
        sets = [f"#{name} = :{name}" for name in assignments]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first_values]
        sets += [f"#{name} = if_not_exists(#{source}, :{name})" for name, source in moves.items()]
        expression = "SET " + ", ".join(sets) + (f" REMOVE {remove}" if remove else "")
        values = {**assignments, **first_values, **{name: {"S": ""} for name in moves}}
        arguments: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"userName": {"S": key_of(user_name)}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            # Every name has a placeholder, because `status` is a reserved word of DynamoDB.
            "ExpressionAttributeNames": {f"#{name}": name for name in values},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }
        try:
            with translated_errors("UpdateItem"):
                self._client.update_item(**arguments)
        except ConditionFailed:
            return False
        return True


def iso(seconds: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC, with milliseconds. The resulting texts sort in the order of the times."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
