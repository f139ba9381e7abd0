"""Tests that the trigger applies the provider's data at each sign-in: attributes, names, groups (S-69)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

SUBJECT = "00u1Ada"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def telling(world: World) -> World:
    """Return the world. The row of Okta names a claim that contains groups."""
    row = {"name": {"S": "Okta"}, "groups_claim": {"S": "groups"}}
    world.dynamodb.put(world.settings.providers_table, row)
    world.restart()
    return world


def event_of(told: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Return the event from the documentation. `told` replaces claims of the event. A claim with the value None is
    removed."""
    event = load_event("InboundFederation_ExternalProvider")
    claims = event["request"]["attributes"]["idToken"]
    for name, value in (told or {}).items():
        claims[name] = value
        if value is None:
            del claims[name]
    event["request"] |= changed
    return event


def decide(event: dict[str, Any]) -> dict[str, str]:
    answer = gate.user_records(event, LambdaContext())
    decided: dict[str, str] = answer["response"]["userAttributesToMap"]
    return decided


def with_token(event: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """Add the provider's ID token to the event, as Cognito does."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    event["request"]["attributes"]["tokenResponse"]["id_token"] = f"e30.{payload}.signature"
    return event


def groups_in_token(attributes: dict[str, str]) -> list[str]:
    """Return the groups that a token would contain. The token trigger takes them from the result of the inbound
    federation trigger."""
    event = load_event("TokenGeneration_HostedAuth_federated")
    event["request"]["userAttributes"]["custom:groups"] = attributes["custom:groups"]
    answer = gate.token_claims(event, LambdaContext())
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    return list(details["groupOverrideDetails"]["groupsToOverride"])


def test_every_attribute_is_decided_under_both_names(telling: World) -> None:
    """The trigger returns each attribute twice, under the pool's name and under the claim's name. The pool converts
    user names to lower case, but the subject keeps its case."""
    decided = decide(event_of())
    assert {name: decided[name] for name in ATTRIBUTE_MAPPING} == {
        "email": "ada@example.org",
        "email_verified": "true",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "custom:idp_sub": SUBJECT,
    }
    assert (decided["sub"], decided["groups"]) == (SUBJECT, decided["custom:groups"])
    assert groups_in_token(decided) == ["Everyone", "admins"]
    assert telling.pool.calls == []


@pytest.mark.security("S-69")
@pytest.mark.parametrize("gone", [None, "", "[]", [], {}, 0, False])
def test_groups_that_the_provider_tells_no_more_are_gone(telling: World, gone: object) -> None:
    """The claim may be missing, empty or different. In each case, a new value replaces the stored value. The new value
    is never empty."""
    decided = decide(event_of({"groups": gone}))
    assert decided["custom:groups"] == decided["groups"] != ""
    assert groups_in_token(decided) == []


@pytest.mark.security("S-69")
@pytest.mark.parametrize("claim", ["email", "given_name", "family_name", "email_verified"])
@pytest.mark.parametrize("gone", [None, "", 7, ["x"]])
def test_every_mapped_claim_is_answered_when_it_is_gone(
    telling: World, claim: str, gone: object
) -> None:
    """If the trigger returned no value for a missing claim, Cognito would keep the stored value."""
    event = event_of({claim: gone})
    event["request"]["attributes"]["userInfo"] = {"sub": SUBJECT}
    decided = decide(event)
    assert decided[claim] == ("false" if claim == "email_verified" else "")
    assert set(decided) == {*ATTRIBUTE_MAPPING, "sub", "custom:groups", "groups"}


@pytest.mark.parametrize(
    ("told", "verified"),
    [(True, "true"), ("true", "true"), (False, "false"), ("True", "false"), (1, "false")],
)
def test_verified_is_what_the_provider_calls_so(
    telling: World, told: object, verified: str
) -> None:
    assert decide(event_of({"email_verified": told}))["email_verified"] == verified


def test_a_provider_without_a_groups_claim_tells_none(world: World) -> None:
    """If the provider's row names no claim for groups, the trigger ignores all groups in the provider's tokens."""
    assert not {"groups", "custom:groups"} & set(decide(event_of()))


@pytest.mark.security("S-69")
def test_the_groups_of_five_kinds_are_all_kept(telling: World) -> None:
    """A list of groups has one format in Cognito's event and another format in the token. The test covers both."""
    five = ["Everyone", "Geschäftsführung", "R&D", "App(Prod)", "sales"]
    assert groups_in_token(decide(event_of({"groups": f"[{', '.join(five)}]"}))) == five
    assert groups_in_token(decide(event_of({"groups": five}))) == five


@pytest.mark.security("S-51")
def test_the_token_itself_tells_where_a_name_ends(telling: World, log_lines: Lines) -> None:
    """Cognito converts `["x, admins"]` to the text `[x, admins]`. This text looks like two groups, although it is
    one."""
    event = event_of({"groups": "[x, admins, ok]"})
    exact = {"sub": SUBJECT, "groups": ["x, admins", "ok"]}
    assert groups_in_token(decide(with_token(event, exact))) == ["ok"]
    (line,) = [line for line in log_lines() if line["event"] == "groups_left_out"]
    assert (line["kept"], line["unfit"], line["no_room"]) == (1, 1, 0)


@pytest.mark.parametrize("claims", [{"sub": "00uOther", "groups": ["admins"]}, {}, ["admins"]])
def test_a_token_of_somebody_else_tells_nothing(telling: World, claims: Any) -> None:
    event = with_token(event_of({"groups": "[Everyone]"}), claims)
    assert groups_in_token(decide(event)) == ["Everyone"]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.!.x", None, 7])
def test_a_token_that_cannot_be_read_tells_nothing(telling: World, token: object) -> None:
    event = event_of()
    event["request"]["attributes"]["tokenResponse"]["id_token"] = token
    assert groups_in_token(decide(event)) == ["Everyone", "admins"]


def test_a_thin_token_is_filled_from_userinfo_of_the_same_person(telling: World) -> None:
    """The trigger fills missing claims from the UserInfo response. OpenID Connect Core 5.3.2 requires that the `sub`
    there is the same as in the ID token."""
    event = event_of({"groups": None, "given_name": None})
    event["request"]["attributes"]["userInfo"] |= {"groups": "[sales]", "given_name": "Augusta"}
    decided = decide(event)
    assert (groups_in_token(decided), decided["given_name"]) == (["sales"], "Augusta")
    event["request"]["attributes"]["userInfo"]["sub"] = "00uOther"
    decided = decide(event)
    assert (groups_in_token(decided), decided["given_name"]) == ([], "")


@pytest.mark.security("S-69")
def test_what_has_no_room_is_counted_and_not_named(telling: World, log_lines: Lines) -> None:
    """A person has 150 groups, and each group's name has 20 letters. The attribute keeps as many names as fit."""
    many = [f"canary-team-name-{number:03}" for number in range(150)]
    decided = decide(event_of({"groups": many}))
    assert len(decided["custom:groups"]) <= 2048
    assert groups_in_token(decided) == many[:97]
    (line,) = [line for line in log_lines() if line["event"] == "groups_left_out"]
    assert (line["kept"], line["unfit"], line["no_room"]) == (97, 0, 53)
    assert "canary" not in json.dumps(line)


# Names that the provider no longer sends ----------------------------------------------------------


def profile(world: World, **changed: Any) -> PoolUser:
    """Ada's profile from an earlier sign-in."""
    facts = {"email": "ada@example.org", "password": "", "status": "EXTERNAL_PROVIDER"}
    facts |= {"username": f"okta_{SUBJECT.lower()}", "given_name": "Ada", "family_name": "Lovelace"}
    return world.pool.add(PoolUser(**{**facts, **changed}))


@pytest.mark.security("S-69")
@pytest.mark.parametrize("gone", [None, ""])
def test_a_name_that_is_gone_is_deleted_from_the_profile(telling: World, gone: object) -> None:
    """AWS does not document that an empty value clears a name. For this reason, our code deletes the name explicitly.
    The other name does not change, and the second sign-in deletes nothing."""
    ada = profile(telling)
    for _ in range(2):
        decide(event_of({"family_name": gone}))
    assert (ada.given_name, ada.family_name) == ("Ada", "")
    assert telling.pool.called("admin_delete_user_attributes") == 1


@pytest.mark.security("S-69")
def test_a_name_that_is_gone_is_deleted_from_a_linked_account(telling: World) -> None:
    """Our code finds the account by its address, in upper or lower case. This person must be one of the account's
    identities."""
    other = profile(telling, username="", status="CONFIRMED", email="Ada@example.org")
    other.identities.append(("Okta", SUBJECT.lower()))
    decide(event_of({"family_name": None}))
    assert other.family_name == "Lovelace"
    other.identities.append(("Okta", SUBJECT))
    decide(event_of({"family_name": None}))
    assert other.family_name == ""


@pytest.mark.security("S-69")
def test_the_name_is_gone_from_the_table_at_that_sign_in(telling: World) -> None:
    """The event of PostAuthentication contains the whole profile, so a missing name becomes empty in the table. The
    event of a confirmation contains only some attributes, so a missing name does not change."""
    event = load_event("PostAuthentication_Authentication_federated")
    gate.user_records(event, LambdaContext())
    (key,) = telling.users()
    assert telling.users()[key]["family_name"] == "Lovelace"
    telling.clock.advance(5)
    for late in ("PostConfirmation_ConfirmSignUp_federated", "PreSignUp_ExternalProvider"):
        thin = load_event(late)
        del thin["request"]["userAttributes"]["family_name"]
        thin["userName"] = event["userName"]
        gate.user_records(thin, LambdaContext())
    assert telling.users()[key]["family_name"] == "Lovelace"
    del event["request"]["userAttributes"]["family_name"]
    gate.user_records(event, LambdaContext())
    assert "family_name" not in telling.users()[key]
    assert telling.users()[key]["given_name"] == "Ada"


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.security("S-69")
@pytest.mark.parametrize("name", ["Acme", "", None, ["Okta"], "Okta "])
def test_an_unknown_provider_is_refused(telling: World, name: object) -> None:
    """The pool has a provider with this name, but the providers table has no row for it."""
    with pytest.raises(TriggerFailed, match="GATEHOUSE_REFUSED"):
        decide(event_of(providerName=name))


def test_a_provider_is_known_in_any_case(telling: World) -> None:
    assert groups_in_token(decide(event_of(providerName="okta"))) == ["Everyone", "admins"]


@pytest.mark.security("S-58")
@pytest.mark.parametrize(
    "change",
    [
        {"userPoolId": "eu-west-1_Other"},
        {"userPoolId": None},
        {"triggerSource": "InboundFederation_New"},
        {"request": None},
    ],
)
def test_foreign_events_are_refused(telling: World, change: dict[str, Any]) -> None:
    with pytest.raises(TriggerFailed):
        gate.user_records({**event_of(), **change}, LambdaContext())


@pytest.mark.parametrize("attributes", [None, {}, "x", {"idToken": "["}, {"idToken": {"sub": ""}}])
def test_claims_without_a_subject_are_refused(telling: World, attributes: object) -> None:
    """Without a subject, the trigger cannot identify the owner of the claims."""
    with pytest.raises(TriggerFailed):
        decide(event_of(attributes=attributes))


@pytest.mark.security("S-69")
@pytest.mark.parametrize("fault", [client_error("ThrottlingException"), connect_timeout()])
def test_where_the_providers_cannot_be_read_the_sign_in_fails(
    telling: World, fault: Exception
) -> None:
    """The sign-in fails, because it must not use outdated data."""
    telling.dynamodb.fault = fault
    with pytest.raises(TriggerFailed, match="GATEHOUSE_UNAVAILABLE"):
        decide(event_of())


@pytest.mark.security("S-69")
@pytest.mark.parametrize("call", ["admin_get_user", "admin_delete_user_attributes"])
@pytest.mark.parametrize("code", ["TooManyRequestsException", "NotAuthorizedException"])
def test_where_a_name_cannot_be_deleted_the_sign_in_fails(
    telling: World, call: str, code: str
) -> None:
    """The next sign-in succeeds."""
    ada = profile(telling)
    telling.pool.fail(call, client_error(code))
    with pytest.raises(TriggerFailed, match="GATEHOUSE_UNAVAILABLE"):
        decide(event_of({"given_name": None}))
    decide(event_of({"given_name": None}))
    assert ada.given_name == ""


@pytest.mark.security("S-61")
def test_the_providers_tokens_are_in_no_log_and_no_error(
    telling: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event contains the provider's tokens."""
    event = event_of({"groups": ["x y"], "sub": ""})
    event["request"]["attributes"]["tokenResponse"] |= {
        "access_token": "canary-access",
        "refresh_token": "canary-refresh",
        "id_token": "canary.id.token",
    }
    with pytest.raises(TriggerFailed) as failed:
        gate.user_records(event, LambdaContext())
    event["request"]["attributes"]["idToken"]["sub"] = SUBJECT
    gate.user_records(event, LambdaContext())
    assert "canary" not in capsys.readouterr().out + str(failed.value)
