"""The stand-in for Okta."""

from __future__ import annotations

import requests

from ops.local.okta import load_people, with_state
from tests.local_aws.cloud import Cloud


def test_the_login_page_offers_the_people(cloud: Cloud) -> None:
    """They are listed by name, with a way to refuse."""
    query = {
        "response_type": "code",
        "client_id": "any",
        "redirect_uri": "http://127.0.0.1:1/back",
        "scope": "openid",
        "state": "s",
    }
    page = requests.get(cloud.okta_url + "/oauth2/authorize", params=query, timeout=10)
    for person in load_people():
        assert person["sub"] in page.text
        assert person["given_name"] in page.text
    assert 'value="deny"' in page.text


def test_the_issuer_is_its_own_address(cloud: Cloud) -> None:
    """The provider's registration has the same one."""
    found = requests.get(cloud.okta_url + "/.well-known/openid-configuration", timeout=10)
    assert found.json()["issuer"] == cloud.okta_url


def test_a_refusal_carries_its_state_once() -> None:
    """It is added if missing, never duplicated."""
    assert with_state("http://a/?error=x", "s 1") == "http://a/?error=x&state=s+1"
    assert with_state("http://a/?state=s", "s") == "http://a/?state=s"
    assert with_state("http://a/", "s") == "http://a/?state=s"


def test_people_look_like_oktas() -> None:
    """They have mixed-case subjects, all mapped data, and one unverified address."""
    people = load_people()
    assert len(people) == 3
    for person in people:
        assert person["sub"] not in (person["sub"].lower(), person["sub"].upper())
        assert {"email", "email_verified", "given_name", "family_name", "groups"} <= set(person)
    assert [person["email_verified"] for person in people].count(False) == 1
