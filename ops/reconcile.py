"""This module corrects the users table so that the table matches the user pool. A correction is needed after missed
events, and for people who existed before Gatehouse.

First, the module compares each page of people in the pool with their records in the table. Then it compares each page
of the table with the names from the pool. The module writes records in the same way as the trigger, with
`UserStore`. So a sign-in at the same time does no harm. Fields that the pool does not return stay unchanged. If a
provider has sent an address outside the provider's domains, Cognito stores this address, but the table keeps the
person's earlier address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.gatehouse.cognito.pool_user import PoolUser
from chalicelib.gatehouse.store.subjects import SubjectStore
from chalicelib.gatehouse.store.users import PENDING, UserProfile, UserRecord, UserStore, key_of

from . import aws
from .pool import PENDING_STATES, PoolReader, build_profile
from .progress_file import ProgressFile
from .report import Reporter

_TABLE_PAGE = 500
_REPORT_EVERY = 6000
_NAMED = 20
# The time for which a pending record without a person is kept. The record may belong to a sign-up in progress, because
# the trigger writes the record before the pool has the person.
GRACE_SECONDS = 3600


@dataclass
class Findings:
    """The counts of a comparison. If the comparison was a dry run, no record was changed."""

    people: int = 0
    records: int = 0
    missing: int = 0
    differing: int = 0
    surplus: int = 0
    moved: int = 0

    @property
    def total(self) -> int:
        """The number of differences between the table and the pool."""
        return self.missing + self.differing + self.surplus


class Reconciler:
    """A comparison of one pool with one table. `dynamodb` is boto3's client; `clock` gives Unix seconds.

    `refuse_address` is the method `refuse_address` of ProviderStore. `subjects` is the index in which
    Gatehouse finds the person that a provider's signal is about. Without such an index, `subjects` is None.
    """

    def __init__(
        self,
        *,
        pool: PoolReader,
        dynamodb: Any,
        table: str,
        client_id: str,
        refuse_address: Callable[[str, Collection[str]], str | None],
        subjects: SubjectStore | None = None,
        progress: ProgressFile,
        report: Reporter,
        dry_run: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._dynamodb = dynamodb
        self._table = table
        self._client_id = client_id
        self._refuse_address = refuse_address
        self._subjects = subjects
        self._progress = progress
        self._report = report
        self._dry_run = dry_run
        self._clock = clock
        self._users = UserStore(dynamodb, table, clock)
        self._findings = Findings()

    def run(self) -> Findings:
        """Compare and correct all records. If the last run was interrupted, continue that run."""
        state = self._progress.load()
        self._findings = Findings(**state.get("findings", {}))
        if state:
            self._report.note(f"resuming after {self._findings.people} people")
        if not state.get("pool_done"):
            self._report.step("Comparing the pool's people with their records")
            self._compare_people(state.get("token"))
            self._report.done(f"{self._findings.people} people")
        self._report.step("Looking for records without a person")
        self._compare_records(state.get("after") if state.get("pool_done") else None)
        self._report.done(f"{self._findings.records} records")
        return self._findings

    def _compare_people(self, token: str | None) -> None:
        resumed = token is not None
        while True:
            try:
                people, token = self._pool.page(token)
            except ClientError as error:
                if not resumed or aws.error_code(error) != "InvalidParameterException":
                    raise
                self._report.note(
                    "the pool no longer accepts the position at which the last run stopped: starting again"
                )
                self._progress.clear()
                self._findings, token, resumed = Findings(), None, False
                continue
            resumed = False
            keys = [key_of(user.user_name) for user in people]
            records = self._load(keys)
            for user, key in zip(people, keys, strict=True):
                self._compare(user, records.get(key))
            before = self._findings.people
            self._findings.people += len(people)
            if before // _REPORT_EVERY != self._findings.people // _REPORT_EVERY:
                self._report.note(
                    f"{self._findings.people} people, {self._findings.total} to correct"
                )
            state = {"findings": asdict(self._findings), "token": token, "pool_done": token is None}
            self._progress.save(state, keys)
            if token is None:
                return

    def _compare_records(self, after: str | None) -> None:
        while True:
            records, after = self._users.page(_TABLE_PAGE, after)
            for record in records:
                if not self._progress.has(record.userName):
                    self._judge(record)
            self._findings.records += len(records)
            state = {"findings": asdict(self._findings), "pool_done": True, "after": after}
            self._progress.save(state)
            if after is None:
                return

    def _compare(self, user: PoolUser, record: UserRecord | None) -> None:
        profile = build_profile(user, self._client_id)
        if self._subjects is not None and not self._dry_run:
            for identity in user.identities:
                if identity.subject:
                    self._subjects.note_person(
                        identity.provider, identity.subject, key_of(user.user_name)
                    )
        names = [identity.provider for identity in user.identities]
        if names and (reason := self._refuse_address(profile.email, names)):
            self._findings.moved += 1
            self._report.note(f"{profile.user_name}: {reason}")
            # An empty address in the profile means "unknown", so the record keeps its own address.
            profile = replace(profile, email="")
        pending = user.status in PENDING_STATES
        if record is None:
            self._findings.missing += 1
            self._tell(f"{profile.user_name}: no record")
            if not self._dry_run:
                write = self._users.record_pending if pending else self._users.record_confirmed
                write(profile)
        elif not pending and (columns := differences(profile, record)):
            self._findings.differing += 1
            self._tell(f"{profile.user_name}: {', '.join(columns)}")
            if not self._dry_run:
                self._users.record_confirmed(profile)
                if record.linked and not profile.linked:
                    self._users.record_unlinked(profile.user_name)

    def _judge(self, record: UserRecord) -> None:
        """Correct a record whose user name was not seen in the pool."""
        if record.status == PENDING and _age(record, self._clock()) < GRACE_SECONDS:
            return
        user = self._pool.find(record.userName)
        if user is not None and key_of(user.user_name) == record.userName:
            # The person was created after this run had read the page of the pool to which the name belongs.
            self._compare(user, record)
            return
        self._findings.surplus += 1
        self._tell(f"{record.userName}: a record without a person")
        if not self._dry_run:
            delete_unchanged(self._dynamodb, self._table, record)

    def _tell(self, line: str) -> None:
        """Print a difference if it is among the first differences. A complete list could be long, because each person
        who existed before Gatehouse causes a difference.
        """
        if self._findings.total <= _NAMED:
            self._report.note(line)
        elif self._findings.total == _NAMED + 1:
            self._report.note("further differences are counted, but not listed")

    def _load(self, keys: list[str]) -> dict[str, UserRecord]:
        """Return the records of the people on one page."""
        wanted: dict[str, Any] = {
            self._table: {
                "Keys": [{"userName": {"S": key}} for key in keys],
                "ConsistentRead": True,
            }
        }
        found: dict[str, UserRecord] = {}
        while wanted and keys:
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(self._table, []):
                record = UserRecord.from_item(item)
                found[record.userName] = record
            wanted = answer.get("UnprocessedKeys") or {}
        return found


def differences(profile: UserProfile, record: UserRecord) -> list[str]:
    """Return the columns in which a record differs from a confirmed person's profile."""
    emptied = dict.fromkeys(profile.emptied(), "")
    told = {**profile.columns(), **emptied, "status": "CONFIRMED", "linked": profile.linked}
    # The pool returns addresses in lower case, but an address in a token may contain upper case. So differences between
    # upper and lower case are ignored.
    if record.Email.lower() == profile.email.lower():
        told.pop("Email", None)
    return [name for name, value in told.items() if getattr(record, name) != value]


def delete_unchanged(dynamodb: Any, table: str, record: UserRecord) -> None:
    """Delete a record if no other process has written the record since `record` was read."""
    try:
        dynamodb.delete_item(
            TableName=table,
            Key={"userName": {"S": record.userName}},
            ConditionExpression="updatedAt = :seen OR attribute_not_exists(updatedAt)",
            ExpressionAttributeValues={":seen": {"S": record.updatedAt}},
        )
    except ClientError as error:
        if aws.error_code(error) != "ConditionalCheckFailedException":
            raise


def _age(record: UserRecord, now: float) -> float:
    try:
        made = datetime.strptime(record.createdAt, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return float("inf")
    return now - made.timestamp()
