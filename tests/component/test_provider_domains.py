"""Tests of the addresses that an identity provider may use, at the first sign-in and at later sign-ins, hosted and
direct."""

import json
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.world import World
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.events import load_event

REFUSED = r"^GATEHOUSE_REFUSED: This address may not sign up here\.$"


@pytest.fixture
def tenants(world: World) -> World:
    """Two providers with domains, Contoso and Fabrikam, and Okta without domains."""
    for name in ("Contoso", "Fabrikam"):
        row = {"name": {"S": name}, "domains": {"L": [{"S": f"{name.lower()}.example"}]}}
        world.dynamodb.put(world.settings.providers_table, row)
        world.cognito.providers |= {name}
    return world


def arrive(user_name: str, email: str | None) -> Any:
    """Send Cognito's event for a new federated person to the trigger."""
    event = load_event("PreSignUp_ExternalProvider")
    event["userName"] = user_name
    event["request"]["userAttributes"]["email"] = email
    return gate.user_records(event, LambdaContext())


@pytest.mark.parametrize(
    ("user_name", "email", "provider"),
    [
        ("contoso_00u1", "bo@contoso.example", "Contoso"),
        ("Contoso_00u1", "Bo@CONTOSO.EXAMPLE", "Contoso"),
        ("okta_00u_with_underscore", "ada@example.org", "Okta"),
    ],
)
def test_the_record_names_the_provider_exactly(
    tenants: World, user_name: str, email: str, provider: str
) -> None:
    """The pool converts user names to lower case. The record nevertheless has the provider's exact name."""
    arrive(user_name, email)
    assert tenants.users()[user_name.lower()]["provider"] == provider


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    ("user_name", "email"),
    [
        ("contoso_00u1", "ceo@fabrikam.example"),
        ("contoso_00u1", "ceo@FABRIKAM.example"),
        ("contoso_00u1", "bo@elsewhere.example"),
        ("contoso_00u1", "bo@sub.contoso.example"),
        ("contoso_00u1", "bo@contoso.example@fabrikam.example"),
        ("contoso_00u1", ""),
        ("contoso_00u1", None),
        # A provider without domains may use any address except addresses of another provider's domain.
        ("okta_00u1", "bo@contoso.example"),
        ("okta_00u1", "bo@contoso.example."),
        ("okta_00u1", "bo@ｃontoso.example"),
        ("unknown_00u1", "ada@example.org"),
        ("nounderscore", "ada@example.org"),
    ],
)
def test_nobody_speaks_for_addresses_of_others(
    tenants: World, user_name: str, email: str | None
) -> None:
    """The trigger writes no record. Its error message contains the marker that our code uses for refusals."""
    with pytest.raises(TriggerFailed, match=REFUSED):
        arrive(user_name, email)
    assert tenants.users() == {}


def test_while_the_providers_are_unknown_nobody_new_comes_in(tenants: World) -> None:
    """The error message reports an outage. The message does not say that the trigger refuses the person."""
    tenants.dynamodb.fault = connect_timeout()
    with pytest.raises(TriggerFailed, match="not possible at the moment"):
        arrive("contoso_00u1", "bo@contoso.example")


def come_back(provider: str, email: str) -> Any:
    """Send Cognito's event for a later sign-in of a federated person to the trigger."""
    event = load_event("PostConfirmation_ConfirmSignUp_federated")
    event["triggerSource"] = "PostAuthentication_Authentication"
    event["userName"] = f"{provider.lower()}_00u1"
    attributes = event["request"]["userAttributes"]
    attributes["email"] = email
    attributes["identities"] = json.dumps([{"providerName": provider, "userId": "00u1"}])
    return gate.user_records(event, LambdaContext())


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    ("provider", "email"),
    [
        ("Contoso", "ceo@fabrikam.example"),
        ("Contoso", "bo@elsewhere.example"),
        ("Contoso", ""),
        ("Okta", "bo@contoso.example"),
    ],
)
def test_nor_at_a_later_sign_in(tenants: World, provider: str, email: str) -> None:
    """Cognito maps the attributes again at each sign-in. If an address has changed, the trigger applies the rule of the
    first sign-in to the new address."""
    before = "ada@example.org" if provider == "Okta" else "bo@contoso.example"
    come_back(provider, before)
    records = tenants.users()
    tenants.clock.advance(60)
    with pytest.raises(TriggerFailed, match=REFUSED):
        come_back(provider, email)
    assert tenants.users() == records


def test_a_new_address_of_the_same_domain_is_fine(tenants: World) -> None:
    come_back("Contoso", "bo@contoso.example")
    tenants.clock.advance(60)
    come_back("Contoso", "bo.married@contoso.example")
    assert tenants.users()["contoso_00u1"]["Email"] == "bo.married@contoso.example"


def test_people_come_back_while_the_providers_are_unknown(tenants: World) -> None:
    """During an outage of the table, people with an account can sign in, but the trigger writes no unchecked
    address."""
    come_back("Contoso", "bo@contoso.example")
    records = tenants.users()
    tenants.restart()
    tenants.dynamodb.fault = connect_timeout()
    come_back("Contoso", "ceo@fabrikam.example")
    tenants.dynamodb.fault = None
    assert tenants.users() == records


LINKED = "7b1c2d3e-1111-4222-8333-444455556666"


def come_back_linked(email: str, *providers: str) -> Any:
    """Send Cognito's event for a later sign-in (hosted or direct) of a linked native person to the trigger."""
    event = load_event("PostAuthentication_Authentication_linked")
    attributes = event["request"]["userAttributes"]
    attributes["email"] = email
    attributes["identities"] = json.dumps([{"providerName": n, "userId": "1"} for n in providers])
    return gate.user_records(event, LambdaContext())


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    ("email", "providers"),
    [
        ("ceo@fabrikam.example", ["Contoso"]),
        ("bo@elsewhere.example", ["Contoso"]),
        ("ceo@fabrikam.example", ["Okta"]),
        ("bo@elsewhere.example", ["Contoso", "Fabrikam"]),
    ],
)
def test_nor_by_way_of_a_linked_account(tenants: World, email: str, providers: list[str]) -> None:
    """Cognito also maps the attributes of a linked account at each sign-in. The provider must not replace the account's
    address by a foreign address."""
    come_back_linked("bo@contoso.example", "Contoso")
    records = tenants.users()
    tenants.clock.advance(60)
    with pytest.raises(TriggerFailed, match=REFUSED):
        come_back_linked(email, *providers)
    assert tenants.users() == records


@pytest.mark.parametrize(
    ("email", "providers"),
    [
        ("ceo@fabrikam.example", ["Contoso", "Fabrikam"]),
        ("bo@elsewhere.example", ["Contoso", "Okta"]),
        ("bo@contoso.example", []),
    ],
)
def test_any_of_a_linked_persons_providers_may_speak_for_the_address(
    tenants: World, email: str, providers: list[str]
) -> None:
    """Each linked provider may use its own domains. A native person without a link keeps the address, even if a
    provider has claimed the address's domain in the meantime."""
    come_back_linked(email, *providers)
    assert tenants.users()[LINKED]["Email"] == email


MOVED = Person(username="contoso_00u1", email="ceo@fabrikam.example", provider="Contoso")


@pytest.mark.security("S-56")
@pytest.mark.security("S-16")
def test_the_callback_gives_no_session_for_an_address_of_others(
    tenants: World, browser: Browser
) -> None:
    """Although the trigger has accepted the person, the callback refuses the sign-in, revokes the new tokens and writes
    no record."""
    answer = tenants.sign_in(browser, MOVED, "provider=Contoso")
    assert answer.location == "/api/?error=sign_up_refused"
    assert browser.cookies == {}
    assert tenants.users() == {}
    (token,) = tenants.cognito.refresh_tokens()
    assert tenants.cognito.is_revoked(token)
    own = Person(username="contoso_00u1", email="bo@contoso.example", provider="Contoso")
    assert tenants.sign_in(browser, own, "provider=Contoso").location == "/api/"


@pytest.mark.security("S-56")
def test_the_callback_does_not_skip_the_check_while_the_providers_are_unknown(
    tenants: World, browser: Browser
) -> None:
    """A new container that cannot read the providers refuses every sign-in through a provider."""
    start = browser.get("/auth/login?provider=Contoso")
    back = tenants.cognito.authorize(start.location, MOVED)
    tenants.restart()
    tenants.dynamodb.fault = connect_timeout()
    answer = browser.get(back, site="cross-site")
    assert answer.location == "/api/?error=temporarily_unavailable"
    assert browser.cookies == {}
