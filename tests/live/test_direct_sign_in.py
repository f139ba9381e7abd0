"""Tests of a native account on AWS: the record, the refresh, and the sign-out. The tests use our own form if the stage
has one."""

from __future__ import annotations

import time

from tests.live.live_stage import Browser, LiveStage, Person


def sign_in(live: LiveStage, person: Person) -> tuple[Browser, str]:
    """Sign in by password. Return the browser and the access token."""
    browser = live.browser()
    answer = browser.post(
        "auth/direct/sign-in",
        {"email": person.email, "password": person.password, "remember": False},
    )
    assert answer.status_code == 200, answer.text
    return browser, str(answer.json()["access_token"])


def test_token_has_our_scopes_and_opens_the_routes(live: LiveStage, person: Person) -> None:
    """Because the V2 trigger has run, a sign-in by API has the same scopes as a hosted sign-in."""
    browser, token = sign_in(live, person)
    me = browser.get("me", token)
    assert me.status_code == 200, me.text
    record = live.record(person.user_name)
    assert record["Email"] == person.email
    assert record["ClientId"] == live.stage.environment["CLIENT_ID"]
    assert (record["given_name"], record["family_name"]) == ("Live", "Test")


def test_wrong_password_and_unknown_account_answer_alike(live: LiveStage, person: Person) -> None:
    """The two responses have the same status and body."""
    browser = live.browser()
    wrong = {"email": person.email, "password": "not it", "remember": False}
    unknown = {**wrong, "email": f"nobody-{int(time.time())}@example.com"}
    answers = [browser.post("auth/direct/sign-in", body) for body in (wrong, unknown)]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json() == answers[1].json()


def test_refresh_rotates_and_sign_out_ends_it(live: LiveStage, person: Person) -> None:
    """A new refresh token replaces the token in the cookie. After the sign-out, the server refuses the old cookie."""
    browser, _ = sign_in(live, person)
    before = dict(browser.cookies)
    renewed = browser.post("auth/refresh")
    assert renewed.status_code == 200, renewed.text
    assert browser.cookies["__Host-gatehouse"] != before["__Host-gatehouse"]
    kept = dict(browser.cookies)
    out = browser.post("auth/logout")
    assert out.status_code == 200
    assert out.json()["logout_url"].startswith(live.stage.environment["COGNITO_URL"])
    assert "__Host-gatehouse" not in browser.cookies
    browser.cookies = kept
    assert browser.post("auth/refresh").status_code == 401
