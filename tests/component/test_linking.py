"""Linking: a provider's person joins the native account with the same address, where nothing is in doubt (S-56)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from app import user_records
from chalicelib.triggers.entry import TriggerFailed
from tests.component.world import World
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import Browser, LambdaContext
from tests.doubles.cognito import Person
from tests.doubles.pool_users import PoolUser
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


@pytest.fixture
def linking(world: World) -> World:
    """Okta is trusted and links; Ada has a native account."""
    set_okta(world, trusted=True, link=True)
    world.pool.add(native())
    return world


def arrive(**changes: Any) -> Any:
    """Ada comes through Okta for the first time."""
    event = load_event("PreSignUp_ExternalProvider")
    event["userName"] = f"okta_{SUBJECT.lower()}"
    event["request"]["userAttributes"] |= {"custom:idp_sub": SUBJECT, **changes}
    return user_records(event, LambdaContext())


@pytest.mark.security("S-56")
def test_the_native_account_is_joined_under_the_exact_subject(linking: World) -> None:
    """Not the lower-cased one of the user name. The record is the native one and shows both; there is no other."""
    arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]
    ((name, record),) = linking.users().items()
    assert name == NATIVE
    assert (record["provider"], record["linked"]) == ("COGNITO", "Okta")
    assert (record["status"], record["given_name"], record["sub"]) == ("CONFIRMED", "Grace", NATIVE)


@pytest.mark.security("S-56")
@pytest.mark.parametrize("email", ["ADA@example.org", "Ada@Example.Org"])
def test_case_is_no_difference_between_addresses(linking: World, email: str) -> None:
    """The pool ignores it, so Okta's spelling need not be the pool's."""
    arrive(email=email)
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
    "a filter in the address": ({"email": '" or email ^= "ada@example.org'}, [native()]),
    "a wildcard": ({"email": "*@example.org"}, [native()]),
}


@pytest.mark.security("S-56")
@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_whatever_is_in_doubt_is_not_linked(world: World, case: str) -> None:
    """The person gets a profile of their own, and nobody's account changes."""
    changes, users = REFUSALS[case]
    set_okta(world, trusted=True, link=True)
    before = [list(user.identities) for user in users]
    for user in users:
        world.pool.add(user)
    arrive(**changes)
    assert [user.identities for user in users] == before
    ((name, record),) = world.users().items()
    assert (name, record["status"]) == (f"okta_{SUBJECT.lower()}", "PENDING")
    for user in users:
        user.identities.clear()


@pytest.mark.security("S-56")
@pytest.mark.parametrize(
    "flags", [{}, {"trusted": True}, {"link": True}, {"trusted": False, "link": True}]
)
def test_only_a_trusted_provider_that_is_set_to_link_links(
    world: World, flags: dict[str, bool]
) -> None:
    """Off by default: Cognito is not even asked who has the address."""
    set_okta(world, **flags)
    user = world.pool.add(native())
    arrive()
    assert user.identities == []
    assert world.pool.calls == []


@pytest.mark.security("S-55")
def test_the_same_event_again_links_once(linking: World) -> None:
    """Cognito tries a trigger three times."""
    for _ in range(3):
        arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]
    assert linking.pool.called("admin_link_provider_for_user") == 1


def test_a_refusal_of_a_link_that_stands_is_none(linking: World) -> None:
    """Two first sign-ins at once: the second call throws, and the identities say that it is done."""
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
    """Going on would make a second profile for the person."""
    if fault == "refused":
        code = {"admin_get_user": "UserNotFoundException"}.get(call, "InvalidParameterException")
        fault = client_error(code)
    linking.pool.fail(call, fault)
    with pytest.raises(TriggerFailed, match="not possible at the moment"):
        arrive()
    assert linking.users() == {}
    arrive()
    assert linking.pool.users[0].identities == [("Okta", SUBJECT)]


@pytest.mark.security("S-56")
def test_the_domains_of_a_provider_bind_linking_too(linking: World) -> None:
    """A trusted tenant still speaks for its own addresses only."""
    row = linking.dynamodb.items(linking.settings.providers_table)["Okta"]
    row["domains"] = {"L": [{"S": "okta.example"}]}
    linking.dynamodb.put(linking.settings.providers_table, row)
    linking.restart()
    with pytest.raises(TriggerFailed, match="GATEHOUSE_REFUSED"):
        arrive()
    assert linking.pool.users[0].identities == []


def test_later_events_and_sign_ins_keep_both(linking: World, browser: Browser) -> None:
    """PostAuthentication and the ID token name the provider; the record stays the native person's."""
    arrive()
    event = load_event("PostConfirmation_ConfirmSignUp")
    event["triggerSource"] = "PostAuthentication_Authentication"
    event["request"]["userAttributes"]["identities"] = json.dumps(
        [{"userId": SUBJECT, "providerName": "Okta"}]
    )
    user_records(event, LambdaContext())
    linking.clock.advance(5)
    linking.sign_in(browser, Person(sub=NATIVE, username=NATIVE, email="ada@example.org"))
    record = linking.users()[NATIVE]
    assert (record["provider"], record["linked"]) == ("COGNITO", "Okta")


# The first sign-in of a linked person, which Cognito refuses once --------------------------------

FIRST = "Already found an entry for username Okta_00uAda"


def come_back(world: World, browser: Browser, location: str, description: str) -> Any:
    """Cognito refuses the sign-in that began with the authorize URL in `location`."""
    query = world.cognito.read_authorize_url(location)
    error = {"error": "invalid_request", "error_description": description}
    target = f"/auth/callback?{urlencode({**error, 'state': query['state']})}"
    return browser.get(target, site="cross-site")


@pytest.mark.parametrize("description", [FIRST, FIRST.upper(), FIRST.replace(" ", "+")])
def test_the_first_sign_in_after_linking_is_tried_again(
    world: World, browser: Browser, description: str
) -> None:
    """A fresh transaction with the same wishes; then the person is in, where they wanted to go."""
    start = browser.get("/auth/login?provider=Okta&return_to=/api/orders&remember=1").location
    again = come_back(world, browser, start, description)
    assert again.status == 303
    first, second = (world.cognito.read_authorize_url(url) for url in (start, again.location))
    assert second["identity_provider"] == "Okta"
    assert not {first[n] for n in ("state", "nonce", "code_challenge")} & set(second.values())
    assert len(browser.cookies) == 1
    done = browser.get(world.cognito.authorize(again.location, Person()), site="cross-site")
    assert done.location == "/api/orders"
    assert browser.cookies["__Host-gatehouse"].expires_at is not None


def test_it_is_tried_again_once(
    world: World, browser: Browser, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The second refusal ends at the page: no loop."""
    start = browser.get("/auth/login?provider=Okta").location
    again = come_back(world, browser, start, FIRST).location
    ended = come_back(world, browser, again, FIRST)
    assert ended.location == "/api/?error=login_failed"
    assert browser.cookies == {}
    events = [line["event"] for line in log_lines()]
    assert (events.count("sign_in_retried"), events.count("sign_in_failed")) == (1, 1)


@pytest.mark.security("S-13")
@pytest.mark.parametrize("description", ["", "Already found", "user already exists", "x" * 3000])
def test_other_errors_are_not_tried_again(world: World, browser: Browser, description: str) -> None:
    start = browser.get("/auth/login?provider=Okta").location
    ended = come_back(world, browser, start, description)
    assert ended.location == "/api/?error=login_failed"


@pytest.mark.security("S-10")
def test_another_browser_cannot_start_a_second_try(world: World, browser: Browser) -> None:
    """Without the transaction's cookie nothing begins."""
    start = browser.get("/auth/login?provider=Okta").location
    other = come_back(world, world.browser(), start, FIRST)
    assert other.location == "/api/?error=login_unknown"
