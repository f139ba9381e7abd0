"""Tests of the public app client for programs (RFC 8252). The client exists only on a stage that lists ports."""

from typing import Any

import pytest

from app import token_claims, user_records
from chalicelib.gatehouse.cognito.scopes import SCOPES, USER_ADMIN_SCOPE
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.test_authorized_routes import without
from tests.component.world import World
from tests.doubles.browser import Browser, LambdaContext
from tests.events import load_event

PROGRAM = "3example456789ab"
REDIRECT_URIS = ("http://127.0.0.1:53682/callback", "http://127.0.0.1:53683/callback")


@pytest.fixture
def opened(world: World) -> World:
    """The same world as `world`, but on a stage with `loopback_ports`."""
    world.restart(program_client_id=PROGRAM, program_redirect_uris=REDIRECT_URIS)
    return world


def tokens_event(client_id: str) -> dict[str, Any]:
    event = load_event("TokenGeneration_HostedAuth")
    event["callerContext"]["clientId"] = client_id
    event["request"]["scopes"] = ["openid", USER_ADMIN_SCOPE]
    return event


def test_config_names_what_a_program_needs(opened: World, browser: Browser) -> None:
    """The configuration has the client, addresses, endpoints and scope. With these values, a program that knows only
    the root URL of the API can sign a person in."""
    assert browser.get("/auth/config").json()["programs"] == {
        "client_id": PROGRAM,
        "redirect_uris": list(REDIRECT_URIS),
        "scope": "openid email profile api/read api/write",
        "authorization_endpoint": f"{opened.settings.cognito_url}/oauth2/authorize",
        "token_endpoint": f"{opened.settings.cognito_url}/oauth2/token",
        "revocation_endpoint": f"{opened.settings.cognito_url}/oauth2/revoke",
    }


@pytest.mark.security("S-49")
def test_a_programs_token_opens_routes_where_the_stage_has_programs(
    world: World, browser: Browser
) -> None:
    """The server checks a program's token in the same way as any other token. On a stage without `loopback_ports`, the
    server treats the token as a token of a foreign client."""
    assert "programs" not in browser.get("/auth/config").json()
    assert browser.get("/whoami", claims=without(client_id=PROGRAM)).status == 401
    world.restart(program_client_id=PROGRAM, program_redirect_uris=REDIRECT_URIS)
    assert browser.get("/whoami", claims=without(client_id=PROGRAM)).status == 200
    assert browser.get("/whoami", claims=without()).status == 200
    refused = [
        {"client_id": "2other"},
        {"client_id": ""},
        {"client_id": PROGRAM[:-1]},
        {"client_id": f"{world.settings.client_id} {PROGRAM}"},
        {"client_id": PROGRAM, "token_use": "id"},
    ]
    for change in refused:
        assert browser.get("/whoami", claims=without(**change)).status == 401, change
    claims = without(client_id=PROGRAM, scope="openid")
    assert browser.get("/whoami", claims=claims).status == 403


@pytest.mark.security("S-05")
def test_a_programs_tokens_carry_our_scopes_and_never_cognitos_own(opened: World) -> None:
    """The token has exactly the scopes of the stage, even if Cognito would add other scopes."""
    answer: Any = token_claims(tokens_event(PROGRAM), LambdaContext())
    change = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    assert {"openid", *change["scopesToAdd"]} == set(SCOPES)
    assert change["scopesToSuppress"] == [USER_ADMIN_SCOPE]


@pytest.mark.security("S-05")
def test_without_the_option_such_a_clients_tokens_get_nothing_of_ours(world: World) -> None:
    """Without `loopback_ports`, the trigger adds no scope to the tokens, as for any other client of the pool. The
    server therefore refuses the tokens."""
    event = tokens_event(PROGRAM)
    answer: Any = token_claims(event, LambdaContext())
    assert answer["response"] == load_event("TokenGeneration_HostedAuth")["response"]


@pytest.mark.security("S-67")
def test_nobody_signs_up_through_the_public_client(opened: World) -> None:
    """The public client has no secret, so anybody could call SignUp with the client. A stranger could then set a
    password before the mailbox's owner has proved the address."""
    event = load_event("PreSignUp_SignUp")
    event["callerContext"]["clientId"] = PROGRAM
    with pytest.raises(TriggerFailed):
        user_records(event, LambdaContext())
    assert opened.users() == {}
    event["callerContext"]["clientId"] = opened.settings.client_id
    user_records(event, LambdaContext())
    assert len(opened.users()) == 1


def test_a_first_sign_in_through_a_program_is_recorded(opened: World) -> None:
    """A provider's person may sign in through a program first. The record has the program's client in `ClientId`."""
    for name in ("PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp_federated"):
        event = load_event(name)
        event["callerContext"]["clientId"] = PROGRAM
        user_records(event, LambdaContext())
    record = opened.users()["okta_00u1ada"]
    assert (record["ClientId"], record["status"]) == (PROGRAM, "CONFIRMED")
