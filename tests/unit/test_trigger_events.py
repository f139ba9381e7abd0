"""Tests of the triggers with every event that AWS documents, and with invalid events. Documented events may come in any
order, twice or late."""

import json
from copy import deepcopy
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.gatehouse.cognito.federated_profiles import FederatedProfiles
from chalicelib.gatehouse.cognito.group_texts import parse_provider_groups
from chalicelib.gatehouse.cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from chalicelib.gatehouse.errors import GatehouseError, TriggerRefused
from chalicelib.gatehouse.settings import Settings
from chalicelib.gatehouse.store.passkey_notes import PasskeyNotes
from chalicelib.gatehouse.store.providers import ProviderStore
from chalicelib.gatehouse.store.users import UserRecord, UserStore, key_of
from chalicelib.gatehouse.triggers import inbound_federation, token_claims, user_records
from tests.component.world import ENVIRONMENT
from tests.doubles.aws_errors import client_error
from tests.doubles.clock import Clock
from tests.doubles.dynamodb import DynamoDBDouble
from tests.events import EVENTS, INBOUND_EVENTS, RECORD_EVENTS, TOKEN_EVENTS, load_event
from tests.events.hostile import hostile_events

SETTINGS = Settings.from_env(ENVIRONMENT)

#: The source of this table is AWS, "Customizing user pool workflows with Lambda triggers", table "Pairing API
#: operations with triggers".
OURS = {
    *("PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"),
    *("PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"),
    "PostAuthentication_Authentication",
    *("TokenGeneration_HostedAuth", "TokenGeneration_Authentication"),
    *("TokenGeneration_NewPasswordChallenge", "TokenGeneration_AuthenticateDevice"),
    *("TokenGeneration_RefreshTokens", "InboundFederation_ExternalProvider"),
}
OTHERS = [
    "PreAuthentication_Authentication",
    *("CustomMessage_SignUp", "CustomMessage_AdminCreateUser", "CustomMessage_ResendCode"),
    *("CustomMessage_ForgotPassword", "CustomMessage_UpdateUserAttribute"),
    *("CustomMessage_VerifyUserAttribute", "CustomMessage_Authentication"),
    *("CustomEmailSender_SignUp", "CustomSMSSender_SignUp"),
    *("DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication"),
    "VerifyAuthChallengeResponse_Authentication",
    *("UserMigration_Authentication", "UserMigration_ForgotPassword"),
]
#: Each person's events, in the order in which Cognito sends them.
HISTORIES = {
    "native": [
        "PreSignUp_SignUp",
        "PostConfirmation_ConfirmSignUp",
        "PostAuthentication_Authentication",
        "PostConfirmation_ConfirmForgotPassword",
        "PostAuthentication_Authentication_linked",
    ],
    "federated": [
        "PreSignUp_ExternalProvider",
        "PreSignUp_ExternalProvider_groups",
        "PostConfirmation_ConfirmSignUp_federated",
        "PostAuthentication_Authentication_federated",
    ],
    "invited": [
        "PreSignUp_AdminCreateUser",
        "PreSignUp_AdminCreateUser_metadata",
        "PostAuthentication_Authentication_invited",
    ],
}


def no_secret(_: bool) -> str:
    """Raise an error. If people sign up on Cognito's own page, the trigger needs no client secret."""
    raise AssertionError("the client secret must not be read")


class Nobody:
    """A pool without people."""

    def admin_get_user(self, **arguments: Any) -> dict[str, Any]:
        raise client_error("UserNotFoundException")

    def admin_delete_user_attributes(self, **arguments: Any) -> dict[str, Any]:
        raise AssertionError("this pool has no people")


class Table:
    """A users table, a provider, and the trigger that writes the table."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.began = self.clock()
        self.double = DynamoDBDouble(
            {"users": ("userName", frozenset({"Email"})), "providers": ("name", frozenset())}
        )
        self.double.put("providers", {"name": {"S": "Okta"}, "groups_claim": {"S": "groups"}})
        self.users = UserStore(self.double, "users", self.clock)
        self.providers = ProviderStore(self.double, "providers", Clock())

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        return user_records.handle(
            event,
            SETTINGS,
            self.users,
            self.providers,
            no_linker,
            no_secret,
            lambda: None,
            lambda: PasskeyNotes(self.double, "users", self.clock),
        )

    def decide(self, event: dict[str, Any]) -> dict[str, Any]:
        profiles = FederatedProfiles(Nobody(), SETTINGS.user_pool_id)
        return inbound_federation.handle(event, SETTINGS, self.providers, lambda: profiles)

    def telling(self) -> ProviderStore:
        return self.providers

    def rows(self) -> dict[str, dict[str, Any]]:
        return {
            key: {name: next(iter(value.values())) for name, value in item.items()}
            for key, item in self.double.items("users").items()
        }


def no_linker() -> Any:
    raise AssertionError("no account must be linked: the provider is not set to link")


def final_record(sent: list[tuple[str, int]]) -> dict[str, Any]:
    """Return the record after the given events, which are sent at the given times. The result omits the times at which
    the record was written."""
    table = Table()
    for name, at in sent:
        table.clock.now = table.began + at
        table.handle(load_event(name))
    (record,) = table.rows().values()
    return {name: value for name, value in record.items() if name not in ("createdAt", "updatedAt")}


def test_there_is_an_event_of_every_documented_source() -> None:
    """tests/events has an event of each source, and these tests use every event of tests/events."""
    assert {load_event(name)["triggerSource"] for name in EVENTS} == OURS
    assert {name for names in HISTORIES.values() for name in names} == set(RECORD_EVENTS)


@pytest.mark.parametrize("name", RECORD_EVENTS)
def test_cognito_gets_its_event_back_and_the_person_is_recorded(name: str) -> None:
    """The trigger returns the event unchanged, because Cognito stops the sign-in after any other response."""
    table, event = Table(), load_event(name)
    assert table.handle(event) == load_event(name)
    (record,) = table.rows().values()
    assert record["userName"] == key_of(event["userName"])
    assert record["ClientId"] == SETTINGS.client_id
    assert record["Email"] == event["request"]["userAttributes"]["email"]
    pending = name.startswith("PreSignUp_")
    assert (record["status"], "expiresAt" in record) == (
        "PENDING" if pending else "CONFIRMED",
        pending,
    )
    assert ("lastSignInAt" in record) == name.startswith("PostAuthentication_")


@pytest.mark.security("S-05")
@pytest.mark.parametrize("name", TOKEN_EVENTS)
def test_every_way_to_tokens_gives_the_same_scopes(name: str) -> None:
    """The trigger changes only `response`, and the resulting token has exactly our scopes."""
    event = load_event(name)
    answer = token_claims.handle(load_event(name), SETTINGS, Table().telling)
    details = answer.pop("response")["claimsAndScopeOverrideDetails"]
    assert answer == {key: value for key, value in event.items() if key != "response"}
    change = details["accessTokenGeneration"]
    granted = {*event["request"]["scopes"], *change["scopesToAdd"]} - {*change["scopesToSuppress"]}
    assert granted == set(SCOPES)
    groups = details.get("groupOverrideDetails")
    expected = ["Everyone", "admins"] if name.endswith("_federated") else None
    assert (groups and groups["groupsToOverride"]) == expected


@pytest.mark.security("S-58")
@pytest.mark.parametrize(
    "source", [*OTHERS, "TokenGeneration_ClientCredentials", "", None, "InboundFederation_New"]
)
def test_events_of_other_triggers_are_refused_by_all(source: str | None) -> None:
    """A stage attaches no function to the triggers of these events. The functions also refuse tokens for machine
    clients."""
    table = Table()
    names = ("PreSignUp_SignUp", "TokenGeneration_HostedAuth", "InboundFederation_ExternalProvider")
    for name in names:
        event = {**load_event(name), "triggerSource": source}
        with pytest.raises(TriggerRefused):
            table.handle(deepcopy(event))
        with pytest.raises(TriggerRefused):
            table.decide(deepcopy(event))
        with pytest.raises(TriggerRefused):
            token_claims.handle(event, SETTINGS, Table().telling)
    assert table.rows() == {}


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Draw a person's events with the times at which they were sent: first in order, then shuffled and with repeats."""
    names = HISTORIES[draw(st.sampled_from(sorted(HISTORIES)))]
    again = draw(st.lists(st.sampled_from(names[-2:]), max_size=3))
    sent = [(name, 10 * at) for at, name in enumerate([*names, *again])]
    extra = draw(st.lists(st.sampled_from(sent), max_size=4))
    return sent, draw(st.permutations([*sent, *extra]))


@pytest.mark.security("S-55")
@given(deliveries())
def test_shuffled_repeated_and_late_deliveries_leave_the_same_record(
    drawn: tuple[list[tuple[str, int]], list[tuple[str, int]]],
) -> None:
    """Whatever the order of the events, the table has one CONFIRMED record without an expiry. The record has the time
    of the latest sign-in."""
    sent, shuffled = drawn
    record = final_record(shuffled)
    assert record == final_record(sent)
    assert (record["status"], "expiresAt" in record) == ("CONFIRMED", False)
    assert record["lastSignInAt"]


@pytest.mark.security("S-55")
@given(deliveries(), st.integers(min_value=3600, max_value=10**7))
def test_a_delivery_long_after_changes_nothing_but_the_sign_in(
    drawn: tuple[list[tuple[str, int]], list[tuple[str, int]]], later: int
) -> None:
    """Every event arrives again, hours or months later. Only three values may change: the times of the last sign-in, of
    the proof of the address, and of the last removal of passkeys. After a later removal, the person must set up
    passkeys again."""
    sent, _ = drawn
    record = final_record(sent)
    again = final_record([*sent, *[(name, later + at) for name, at in sent]])
    for name in ("provedAt", "passkeysEndedAt"):
        assert again.pop(name, "") >= record.pop(name, "")
    assert again.pop("lastSignInAt") > record.pop("lastSignInAt")
    assert again == record


@pytest.mark.security("S-55")
@given(hostile_events(RECORD_EVENTS))
def test_whatever_an_event_holds_the_table_gets_one_person_or_nothing(
    event: dict[str, Any],
) -> None:
    """The trigger writes only the documented columns, only with text, and only for the event's own person. A trigger
    that refuses the event does not write."""
    table, before = Table(), deepcopy(event)
    try:
        assert table.handle(event) == before
    except GatehouseError:
        assert table.rows() == {}
        return
    ((key, record),) = table.rows().items()
    assert key == key_of(event["userName"])
    assert set(record) <= {*UserRecord.__dataclass_fields__, "expiresAt", "passkeysEndedAt"}
    assert all(isinstance(value, str) and value for value in record.values())
    pending = event["triggerSource"].startswith("PreSignUp_")
    assert record["status"] == ("PENDING" if pending else "CONFIRMED")
    # The record's provider must be in the user name or in the identities.
    assert record["provider"] == "COGNITO" or "okta" in json.dumps(event).casefold()


@pytest.mark.security("S-51")
@given(hostile_events(TOKEN_EVENTS))
def test_whatever_an_event_holds_no_scope_or_group_comes_of_it(event: dict[str, Any]) -> None:
    """The scopes are always ours. The groups come from the pool, and for people with identities also from the provider."""
    before = deepcopy(event)
    try:
        answer = token_claims.handle(event, SETTINGS, Table().telling)
    except GatehouseError:
        return
    if answer == before:
        ours = load_event("TokenGeneration_HostedAuth")["callerContext"]
        assert event.get("callerContext") != ours
        return
    json.dumps(answer)
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    assert set(details["accessTokenGeneration"]["scopesToAdd"]) <= set(SCOPES)
    assert details["accessTokenGeneration"]["scopesToSuppress"] == [USER_ADMIN_SCOPE]
    told = details.get("groupOverrideDetails", {}).get("groupsToOverride", [])
    request = event["request"] if told else {}
    attributes = request.get("userAttributes", {})
    configured = request.get("groupConfiguration")
    pool_groups = configured.get("groupsToOverride") if isinstance(configured, dict) else None
    allowed = list(pool_groups) if isinstance(pool_groups, list) else []
    if "Okta" in str(attributes.get("identities")):
        allowed += str(attributes.get("custom:groups")).strip("[]").replace(",", " ").split()
    allowed += [unquote_plus(str(name)) for name in allowed]
    assert set(told) <= {str(name).strip("\"'") for name in allowed}


@pytest.mark.security("S-69")
@given(hostile_events(INBOUND_EVENTS))
def test_whatever_a_provider_says_every_attribute_is_decided_or_the_sign_in_fails(
    event: dict[str, Any],
) -> None:
    """If the sign-in succeeds, every attribute is set to a text. Reading the written groups returns the same groups.
    The same event always gets the same response."""
    table, before = Table(), deepcopy(event)
    try:
        answer = table.decide(event)
    except GatehouseError:
        return
    json.dumps(answer)
    assert table.decide(deepcopy(before)) == answer
    decided = answer.pop("response")["userAttributesToMap"]
    before.pop("response", None)
    assert answer == before
    assert set(decided) == {
        *("email", "email_verified", "given_name", "family_name", "sub", "custom:idp_sub"),
        *("groups", "custom:groups"),
    }
    assert all(isinstance(value, str) and len(value) <= 2048 for value in decided.values())
    assert decided["sub"] == decided["custom:idp_sub"] != ""
    assert decided["email_verified"] in ("true", "false")
    assert parse_provider_groups(decided["custom:groups"]).left_out == 0
    assert decided["custom:groups"] == decided["groups"]
