"""Tests of linking, which connects a provider's person to the native account with the same address. The account's
record must show that the person has proved access to the mailbox. The provider must be trusted, and must have verified
the address (S-56, S-68)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_people import described
from tests.events import load_event

NATIVE = "7b1c2d3e-1111-4222-8333-444455556666"
SUBJECT = "00uAdaMixedCase"


def set_okta(world: World, **flags: bool) -> None:
    row = {"name": {"S": "Okta"}, **{name: {"BOOL": value} for name, value in flags.items()}}
    world.dynamodb.put(world.settings.providers_table, row)
    world.restart()


def native(**changes: Any) -> PoolUser:
    arguments = {"email": "ada@example.org", "password": "x" * 12, "sub": NATIVE, **changes}
    return PoolUser(**arguments)


def prove(world: World, user_name: str = NATIVE) -> None:
    """Store the proof that the owner has reset the password through the mailbox."""
    record = {"userName": user_name, "provedAt": "2026-01-01T00:00:00.000Z"}
    world.dynamodb.put(
        world.settings.users_table, {name: {"S": value} for name, value in record.items()}
    )


@pytest.fixture
def linking(world: World) -> World:
    """Okta is trusted, and linking is on for Okta's people. Ada has a native account with a proof of the mailbox."""
    set_okta(world, trusted=True, link=True)
    world.pool.add(native())
    prove(world)
    return world


def arrive(**changes: Any) -> Any:
    """Let Ada sign in through Okta for the first time."""
    event = load_event("PreSignUp_ExternalProvider")
    event["userName"] = f"okta_{SUBJECT.lower()}"
    event["request"]["userAttributes"] |= {"custom:idp_sub": SUBJECT, **changes}
    return gate.user_records(event, LambdaContext())


@pytest.mark.security("S-56")
def test_the_native_account_is_joined_under_the_exact_subject(linking: World) -> None:
    """The user name contains the subject only in lower case, so the link uses the subject from the claims. The native
    record shows both sign-in methods, and there is no other record."""
    arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]
    ((name, record),) = linking.users().items()
    assert (name, record["provedAt"]) == (NATIVE, "2026-01-01T00:00:00.000Z")
    assert (record["provider"], record["linked"]) == ("COGNITO", "Okta")
    assert (record["status"], record["given_name"], record["sub"]) == ("CONFIRMED", "Grace", NATIVE)


@pytest.mark.security("S-56")
@pytest.mark.security("S-68")
@pytest.mark.parametrize("here", ["ada@example.org", "Ada@example.org", "ADA@EXAMPLE.ORG"])
@pytest.mark.parametrize("there", ["ada@example.org", "ADA@example.org", "Ada@Example.Org"])
def test_case_is_no_difference_between_addresses(linking: World, here: str, there: str) -> None:
    """The two spellings of the address may differ in case, because the pool ignores case. The double's ListUsers does
    not ignore case."""
    linking.pool.users[0].email = here
    arrive(email=there)
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]


REFUSALS: dict[str, tuple[dict[str, Any], list[PoolUser]]] = {
    "unverified at the provider": ({"email_verified": "false"}, [native()]),
    "verified by another word": ({"email_verified": "True"}, [native()]),
    "verified is not told": ({"email_verified": None}, [native()]),
    "verified as a value of another type": ({"email_verified": True}, [native()]),
    "no subject": ({"custom:idp_sub": ""}, [native()]),
    "two accounts": ({}, [native(), native(sub="other")]),
    "two accounts in two cases": (
        {"email": "ADA@example.org"},
        [native(), native(sub="other", email="ADA@example.org")],
    ),
    "one confirmed, one not": ({}, [native(), native(sub="other", status="UNCONFIRMED")]),
    "disabled": ({}, [native(enabled=False)]),
    "unconfirmed": ({}, [native(status="UNCONFIRMED")]),
    "never signed in": ({}, [native(status="FORCE_CHANGE_PASSWORD")]),
    "unverified in the pool": ({}, [native(email_verified=False)]),
    "linked to somebody else there": ({}, [native(identities=[("Okta", "00uFormerAda")])]),
    "nobody": ({}, []),
    "only a federated one": ({}, [native(status="EXTERNAL_PROVIDER", username="acme_1")]),
    "another address": ({"email": "ada@example.org.evil"}, [native()]),
    "an address that only folds to it": (
        {"email": "straße@x.org"},
        [native(email="strasse@x.org")],
    ),
    "a filter in the address": ({"email": '" or email ^= "ada@example.org'}, [native()]),
    "a wildcard": ({"email": "*@example.org"}, [native()]),
}


#: These cases write no log line, because no account has the address.
SILENT = (
    "nobody",
    "only a federated one",
    "another address",
    "an address that only folds to it",
    "a filter in the address",
    "a wildcard",
)


@pytest.mark.security("S-56")
@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_whatever_is_in_doubt_is_not_linked(
    world: World, case: str, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The person gets a separate profile, and no account is changed. The log says why."""
    changes, users = REFUSALS[case]
    set_okta(world, trusted=True, link=True)
    before = [list(user.identities) for user in users]
    for user in users:
        world.pool.add(user)
        prove(world, user.username)
    arrive(**changes)
    assert [user.identities for user in users] == before
    record = world.users()[f"okta_{SUBJECT.lower()}"]
    assert (record["status"], len(world.users())) == (
        "PENDING",
        1 + len({u.username for u in users}),
    )
    said = [line for line in log_lines() if line["event"] == "not_linked"]
    assert len(said) == (case not in SILENT)
    assert all(line["detail"] and line["provider"] == "Okta" for line in said)
    for user in users:
        user.identities.clear()


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    "flags", [{}, {"trusted": True}, {"link": True}, {"trusted": False, "link": True}]
)
def test_only_a_trusted_provider_that_is_set_to_link_links(
    world: World, flags: dict[str, bool]
) -> None:
    """By default, linking is off. The server then does not search Cognito for an account with the address."""
    set_okta(world, **flags)
    user = world.pool.add(native())
    arrive()
    assert user.identities == []
    assert world.pool.calls == []


@pytest.mark.security("S-55")
def test_the_same_event_again_links_once(linking: World) -> None:
    """Cognito calls a trigger up to three times."""
    for _ in range(3):
        arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]
    assert linking.pool.called("admin_link_provider_for_user") == 1


def test_a_refusal_of_a_link_that_stands_is_none(linking: World) -> None:
    """Two first sign-ins run at once, so the second linking call fails. The account's identities show that the person
    is already linked."""
    linking.pool.link_throws_after = True
    arrive()
    assert linking.users()[NATIVE]["linked"] == "Okta"


@pytest.mark.security("S-55")
@pytest.mark.parametrize("call", ["list_users", "admin_link_provider_for_user", "admin_get_user"])
@pytest.mark.parametrize(
    "fault", [client_error("TooManyRequestsException"), connect_timeout(), "refused"]
)
def test_an_outage_refuses_the_sign_in_and_the_next_one_works(
    linking: World, call: str, fault: Any
) -> None:
    """If the sign-in continued without the link, Cognito would create a second profile."""
    if fault == "refused":
        code = {"admin_get_user": "NotAuthorizedException"}.get(call, "InvalidParameterException")
        fault = client_error(code)
    linking.pool.fail(call, fault)
    with pytest.raises(TriggerFailed, match="not possible at the moment"):
        arrive()
    assert set(linking.users()) == {NATIVE}
    arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]


@pytest.mark.security("S-68")
def test_an_account_that_its_owner_has_not_proved_is_not_joined(
    world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A stranger signed up with Ada's address, and Ada entered the code. The account still has the stranger's password.
    At the provider, Ada belongs to `admins`. She gets a separate profile, and the account is hers only after a reset
    with a mailed code."""
    set_okta(world, trusted=True, link=True)
    strangers = world.pool.add(native(password="the-strangers-password"))
    world.dynamodb.put(
        world.settings.users_table,
        {"userName": {"S": NATIVE}, "status": {"S": "CONFIRMED"}, "Email": {"S": strangers.email}},
    )
    arrive(**{"custom:groups": "=admins"})
    assert strangers.identities == []
    assert world.users()[NATIVE].get("linked") is None
    assert world.users()[f"okta_{SUBJECT.lower()}"]["status"] == "PENDING"
    (line,) = [line for line in log_lines() if line["event"] == "not_linked"]
    assert (
        line["detail"]
        == "perhaps the owner of the mailbox did not choose the password; the person must reset the password once"
    )
    gate.services.users.record_proved(NATIVE)
    arrive()
    assert strangers.identities == [("Okta", SUBJECT)]


@pytest.mark.security("S-68")
def test_an_account_without_a_record_is_not_proved(world: World) -> None:
    """An account without a record has no proof of the mailbox."""
    set_okta(world, trusted=True, link=True)
    user = world.pool.add(native())
    arrive()
    assert user.identities == []


@pytest.mark.security("S-68")
@pytest.mark.parametrize("fault", [client_error("ThrottlingException"), connect_timeout()])
def test_where_the_proof_cannot_be_read_the_sign_in_is_refused(
    linking: World, fault: Exception
) -> None:
    """The server does not link the person. It refuses the sign-in, because otherwise Cognito would create a second
    profile for good."""
    gate.services.providers.all()
    linking.dynamodb.fault = fault
    with pytest.raises(TriggerFailed, match="GATEHOUSE_UNAVAILABLE"):
        arrive()
    assert linking.pool.users[0].identities == []
    linking.dynamodb.fault = None
    arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]


@pytest.mark.security("S-68")
def test_where_the_pool_tells_cases_apart_another_case_is_another_mailbox(
    linking: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older pool may treat upper and lower case as different (`CaseSensitive`). The server then ignores the result
    of ListUsers. It links an account only if AdminGetUser finds it."""
    monkeypatch.setattr(
        type(linking.pool),
        "find",
        lambda self, name: next((u for u in self.users if name in (u.email, u.username)), None),
    )
    monkeypatch.setattr(
        type(linking.pool),
        "_op_list_users",
        lambda self, given: {"Users": [described(user, "Attributes") for user in self.users]},
    )
    linking.pool.users[0].email = "Ada@example.org"
    arrive(email="ada@example.org")
    assert linking.pool.users[0].identities == []
    arrive(email="Ada@example.org")
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]


@pytest.mark.security("S-56")
def test_the_domains_of_a_provider_bind_linking_too(linking: World) -> None:
    """A trusted provider can link only addresses of its own domains."""
    row = linking.dynamodb.items(linking.settings.providers_table)["Okta"]
    row["domains"] = {"L": [{"S": "okta.example"}]}
    linking.dynamodb.put(linking.settings.providers_table, row)
    linking.restart()
    with pytest.raises(TriggerFailed, match="GATEHOUSE_REFUSED"):
        arrive()
    assert linking.pool.users[0].identities == []


def test_later_events_and_sign_ins_keep_both(linking: World, browser: Browser) -> None:
    """The event of PostAuthentication and the ID token name the provider. But the record still belongs to the native
    person."""
    arrive()
    event = load_event("PostConfirmation_ConfirmSignUp")
    event["triggerSource"] = "PostAuthentication_Authentication"
    event["request"]["userAttributes"]["identities"] = json.dumps(
        [{"userId": SUBJECT, "providerName": "Okta"}]
    )
    gate.user_records(event, LambdaContext())
    linking.clock.advance(5)
    linking.sign_in(browser, Person(sub=NATIVE, username=NATIVE, email="ada@example.org"))
    record = linking.users()[NATIVE]
    assert (record["provider"], record["linked"]) == ("COGNITO", "Okta")
