"""Tests of the trigger that decides which of the provider's claims about a person the pool stores. Other tests show the
result without the trigger."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from ops.local.okta import load_people
from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import ALICE, OktaBrowser
from tests.local_aws.pool import Pool, claims

NAME = f"okta_{ALICE}".lower()
SOURCE = "InboundFederation_ExternalProvider"
(PERSON,) = (person for person in load_people() if person["sub"] == ALICE)


def tell(pool: Pool, told: dict[str, Any]) -> None:
    """From now on, make the Okta stand-in send `told` as Alice's claims."""
    url = f"{pool.cloud.okta_url}/users/{ALICE}"
    requests.put(url, json=told, timeout=10).raise_for_status()


@pytest.fixture
def told(pool: Pool) -> Any:
    """Yield Alice's claims from the file. After the test, restore the claims."""
    facts = {name: value for name, value in PERSON.items() if name != "sub"}
    yield facts
    tell(pool, facts)


def answer(cloud: Cloud, attributes: dict[str, str]) -> None:
    cloud.script({SOURCE: {"response": {"userAttributesToMap": attributes}}})


def test_the_event_holds_what_the_provider_says_as_text(cloud: Cloud, browser: OktaBrowser) -> None:
    """The event contains the token response, the ID token and userinfo; booleans and lists become text. The subject
    keeps the provider's upper-case and lower-case letters."""
    browser.tokens()
    event = cloud.events()[0]
    assert (event["triggerSource"], event["userName"]) == (SOURCE, ALICE)
    told = event["request"]
    assert (told["providerName"], told["providerType"]) == ("Okta", "OIDC")
    parts = told["attributes"]
    assert parts["idToken"]["email_verified"] == "true"
    assert parts["idToken"]["groups"] == "[Everyone, admins]"
    assert parts["userInfo"]["sub"] == ALICE
    assert claims(parts["tokenResponse"]["id_token"])["groups"] == ["Everyone", "admins"]
    assert all(isinstance(value, str) for part in parts.values() for value in part.values())


def test_the_answer_replaces_the_claims(cloud: Cloud, pool: Pool, browser: OktaBrowser) -> None:
    """The trigger's response has the provider's claim names, which the pool then maps. The pool does not store a claim
    that the response omits."""
    answer(cloud, {"email": "a@example.com", "groups": "=sales", "sub": ALICE, "other": "x"})
    browser.tokens()
    attributes = pool.user(NAME)
    assert (attributes["email"], attributes["custom:groups"]) == ("a@example.com", "=sales")
    assert not {"given_name", "other"} & set(attributes)


@pytest.mark.parametrize("script", [{}, {SOURCE: {"response": {"userAttributesToMap": {}}}}])
def test_an_empty_answer_keeps_every_claim(
    cloud: Cloud, pool: Pool, browser: OktaBrowser, script: dict[str, Any]
) -> None:
    cloud.script(script)
    browser.tokens()
    assert pool.user(NAME)["custom:groups"] == "[Everyone, admins]"


def test_a_missing_claim_leaves_what_is_stored(
    pool: Pool, browser: OktaBrowser, told: dict[str, Any]
) -> None:
    """The stored value stays unless a trigger sets another value."""
    browser.tokens()
    tell(pool, {name: told[name] for name in ("email", "email_verified")})
    browser.tokens()
    assert pool.user(NAME)["custom:groups"] == "[Everyone, admins]"
    assert pool.user(NAME)["given_name"] == told["given_name"]


@pytest.mark.parametrize("keeps", [False, True])
def test_an_empty_value_clears_or_stays_as_the_pool_is_tagged(
    cloud: Cloud, pool: Pool, browser: OktaBrowser, keeps: bool
) -> None:
    """AWS does not document whether an empty value deletes the stored value. The pool's tag selects the behaviour."""
    browser.tokens()
    before = pool.user(NAME)["given_name"]
    if keeps:
        pool.keep_empty_claims()
    answer(cloud, {"email": "a@example.com", "given_name": ""})
    browser.tokens()
    assert pool.user(NAME).get("given_name") == (before if keeps else None)


def test_a_trigger_that_fails_ends_the_sign_in_at_the_callback(
    cloud: Cloud, pool: Pool, browser: OktaBrowser
) -> None:
    """The callback gets the trigger's text, and the pool creates no profile."""
    cloud.script({SOURCE: {"raise": "GATEHOUSE_UNAVAILABLE"}})
    back = browser.sign_in()
    assert "InboundFederation failed with error GATEHOUSE_UNAVAILABLE" in back["error_description"]
    assert pool.cognito.list_users(UserPoolId=pool.id)["Users"] == []


def test_attributes_are_deleted_by_name_and_by_a_blank_value(
    pool: Pool, browser: OktaBrowser
) -> None:
    """The pool finds the profile by its name in upper and lower case."""
    browser.tokens()
    given = {"UserPoolId": pool.id, "Username": f"Okta_{ALICE}"}
    pool.cognito.admin_delete_user_attributes(**given, UserAttributeNames=["given_name"])
    blank = [{"Name": "family_name", "Value": ""}]
    pool.cognito.admin_update_user_attributes(**given, UserAttributes=blank)
    assert not {"given_name", "family_name"} & set(pool.user(NAME))


def test_an_address_finds_its_user_in_any_case(pool: Pool) -> None:
    """A pool that ignores case also ignores the case of aliases."""
    name = pool.add_person("Ada@example.com")
    for spelling in ("ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"):
        found = pool.cognito.admin_get_user(UserPoolId=pool.id, Username=spelling)
        assert found["Username"] == name, json.dumps(found, default=str)
