"""This module finds the people of a stage in its user pool and its users table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.gatehouse.cognito.groups import without_automatic
from chalicelib.gatehouse.cognito.pool_user import FEDERATED_STATUS, PoolUser, parse_pool_user
from chalicelib.gatehouse.store.providers import ProviderStore
from chalicelib.gatehouse.store.recovery_codes import RecoveryCodeStore
from chalicelib.gatehouse.store.session_rows import SessionRows
from chalicelib.gatehouse.store.subjects import SubjectStore
from chalicelib.gatehouse.store.users import UserRecord, UserStore, key_of

from . import aws
from .errors import OpsError
from .pool import PAGE, PENDING_STATES, Pace, build_profile
from .printable import printable
from .program import PROGRAM
from .provider_rows import table_of, variable_of
from .stages import Stage

# A pool's account states, in plain words.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserType.html
STATUS_WORDS: Mapping[str, str] = {
    "CONFIRMED": "confirmed",
    "UNCONFIRMED": "not confirmed",
    "FORCE_CHANGE_PASSWORD": "invited",
    "RESET_REQUIRED": "reset required",
    FEDERATED_STATUS: "from a provider",
}


@dataclass(frozen=True)
class Person:
    """A person in the pool. `factors` and `preferred` are known if the person was read by name. Otherwise, both are
    empty.
    """

    user: PoolUser
    created_at: datetime | None
    modified_at: datetime | None
    factors: tuple[str, ...]
    preferred: str

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Person:
        """Build a person from a user that ListUsers, ListUsersInGroup or AdminGetUser returned."""
        return cls(
            user=parse_pool_user(answer),
            created_at=answer.get("UserCreateDate"),
            modified_at=answer.get("UserLastModifiedDate"),
            factors=tuple(answer.get("UserMFASettingList") or ()),
            preferred=str(answer.get("PreferredMfaSetting") or ""),
        )

    @property
    def user_name(self) -> str:
        """The person's user name in the pool."""
        return self.user.user_name

    @property
    def email(self) -> str:
        """The person's address in the pool; empty if the pool has no address."""
        return self.user.attributes.get("email", "")

    @property
    def status_words(self) -> str:
        """The account's status in words, with "disabled" if the account is disabled."""
        words = STATUS_WORDS.get(self.user.status, self.user.status.lower())
        return words if self.user.enabled else f"{words}, disabled"

    @property
    def is_federated(self) -> bool:
        """True if a provider created the account. Such an account has no password and no second factor in the pool."""
        return self.user.status == FEDERATED_STATUS

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the providers through which the person signs in to this account."""
        return tuple(dict.fromkeys(identity.provider for identity in self.user.identities))

    def __str__(self) -> str:
        """The person's address and user name, or the user name alone."""
        address = printable(self.email)
        name = printable(self.user_name)
        return f"{address} ({name})" if address else name


class Directory:
    """Reads the pool and the users table of one stage, at a limited rate. `clock` returns Unix seconds."""

    def __init__(
        self,
        session: boto3.Session,
        stage: Stage,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stage = stage
        self.pool_id = variable_of(stage, "USER_POOL_ID")
        self.client_id = variable_of(stage, "CLIENT_ID")
        self.clock = clock
        self._cognito = aws.client(session, "cognito-idp")
        self._dynamodb = aws.client(session, "dynamodb")
        self._table = variable_of(stage, "USERS_TABLE")
        self.users = UserStore(self._dynamodb, self._table, clock)
        self.recovery_codes = RecoveryCodeStore(self._dynamodb, self._table)
        self.providers = ProviderStore(self._dynamodb, table_of(stage), clock)
        self._pace = pace or Pace()

    @cached_property
    def sessions(self) -> SessionRows:
        """The sessions table. Raises OpsError if the stage was last provisioned by a version of Gatehouse that had no
        sessions table.
        """
        return SessionRows(self._dynamodb, variable_of(self.stage, "SESSIONS_TABLE"), self.clock)

    def settle(self, person: Person) -> None:
        """Record in the subjects table that an administrator disabled or enabled the person.

        A signal of a provider enables a person only if the table records that an earlier signal disabled the person.
        This method removes that record, so a later signal cannot enable the person.
        """
        table = self.stage.environment.get("SUBJECTS_TABLE", "")
        if not table:
            return
        subjects = SubjectStore(self._dynamodb, table, self.clock)
        for identity in person.user.identities:
            subjects.note_other_doing(identity.provider, identity.subject)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation of the pool, as soon as the rate limit allows. `operation` is the name of boto3's method."""
        self._pace.wait()
        answer: dict[str, Any] = getattr(self._cognito, operation)(
            UserPoolId=self.pool_id, **arguments
        )
        return answer

    @cached_property
    def pool(self) -> Mapping[str, Any]:
        """The pool as DescribeUserPool returns it."""
        found: Mapping[str, Any] = self.call("describe_user_pool")["UserPool"]
        return found

    def same(self, one: str, other: str) -> bool:
        """Tell whether two names or addresses are the same. The pool's setting decides whether case matters; by
        default, case matters.
        """
        rule = self.pool.get("UsernameConfiguration") or {}
        if rule.get("CaseSensitive") is False:
            return one.casefold() == other.casefold()
        return one == other

    def get(self, name: str) -> Person | None:
        """Return the person with this user name, or the native person with this address. Return None if AWS finds no
        such person.
        """
        try:
            return Person.parse(self.call("admin_get_user", Username=name))
        except ClientError as error:
            if aws.error_code(error) == "UserNotFoundException":
                return None
            raise

    def find(self, name: str) -> Person | None:
        """Return the person with this user name or address, or None.

        Raises OpsError if several people have the address. The message lists the user names of these people.
        """
        people = self.everybody(name)
        if len(people) > 1:
            raise OpsError.listing(
                f"{printable(name)} is the address of {len(people)} people. Pass one of these "
                "user names instead:",
                [
                    f"{printable(each.user_name)}  {each.status_words}"
                    + (f" ({', '.join(each.providers)})" if each.providers else "")
                    for each in people
                ],
            )
        return people[0] if people else None

    def require(self, name: str) -> Person:
        """Return the person with this name. Raises OpsError if the pool has no such person."""
        found = self.find(name)
        if found is None:
            raise self.nobody(name)
        return found

    def nobody(self, name: str) -> OpsError:
        """Build the error for a name that belongs to no person."""
        return OpsError(
            f"The user pool of stage {self.stage.name!r} has no user {printable(name)!r}. "
            f"`{PROGRAM} user list --stage {self.stage.name}` lists everybody."
        )

    def everybody(self, name: str) -> list[Person]:
        """Return all people with this user name or address. A user name belongs to one person, but several people can
        have the same address.

        ListUsers compares addresses exactly, so this method searches twice: for the address as the caller wrote it, and
        for the address in lower case. The method does not find a federated person if the capital letters of the
        stored address differ from both spellings.
        """
        if not name.strip():
            raise OpsError("The name is empty: pass a user name or an address.")
        found = self.get(name)
        if found is not None and self.same(found.user_name, name):
            return [found]
        people = {} if found is None else {found.user_name: found}
        if "@" in name:
            for spelling in dict.fromkeys((name, name.lower())):
                for person in self.pages(Filter=build_filter("email", "=", spelling)):
                    if person.user_name not in people and self.same(person.email, name):
                        # The person is read again by name, because ListUsers does not return second factors.
                        people[person.user_name] = self.get(person.user_name) or person
        return sorted(people.values(), key=lambda person: person.user_name)

    def pages(self, group: str | None = None, **arguments: Any) -> Iterator[Person]:
        """Yield all people, or the members of `group`. AWS returns the people page by page."""
        operation, token = ("list_users_in_group", "NextToken")
        if group is None:
            operation, token = ("list_users", "PaginationToken")
        else:
            arguments["GroupName"] = group
        more: dict[str, str] = {}
        while True:
            answer = self.call(operation, Limit=PAGE, **arguments, **more)
            yield from map(Person.parse, answer["Users"])
            if not answer.get(token):
                return
            more = {token: answer[token]}

    def groups(self) -> tuple[str, ...]:
        """Return the pool's groups, sorted, without the groups that Cognito manages itself."""
        return self._names("list_groups")

    def groups_of(self, user_name: str) -> tuple[str, ...]:
        """Return a person's groups in the pool, sorted, without the groups that Cognito manages itself."""
        return self._names("admin_list_groups_for_user", Username=user_name)

    def record(self, person: Person) -> UserRecord:
        """Return the person's record in the users table. If the record is missing, this method first writes the record,
        as `reconcile` does.
        """
        found = self.users.load(person.user_name)
        if found is None:
            profile = build_profile(person.user, self.client_id)
            pending = person.user.status in PENDING_STATES
            (self.users.record_pending if pending else self.users.record_confirmed)(profile)
            found = self.users.load(person.user_name)
        if found is None:
            raise OpsError(f"The record of {person} could not be written: run this command again.")
        return found

    def delete_record(self, user_name: str) -> bool:
        """Delete a record; return False if the record did not exist."""
        answer = self._dynamodb.delete_item(
            TableName=self._table,
            Key={"userName": {"S": key_of(user_name)}},
            ReturnValues="ALL_OLD",
        )
        return bool(answer.get("Attributes"))

    def _names(self, operation: str, **arguments: Any) -> tuple[str, ...]:
        names: list[str] = []
        more: dict[str, str] = {}
        while True:
            answer = self.call(operation, Limit=PAGE, **arguments, **more)
            names += [str(group["GroupName"]) for group in answer["Groups"]]
            if not answer.get("NextToken"):
                return tuple(sorted(without_automatic(names, self.pool_id)))
            more = {"NextToken": answer["NextToken"]}


def build_filter(attribute: str, comparison: str, value: str) -> str:
    """Build a `Filter` for ListUsers; `comparison` is `=` or `^=` (starts with).

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
    """
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{attribute} {comparison} "{quoted}"'
