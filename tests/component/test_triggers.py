"""Tests that invoke the `user_records` function as Lambda does."""

from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Browser, LambdaContext
from tests.events import RECORD_EVENTS, TOKEN_EVENTS, load_event


def fire(event: dict[str, Any]) -> Any:
    """Invoke the function."""
    return gate.user_records(event, LambdaContext())


def test_a_federated_person_is_recorded_from_okta_s_claims(world: World) -> None:
    """The record is PENDING before Cognito creates the profile, and CONFIRMED afterwards. The record contains the
    documented columns and no other columns."""
    event = load_event("PreSignUp_ExternalProvider")
    assert fire(event) == load_event("PreSignUp_ExternalProvider")
    record = world.users()["okta_00u1ada"]
    assert (record["status"], record["provider"], "sub" in record) == ("PENDING", "Okta", False)
    assert int(record["expiresAt"]) == int(world.clock()) + 30 * 86_400
    fire(load_event("PostConfirmation_ConfirmSignUp_federated"))
    assert world.users()["okta_00u1ada"] == {
        "userName": "okta_00u1ada",
        "ClientId": "1example23456789",
        "Email": "ada@example.org",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "sub": "5d3c7b1e-0a6f-4c7e-9b1d-2f6a8c4e0d11",
        "provider": "Okta",
        "status": "CONFIRMED",
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
    }


@pytest.mark.parametrize("name", [*RECORD_EVENTS, *TOKEN_EVENTS])
def test_every_documented_event_is_answered(world: World, name: str) -> None:
    """For each event, one of `user_records` and `token_claims` accepts the event, and the other function refuses the
    event."""
    ours, other = gate.user_records, gate.token_claims
    if name in TOKEN_EVENTS:
        ours, other = other, ours
    answer = ours(load_event(name), LambdaContext())
    assert {**answer, "response": None} == {**load_event(name), "response": None}
    assert len(world.users()) == (name in RECORD_EVENTS)
    with pytest.raises(TriggerFailed):
        other(load_event(name), LambdaContext())


def test_an_admins_user_gets_the_stages_own_client(world: World) -> None:
    """Cognito's event has CLIENT_ID_NOT_APPLICABLE, which is not the id of a client. The record has the id of the
    stage's client instead."""
    fire(load_event("PreSignUp_AdminCreateUser"))
    record = world.users()["9d8e7f6a-aaaa-4bbb-8ccc-ddddeeeeffff"]
    assert (record["ClientId"], record["provider"]) == ("1example23456789", "COGNITO")


@pytest.mark.security("S-58")
@pytest.mark.parametrize(
    "change",
    [
        {"userPoolId": "eu-west-1_Other"},
        {"userPoolId": None},
        {"triggerSource": "TokenGeneration_HostedAuth"},
        {"triggerSource": "PreSignUp_New"},
        {"triggerSource": ["PreSignUp_SignUp"]},
        {"triggerSource": None},
        {"userName": None},
        {"userName": ""},
        {"userName": {"S": "x"}},
    ],
)
def test_foreign_and_unknown_events_are_refused(world: World, change: dict[str, Any]) -> None:
    """The event is of another pool or another source, or has no name. Cognito receives an error, and the function
    writes no record."""
    with pytest.raises(TriggerFailed):
        fire({**load_event("PreSignUp_SignUp"), **change})
    assert world.users() == {}


@pytest.mark.security("S-55")
@pytest.mark.parametrize(
    "fault",
    [client_error("ThrottlingException"), client_error("AccessDeniedException"), connect_timeout()],
)
def test_a_table_that_is_down_lets_nobody_sign_up_and_leaves_nothing_half_written(
    world: World, fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cognito shows the error message to the person, so the message contains no details. A later attempt works."""
    world.dynamodb.fault = fault
    with pytest.raises(TriggerFailed) as caught:
        fire(load_event("PreSignUp_SignUp"))
    assert (
        str(caught.value)
        == "GATEHOUSE_UNAVAILABLE: Sign-in and sign-up are not possible at the moment. Please try again."
    )
    assert caught.value.__cause__ is None
    assert world.users() == {}
    assert "trigger_failed" in capsys.readouterr().out
    world.dynamodb.fault = None
    fire(load_event("PreSignUp_SignUp"))
    assert len(world.users()) == 1


@pytest.mark.security("S-57")
@pytest.mark.parametrize(
    "name",
    [
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
        "PostAuthentication_Authentication",
    ],
)
def test_who_is_in_the_pool_already_goes_on_without_the_table(
    world: World, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cognito has already confirmed the person, and an error would merely hide the confirmation. The next sign-in
    repairs the record."""
    fire(load_event("PreSignUp_SignUp"))
    before = world.users()
    world.dynamodb.fault = client_error("ThrottlingException")
    assert fire(load_event(name)) == load_event(name)
    assert "record_not_written" in capsys.readouterr().out
    world.dynamodb.fault = None
    assert world.users() == before
    fire(load_event("PostAuthentication_Authentication"))
    (record,) = world.users().values()
    assert (record["status"], "expiresAt" in record) == ("CONFIRMED", False)


@pytest.mark.security("S-51")
@pytest.mark.parametrize("attribute", ["custom:groups", "custom:idp_sub"])
def test_a_native_sign_up_may_not_bring_what_a_provider_maps(world: World, attribute: str) -> None:
    """Cognito can map an attribute only if the app client may write the attribute. The trigger therefore refuses these
    attributes at sign-up. Otherwise anybody could claim a group."""
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"][attribute] = "admins"
    with pytest.raises(
        TriggerFailed, match=r"^GATEHOUSE_REFUSED: This address may not sign up here\.$"
    ):
        fire(event)
    assert world.users() == {}


@pytest.mark.security("S-55")
def test_hostile_attributes_do_not_become_columns(world: World) -> None:
    """The function writes only the documented columns, whatever attributes a sign-up contains. The function treats
    invalid values as missing."""
    event = load_event("PreSignUp_SignUp")
    event["request"]["userAttributes"] |= {
        "status": "CONFIRMED",
        "createdAt": "1970",
        "userName": "somebody-else",
        "provider": "Okta",
        "lastSignInAt": "9999",
        "custom:other": "admins",
        "#x": ":y",
        "identities": "not json [",
        "given_name": {"S": "object"},
        "family_name": None,
    }
    fire(event)
    ((key, record),) = world.users().items()
    assert key == event["userName"]
    assert set(record) == {
        "userName",
        "ClientId",
        "Email",
        "status",
        "provider",
        "createdAt",
        "updatedAt",
        "expiresAt",
    }
    assert (record["status"], record["provider"]) == ("PENDING", "COGNITO")


@pytest.mark.security("S-55")
@pytest.mark.parametrize(
    "identities",
    ["[]", "{}", "null", '[{"providerName": 7}]', '["x"]', "[" * 5000, '[{"providerName": ""}]'],
)
def test_strange_identities_do_not_stop_a_sign_up(world: World, identities: str) -> None:
    """If `identities` is unreadable, the function treats the person as a person without a provider."""
    event = load_event("PostConfirmation_ConfirmSignUp")
    event["request"]["userAttributes"]["identities"] = identities
    fire(event)
    assert world.users()[event["userName"]]["provider"] == "COGNITO"


@pytest.mark.parametrize(
    "request_part", [None, {}, {"userAttributes": None}, {"userAttributes": []}]
)
def test_an_event_without_attributes_still_records_the_name(
    world: World, request_part: Any
) -> None:
    """AWS may omit fields and add fields. The next sign-in completes the record."""
    event = load_event("PreSignUp_AdminCreateUser")
    fire({**event, "request": request_part, "callerContext": None})
    (record,) = world.users().values()
    assert "Email" not in record


@pytest.mark.security("S-57")
def test_a_sign_in_confirms_what_a_missed_trigger_left_pending(
    world: World, browser: Browser
) -> None:
    """A record that is PENDING with an expiry becomes CONFIRMED without an expiry. The first `ClientId` and `createdAt`
    stay unchanged."""
    event = load_event("PreSignUp_ExternalProvider")
    event["callerContext"]["clientId"] = "first-client"
    fire(event)
    created = world.users()["okta_00u1ada"]["createdAt"]
    world.clock.advance(90)
    world.sign_in(browser)
    record = world.users()["okta_00u1ada"]
    assert (record["status"], record["ClientId"], record["createdAt"]) == (
        "CONFIRMED",
        "first-client",
        created,
    )
    assert "expiresAt" not in record
    assert record["lastSignInAt"] == record["updatedAt"] == "2026-01-02T03:05:35.678Z"


@pytest.mark.security("S-63")
def test_a_misconfigured_trigger_tells_people_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the log contains the names of missing settings."""

    monkeypatch.delenv("USER_POOL_ID", raising=False)
    gate.services = None
    with pytest.raises(TriggerFailed) as caught:
        fire(load_event("PreSignUp_SignUp"))
    assert "USER_POOL_ID" not in str(caught.value)
    assert "USER_POOL_ID" in capsys.readouterr().out
