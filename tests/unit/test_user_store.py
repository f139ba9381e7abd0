"""Tests of the users table: one record per person, even if events arrive twice, late or out of order."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from chalicelib.gatehouse.errors import TemporarilyUnavailable
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.store.providers import ProviderStore
from chalicelib.gatehouse.store.users import NAME_COLUMNS, UserProfile, UserStore, iso
from chalicelib.gatehouse.triggers import user_records
from tests.component.world import ENVIRONMENT
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble
from tests.events import load_event

SETTINGS = Settings.from_env(ENVIRONMENT)


ADA = UserProfile("Okta_1", "client", "ada@example.org", "Ada", "Lovelace", "Okta", "sub-1")


def make_table() -> DynamoDBDouble:
    return DynamoDBDouble(
        {"users": ("userName", frozenset({"Email"})), "providers": ("name", frozenset())}
    )


def plain(table: DynamoDBDouble) -> dict[str, dict[str, Any]]:
    return {
        key: {n: next(iter(v.values())) for n, v in item.items()}
        for key, item in table.items("users").items()
    }


def okta(table: DynamoDBDouble) -> ProviderStore:
    """Return the providers table with only Okta."""
    table.put("providers", {"name": {"S": "Okta"}})
    return ProviderStore(table, "providers", Clock())


def no_secret(_: bool) -> str:
    """Raise an error. If people sign up on Cognito's own page, the trigger needs no client secret."""
    raise AssertionError("the client secret must not be read")


def no_linker() -> Any:
    """Raise an error. The provider is not set to link, so the code must link no account."""
    raise AssertionError("the linker must not be used")


@pytest.fixture
def table() -> DynamoDBDouble:
    return make_table()


@pytest.fixture
def users(table: DynamoDBDouble, clock: Clock) -> UserStore:
    return UserStore(table, "users", clock)


@pytest.mark.security("S-55")
def test_the_same_event_three_times_writes_once(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """`updatedAt` also stays unchanged. The conditional write of the repeated event fails, but this failure is not an
    error."""
    for event in ("PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"):
        before = table.writes
        for _ in range(3):
            user_records.handle(
                load_event(event),
                SETTINGS,
                users,
                okta(table),
                no_linker,
                no_secret,
                lambda: None,
                lambda: None,
            )
            clock.advance(10)
        assert table.writes == before + 1


@pytest.mark.security("S-55")
def test_sign_in_and_trigger_may_cross(clock: Clock) -> None:
    """The sign-in and the two events of the triggers come in every possible order. In each case, the record is the
    same."""
    results = []
    for order in permutations(["pending", "confirmed", "sign_in"]):
        table = make_table()
        users = UserStore(table, "users", Clock())
        for step in order:
            getattr(users, f"record_{step}")(ADA)
        results.append(plain(table))
    assert all(result == results[0] for result in results)
    assert results[0]["okta_1"]["status"] == "CONFIRMED"


@pytest.mark.security("S-55")
def test_a_late_pending_event_takes_nothing_back(table: DynamoDBDouble, users: UserStore) -> None:
    """A confirmed person does not get an expiry."""
    users.record_sign_in(ADA)
    before = plain(table)
    users.record_pending(ADA)
    assert plain(table) == before


@pytest.mark.security("S-55")
def test_a_repeated_or_late_write_does_not_move_the_previous_session(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """botocore repeats a write whose response was lost. The trigger also reports each sign-in."""
    times = []
    for _ in range(3):
        clock.advance(60)
        users.record_sign_in(ADA)
        clock.advance(1)
        times.append(iso(clock()))
        users.record_session(ADA)
        users.record_session(ADA)
    assert plain(table)["okta_1"]["previousSignInAt"] == times[-2]
    clock.advance(-30)
    users.record_session(ADA)
    clock.advance(90)
    users.record_sign_in(ADA)
    assert plain(table)["okta_1"]["previousSignInAt"] == times[-2]


@pytest.mark.security("S-55")
def test_a_triggers_clock_that_is_ahead_loses_no_session(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """The trigger runs on another machine, and reports the sign-in of each session first."""
    users.record_session(ADA)
    first = iso(clock())
    clock.advance(60)
    users.record_sign_in(ADA)
    clock.advance(-0.005)
    users.record_session(ADA)
    assert plain(table)["okta_1"]["previousSignInAt"] == first


def test_an_older_sign_in_does_not_overwrite_a_newer_one(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """If two containers write the sign-in time, the later time stays."""
    users.record_sign_in(ADA)
    before = plain(table)
    clock.advance(-60)
    users.record_sign_in(UserProfile(**{**ADA.__dict__, "given_name": "Old"}))
    assert plain(table) == before


@pytest.mark.security("S-55")
def test_what_is_not_told_is_not_erased(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """Different events contain different attributes. If an event lacks an attribute, the table keeps the stored value.
    The table stores a changed attribute."""
    users.record_confirmed(ADA)
    clock.advance(5)
    users.record_confirmed(UserProfile("Okta_1", "other", "", "Augusta", "", "Okta"))
    record = plain(table)["okta_1"]
    assert (record["Email"], record["given_name"], record["sub"]) == (
        "ada@example.org",
        "Augusta",
        "sub-1",
    )
    assert (record["ClientId"], record["createdAt"] < record["updatedAt"]) == ("client", True)


EMPTIED = replace(ADA, family_name="", told=NAME_COLUMNS)


@pytest.mark.security("S-69")
@pytest.mark.parametrize("write", ["record_confirmed", "record_sign_in"])
def test_what_is_told_to_be_empty_is_emptied(
    table: DynamoDBDouble, users: UserStore, clock: Clock, write: str
) -> None:
    """The first event clears one of the two names, and the other name stays. If a later event has the name again, the
    name is written."""
    users.record_confirmed(ADA)
    clock.advance(5)
    getattr(users, write)(EMPTIED)
    record = plain(table)["okta_1"]
    assert ("family_name" in record, record["given_name"]) == (False, "Ada")
    before = table.writes
    users.record_confirmed(EMPTIED)
    assert table.writes == before
    clock.advance(5)
    users.record_confirmed(ADA)
    assert plain(table)["okta_1"]["family_name"] == "Lovelace"


@pytest.mark.security("S-69")
def test_nobody_loses_more_than_names(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """Only names can be emptied. The address, `sub` and provider stay."""
    users.record_confirmed(ADA)
    clock.advance(5)
    every = frozenset({*ADA.columns(), "Email", "sub", "provider", "status"})
    users.record_confirmed(UserProfile("Okta_1", "client", "", "", "", "", told=every))
    record = plain(table)["okta_1"]
    assert {"given_name", "family_name"}.isdisjoint(record)
    assert (record["Email"], record["sub"], record["provider"]) == (
        "ada@example.org",
        "sub-1",
        "Okta",
    )


@pytest.mark.security("S-55")
def test_an_emptied_name_is_empty_in_whatever_order_events_come() -> None:
    """A late or repeated event of an earlier sign-in does not restore the name."""
    sent = [("pending", ADA, 0), ("sign_in", ADA, 20), ("sign_in", EMPTIED, 30)]
    results = []
    for order in permutations(sent):
        table, clock = make_table(), Clock()
        users, began = UserStore(table, "users", clock), clock()
        for step, profile, at in [*order, *order]:
            clock.now = began + at
            getattr(users, f"record_{step}")(profile)
        results.append(plain(table)["okta_1"])
    for result in results:
        assert ("family_name" in result, result["given_name"]) == (False, "Ada")
        assert (result["status"], result["lastSignInAt"]) == (
            "CONFIRMED",
            results[0]["lastSignInAt"],
        )


def test_a_proof_is_noted_once_a_moment_and_keeps_the_record(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """`provedAt` never becomes earlier. If a lost write left the record PENDING, the proof removes the record's expiry."""
    users.record_pending(ADA)
    users.record_proved("okta_1")
    proved = plain(table)["okta_1"]["provedAt"]
    assert "expiresAt" not in plain(table)["okta_1"]
    clock.advance(-60)
    users.record_proved("Okta_1")
    assert plain(table)["okta_1"]["provedAt"] == proved
    clock.advance(120)
    users.record_proved("Okta_1")
    assert plain(table)["okta_1"]["provedAt"] > proved


def test_a_record_is_read_right_after_it_was_written(users: UserStore) -> None:
    """The code must use a consistent read. For any other read, the double returns older data."""
    assert users.load("Okta_1") is None
    users.record_confirmed(ADA)
    record = users.load("Okta_1")
    assert record is not None
    assert (record.userName, record.Email, record.lastSignInAt) == ("okta_1", "ada@example.org", "")


@pytest.mark.security("S-55")
def test_a_person_has_one_record_in_whatever_case_the_name_comes(
    table: DynamoDBDouble, users: UserStore
) -> None:
    """The pool ignores case in user names. AWS documents the case of user names in triggers (lower case), but not in
    tokens."""
    users.record_pending(replace(ADA, user_name="okta_1"))
    users.record_confirmed(replace(ADA, user_name="OKTA_1"))
    users.record_sign_in(ADA)
    users.record_names("oKTA_1", {"given_name": "Augusta"})
    assert list(plain(table)) == ["okta_1"]
    record = users.load("Okta_1")
    assert record is not None
    assert (record.status, record.given_name) == ("CONFIRMED", "Augusta")


@pytest.mark.parametrize("name", ["a" * 128, "Okta_x@y.example", "ünïcode", ":x", "#status", "a b"])
def test_strange_user_names_are_only_keys(users: UserStore, name: str) -> None:
    """The code passes user names as values, never as part of an expression."""
    users.record_sign_in(UserProfile(name, "c", "e@x", ":given", "#family", "Okta", "s"))
    record = users.load(name)
    assert record is not None
    assert (record.given_name, record.family_name) == (":given", "#family")


@pytest.mark.parametrize(
    "fault",
    [
        client_error("ThrottlingException"),
        client_error("AccessDeniedException"),
        client_error("ValidationException"),
        connect_timeout(),
    ],
)
def test_every_fault_of_the_table_is_an_outage(
    table: DynamoDBDouble, users: UserStore, clock: Clock, fault: Exception
) -> None:
    """The code raises TemporarilyUnavailable with the operation and the error code, but without the message of the
    original error."""
    table.fault = fault
    for call in (
        lambda: users.load("x"),
        lambda: users.record_pending(ADA),
        lambda: users.record_confirmed(ADA),
        lambda: users.record_sign_in(ADA),
        lambda: ProviderStore(table, "providers", clock).all(),
    ):
        with pytest.raises(TemporarilyUnavailable) as caught:
            call()
        assert "stays inside" not in caught.value.detail
        assert "secret-path" not in caught.value.detail
