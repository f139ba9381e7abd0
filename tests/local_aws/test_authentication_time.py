"""Tests of `auth_time`. In Cognito's tokens, `auth_time` is the time of the sign-in at Cognito. In the provider's
tokens, `auth_time` is the time of the sign-in at the provider."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.local_aws.cloud import Cloud
from tests.local_aws.okta_browser import OktaBrowser
from tests.local_aws.pool import Pool, claims

QUERY = {
    "response_type": "code",
    "client_id": "any",
    "redirect_uri": "http://127.0.0.1:1/back",
    "scope": "openid",
    "state": "s",
}


def test_a_refresh_keeps_the_time_of_its_sign_in(pool: Pool, browser: OktaBrowser) -> None:
    """The ID token and the access token keep the time of the sign-in. The test repeats the refresh until Cognito has
    issued a token in a later second than the second of the sign-in."""
    tokens = browser.tokens()
    began = claims(tokens["access_token"])
    said = began
    while said["iat"] == began["iat"]:
        fresh = pool.refresh(tokens["refresh_token"]).json()
        said = claims(fresh["access_token"])
    assert said["auth_time"] == claims(fresh["id_token"])["auth_time"] == began["auth_time"]
    later = claims(browser.tokens()["access_token"])
    assert later["auth_time"] > began["auth_time"]


def ask(cloud: Cloud, browser: requests.Session, **more: str) -> requests.Response:
    return browser.get(
        cloud.okta_url + "/oauth2/authorize",
        params={**QUERY, **more},
        allow_redirects=False,
        timeout=10,
    )


def choose(cloud: Cloud, browser: requests.Session, **form: str) -> requests.Response:
    """Sign in on the page of the Okta stand-in."""
    return browser.post(
        cloud.okta_url + "/oauth2/authorize",
        params=QUERY,
        data={"sub": "someone@example.org", **form},
        allow_redirects=False,
        timeout=10,
    )


def auth_time(cloud: Cloud, answer: requests.Response) -> int:
    """Exchange the code that a response contains. Return the `auth_time` in the ID token."""
    (code,) = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
    tokens = requests.post(
        cloud.okta_url + "/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": QUERY["redirect_uri"],
            "client_id": "any",
            "client_secret": "any",
        },
        timeout=10,
    ).json()
    return int(claims(tokens["id_token"])["auth_time"])


def test_without_the_box_the_stand_in_asks_each_time(cloud: Cloud) -> None:
    browser = requests.Session()
    before = int(time.time())
    assert before <= auth_time(cloud, choose(cloud, browser)) <= time.time()
    assert ask(cloud, browser).status_code == 200


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
def test_with_it_people_are_let_through_unless_they_must_be_asked(
    cloud: Cloud, asked: dict[str, str]
) -> None:
    """With a session at the provider, people see no login page, and `auth_time` stays the same. With `prompt=login` or
    a small `max_age`, people see the page and sign in again."""
    browser = requests.Session()
    first = choose(cloud, browser, keep="1")
    signed_in_at = auth_time(cloud, first)
    silent = ask(cloud, browser, max_age="3600")
    assert silent.status_code == 302
    assert auth_time(cloud, silent) == signed_in_at
    assert ask(cloud, browser, **asked).status_code == 200
    assert ask(cloud, requests.Session()).status_code == 200
