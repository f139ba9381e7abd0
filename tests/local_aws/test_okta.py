"""Tests of the stand-in for Okta."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from ops.local.okta import build_app, load_people, with_state
from tests.local_aws.cloud import Cloud


def test_the_login_page_offers_the_people(cloud: Cloud) -> None:
    """The page lists the people by name, with a button that refuses the sign-in."""
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
    """The pool's provider has the same issuer."""
    found = requests.get(cloud.okta_url + "/.well-known/openid-configuration", timeout=10)
    assert found.json()["issuer"] == cloud.okta_url


def test_a_refusal_carries_its_state_once() -> None:
    """The redirect adds a missing state, and does not repeat a state that the address already has."""
    assert with_state("http://a/?error=x", "s 1") == "http://a/?error=x&state=s+1"
    assert with_state("http://a/?state=s", "s") == "http://a/?state=s"
    assert with_state("http://a/", "s") == "http://a/?state=s"


def test_people_look_like_oktas() -> None:
    """The people's subjects have upper and lower case letters, and the people have all mapped data. One address is
    unverified."""
    people = load_people()
    assert len(people) == 3
    for person in people:
        assert person["sub"] not in (person["sub"].lower(), person["sub"].upper())
        assert {"email", "email_verified", "given_name", "family_name", "groups"} <= set(person)
    assert [person["email_verified"] for person in people].count(False) == 1


QUERY = (
    "/oauth2/authorize?response_type=code&client_id=any&scope=openid&state=s"
    "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fback"
)
SUB = load_people()[0]["sub"]


@pytest.fixture
def client() -> Any:
    """Return a browser at a stand-in without a registered app."""
    return build_app(load_people(), "http://localhost").test_client()


def press(client: Any, action: str) -> None:
    """Press one of the first person's buttons."""
    form = {"press": f"{action} {SUB}", "way": "both"}
    assert client.post("/admin", data=form).status_code == 303


def outcome(client: Any) -> dict[str, str]:
    """Sign in as the first person. Return the query of the redirect to the app, or an empty dict without a redirect."""
    answer = client.post(QUERY, data={"sub": SUB})
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    return {name: values[0] for name, values in query.items()}


def test_whoever_is_deactivated_stays_on_the_login_page_until_reactivated(client: Any) -> None:
    """A deactivated person with a session at the stand-in also stays on the login page."""
    client.post(QUERY, data={"sub": SUB, "keep": "1"})
    assert client.get(QUERY).status_code == 302
    press(client, "deactivate")
    assert "Unable to sign in" in client.post(QUERY, data={"sub": SUB}).text
    assert client.get(QUERY).status_code == 200
    press(client, "reactivate")
    assert "code" in outcome(client)


def test_whoever_is_removed_from_the_app_comes_back_with_access_denied(client: Any) -> None:
    """The error has the words of Okta's error. A person with a session at the stand-in gets the same error."""
    client.post(QUERY, data={"sub": SUB, "keep": "1"})
    press(client, "remove")
    assert outcome(client) == {
        "error": "access_denied",
        "error_description": "User is not assigned to the client application.",
        "state": "s",
    }
    assert "access_denied" in client.get(QUERY).headers["Location"]
    press(client, "assign")
    assert "code" in outcome(client)


def test_cleared_sessions_end_at_the_stand_in_too(client: Any) -> None:
    """After the session has ended, the person can sign in again."""
    client.post(QUERY, data={"sub": SUB, "keep": "1"})
    press(client, "clear")
    assert client.get(QUERY).status_code == 200
    assert "code" in outcome(client)


def test_the_console_says_what_it_sent(client: Any) -> None:
    """A stand-in without a registered app sends no request. The console says that it sent no request."""
    press(client, "deactivate")
    page = client.get("/admin").text
    assert "user.lifecycle.deactivate: not sent" in page
    assert f'value="reactivate {SUB}"' in page


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"press": f"deactivate {SUB}", "way": "both"}, {"Origin": "https://elsewhere.test"}, 403),
        ({"press": f"delete {SUB}", "way": "both"}, {}, 400),
        ({"press": f"deactivate {SUB}", "way": "pigeon"}, {}, 400),
    ],
)
def test_the_console_takes_only_its_own_buttons(
    client: Any, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    """A page of another origin cannot press the console's buttons."""
    assert client.post("/admin", data=form, headers=headers).status_code == status
    assert "code" in outcome(client)
