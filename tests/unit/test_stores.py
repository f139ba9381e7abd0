"""The stores on the DynamoDB and Secrets Manager doubles, and the log."""

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import log
from chalicelib.errors import ConfigurationError, TemporarilyUnavailable
from chalicelib.settings import Settings
from chalicelib.store.providers import Provider, ProviderStore
from chalicelib.store.secrets import SecretStore
from chalicelib.store.users import UserProfile, UserStore
from chalicelib.triggers import user_records
from tests.component.world import ENVIRONMENT
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble
from tests.doubles.expressions import UnknownSyntax
from tests.doubles.secrets import SecretsManagerDouble
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


@pytest.fixture
def table() -> DynamoDBDouble:
    return make_table()


@pytest.fixture
def users(table: DynamoDBDouble, clock: Clock) -> UserStore:
    return UserStore(table, "users", clock)


HISTORIES = {
    "native": (
        "PreSignUp_SignUp",
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
    ),
    "federated": ("PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp_federated"),
}


def final_record(history: str, order: list[str]) -> dict[str, Any]:
    """Return the record that these events leave, without its times; their order may differ."""
    table, clock = make_table(), Clock()
    users = UserStore(table, "users", clock)
    for name in order:
        user_records.handle(load_event(name), SETTINGS, users)
        clock.advance(1)
    (record,) = plain(table).values()
    return {name: value for name, value in record.items() if name not in ("createdAt", "updatedAt")}


@st.composite
def shuffled_histories(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Every event of a history once or more, in any order."""
    history = draw(st.sampled_from(sorted(HISTORIES)))
    events = HISTORIES[history]
    extra = draw(st.lists(st.sampled_from(events), max_size=4))
    return history, draw(st.permutations([*events, *extra]))


@pytest.mark.security("S-55")
@given(shuffled_histories())
def test_the_same_events_leave_the_same_record_in_any_order(drawn: tuple[str, list[str]]) -> None:
    """Twice, thrice, late, out of order: one record, CONFIRMED, without an expiry."""
    history, order = drawn
    record = final_record(history, order)
    assert record == final_record(history, list(HISTORIES[history]))
    assert record["status"] == "CONFIRMED"
    assert "expiresAt" not in record


@pytest.mark.security("S-55")
def test_the_same_event_three_times_writes_once(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """Not even updatedAt moves: the condition fails, and that is an answer."""
    for event in ("PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"):
        before = table.writes
        for _ in range(3):
            user_records.handle(load_event(event), SETTINGS, users)
            clock.advance(10)
        assert table.writes == before + 1


@pytest.mark.security("S-55")
def test_sign_in_and_trigger_may_cross(clock: Clock) -> None:
    """A record healed at sign-in and events that come before, between and after: the same record."""
    results = []
    for order in permutations(["pending", "confirmed", "sign_in"]):
        table = make_table()
        users = UserStore(table, "users", Clock())
        for step in order:
            getattr(users, f"record_{step}")(ADA)
        results.append(plain(table))
    assert all(result == results[0] for result in results)
    assert results[0]["Okta_1"]["status"] == "CONFIRMED"


@pytest.mark.security("S-55")
def test_a_late_pending_event_takes_nothing_back(table: DynamoDBDouble, users: UserStore) -> None:
    """A confirmed person does not get an expiry."""
    users.record_sign_in(ADA)
    before = plain(table)
    users.record_pending(ADA)
    assert plain(table) == before


def test_an_older_sign_in_does_not_overwrite_a_newer_one(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """Two containers, two clocks: the later time stays."""
    users.record_sign_in(ADA)
    before = plain(table)
    clock.advance(-60)
    users.record_sign_in(UserProfile(**{**ADA.__dict__, "given_name": "Old"}))
    assert plain(table) == before


def test_what_is_not_told_is_not_erased(
    table: DynamoDBDouble, users: UserStore, clock: Clock
) -> None:
    """Events carry different sets of attributes; a changed one is taken over."""
    users.record_confirmed(ADA)
    clock.advance(5)
    users.record_confirmed(UserProfile("Okta_1", "other", "", "Augusta", "", "Okta"))
    record = plain(table)["Okta_1"]
    assert (record["Email"], record["given_name"], record["sub"]) == (
        "ada@example.org",
        "Augusta",
        "sub-1",
    )
    assert (record["ClientId"], record["createdAt"] < record["updatedAt"]) == ("client", True)


def test_a_record_is_read_right_after_it_was_written(users: UserStore) -> None:
    """The read is consistent; the double shows older data otherwise."""
    assert users.load("Okta_1") is None
    users.record_confirmed(ADA)
    record = users.load("Okta_1")
    assert record is not None
    assert (record.userName, record.Email, record.lastSignInAt) == ("Okta_1", "ada@example.org", "")


@pytest.mark.parametrize("name", ["a" * 128, "Okta_x@y.example", "ünïcode", ":x", "#status", "a b"])
def test_strange_user_names_are_only_keys(users: UserStore, name: str) -> None:
    """Values never become part of an expression."""
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
    """TemporarilyUnavailable names operation and code, and nothing of the message."""
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


@pytest.fixture
def providers(table: DynamoDBDouble, clock: Clock) -> ProviderStore:
    for name in ("Zeta", "Okta", "Acme", "Beta", "Contoso"):
        table.put(
            "providers", {"name": {"S": name}, "domains": {"SS": [f"{name.lower()}.example"]}}
        )
    return ProviderStore(table, "providers", clock)


def test_all_pages_of_providers_are_read_and_kept_for_a_minute(
    providers: ProviderStore, table: DynamoDBDouble, clock: Clock
) -> None:
    """Five rows at two a page are three calls, once a minute."""
    assert [provider.name for provider in providers.all()] == [
        "Acme",
        "Beta",
        "Contoso",
        "Okta",
        "Zeta",
    ]
    providers.all()
    assert table.calls == ["Scan"] * 3
    table.delete("providers", "Zeta")
    clock.advance(59)
    assert providers.find("Zeta") is not None
    clock.advance(1)
    assert providers.find("Zeta") is None


def test_known_providers_outlive_an_outage_and_the_table_is_not_hammered(
    providers: ProviderStore, table: DynamoDBDouble, clock: Clock
) -> None:
    """Signing in goes on with what the container knows; an empty container cannot know."""
    providers.all()
    calls = len(table.calls)
    table.fault = client_error("InternalServerError")
    clock.advance(61)
    for _ in range(5):
        assert providers.find("Okta") is not None
    assert len(table.calls) == calls + 1


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("bo@okta.example", "Okta"),
        (" Bo@OKTA.Example ", "Okta"),
        ('"a@b"@okta.example', "Okta"),
        ("bo@okta.example.evil", None),
        ("bo@sub.okta.example", None),
        ("okta.example@evil.example", None),
        ("bo@", None),
        ("", None),
    ],
)
def test_an_address_belongs_to_the_provider_of_its_whole_domain(
    providers: ProviderStore, email: str, name: str | None
) -> None:
    """No suffixes, no sub-domains, the last @ counts."""
    found = providers.find_by_email(email)
    assert (found.name if found else None) == name


@pytest.mark.security("S-56")
def test_a_provider_is_trusted_only_by_a_true_flag() -> None:
    """Rows of other shapes trust and link nobody."""
    for odd in ({"S": "true"}, {"N": "1"}, {"BOOL": "yes"}, {"BOOL": False}, {}):
        row = Provider.from_item({"name": {"S": "x"}, "trusted": odd, "link": odd})
        assert (row.trusted, row.link, row.label) == (False, False, "x")
    assert Provider.from_item({"name": {"S": "x"}, "trusted": {"BOOL": True}}).trusted


@pytest.fixture
def manager() -> SecretsManagerDouble:
    return SecretsManagerDouble({"arn": {"v": 1}})


@pytest.mark.security("S-59")
def test_a_secret_is_read_once_in_five_minutes(manager: SecretsManagerDouble, clock: Clock) -> None:
    """Then anew; `renew` asks earlier, but at most twice a minute."""
    store = SecretStore(manager, clock)
    store.read("arn")
    manager.put("arn", {"v": 2})
    clock.advance(29)
    assert store.read("arn", renew=True)["v"] == 1
    clock.advance(1)
    assert store.read("arn")["v"] == 1
    assert store.read("arn", renew=True)["v"] == 2
    manager.put("arn", {"v": 3})
    clock.advance(299)
    assert store.read("arn")["v"] == 2
    clock.advance(1)
    assert store.read("arn")["v"] == 3
    assert len(manager.reads) == 3


@pytest.mark.security("S-59")
def test_a_known_secret_outlives_an_outage(manager: SecretsManagerDouble, clock: Clock) -> None:
    """Secrets Manager being down signs nobody out; a new container cannot start without it."""
    store = SecretStore(manager, clock)
    store.read("arn")
    for fault in (client_error("InternalServiceError"), connect_timeout()):
        manager.fault = fault
        clock.advance(301)
        assert store.read("arn")["v"] == 1
        with pytest.raises(TemporarilyUnavailable) as caught:
            SecretStore(manager, clock).read("arn")
        assert "stays inside" not in caught.value.detail


@pytest.mark.parametrize("text", ["", "canary", "[1]", '"canary"', "null", "{"])
def test_a_secret_that_is_no_object_is_a_configuration_error(
    manager: SecretsManagerDouble, clock: Clock, text: str
) -> None:
    """And its text is not in the message."""
    manager.put_text("arn", text)
    with pytest.raises(ConfigurationError) as caught:
        SecretStore(manager, clock).read("arn")
    assert "canary" not in caught.value.detail


@pytest.fixture
def bound() -> Iterator[None]:
    log.bind_request_id("r-1")
    yield
    log.bind_request_id("-")


@pytest.mark.security("S-62")
@given(st.text(max_size=60))
def test_nobody_can_write_a_line_of_their_own(text: str) -> None:
    """CR, LF and every other line break are escaped; the value comes back unchanged."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        log.log_event("e", user=text, detail={"a": [text]})
    written = out.getvalue()
    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert json.loads(written)["user"] == text


@pytest.mark.security("S-62")
def test_lines_carry_the_request_id(bound: None, capsys: pytest.CaptureFixture[str]) -> None:
    """So that one request's lines can be found together."""
    log.log_event("e", user="a\r\nb")
    assert json.loads(capsys.readouterr().out) == {
        "event": "e",
        "request_id": "r-1",
        "user": "a\r\nb",
    }


@pytest.mark.security("S-61")
def test_an_exceptions_message_stays_out_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Type and place are enough; libraries put URLs and headers into their messages."""
    try:
        try:
            raise KeyError("canary-inner")
        except KeyError:
            raise RuntimeError("canary-outer")  # noqa: B904 - the chain is the point
    except RuntimeError as error:
        log.log_exception("e", error, route="r")
    line = capsys.readouterr().out
    assert "canary" not in line.replace("canary_", "")
    assert json.loads(line)["type"] == "RuntimeError"


def test_the_double_refuses_what_it_does_not_know(table: DynamoDBDouble) -> None:
    """Unknown functions, clauses and operators stop a test instead of passing it."""
    for condition in (
        "contains(a, :a)",
        "a BETWEEN :a AND :a",
        "size(a) > :a",
        "a IN (:a)",
        "attribute_type(a, :a)",
    ):
        with pytest.raises(UnknownSyntax):
            table.update_item(
                TableName="users",
                Key={"userName": {"S": "x"}},
                UpdateExpression="SET b = :a",
                ConditionExpression=condition,
                ExpressionAttributeValues={":a": {"S": "1"}},
            )
    for update in ("ADD a :a", "DELETE a :a", "SET a = a + :a", "SET a = list_append(a, :a)"):
        with pytest.raises(UnknownSyntax):
            table.update_item(
                TableName="users",
                Key={"userName": {"S": "x"}},
                UpdateExpression=update,
                ExpressionAttributeValues={":a": {"S": "1"}},
            )


@pytest.mark.parametrize(
    ("update", "names", "values"),
    [
        ("SET status = :a", {}, {":a": {"S": "1"}}),
        ("SET b = :a", {}, {":a": {"S": "1"}, ":unused": {"S": "1"}}),
        ("SET b = :missing", {}, {":a": {"S": "1"}}),
        ("SET Email = :a", {}, {":a": {"S": ""}}),
        ("SET userName = :a", {}, {":a": {"S": "y"}}),
        ("SET b = :a, b = :a", {}, {":a": {"S": "1"}}),
    ],
)
def test_the_double_refuses_what_dynamodb_refuses(
    table: DynamoDBDouble, update: str, names: dict[str, str], values: dict[str, Any]
) -> None:
    """Reserved words, unused and undefined placeholders, empty index keys, changed keys."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError, match="ValidationException"):
        table.update_item(
            TableName="users",
            Key={"userName": {"S": "x"}},
            UpdateExpression=update,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
    assert table.items("users") == {}
