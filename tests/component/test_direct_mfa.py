"""Tests of POST /auth/mfa/…: people turn their authenticator app on and off."""

import pytest

from tests.component.direct import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    WRONG,
    Direct,
)
from tests.component.world import MFA_CLIENT_ID
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.pool_users import PoolUser


def turn_on(direct: Direct) -> str:
    """Sign in and set up an authenticator app. Return the app's secret."""
    direct.sign_in()
    secret = str(direct.post("mfa/setup", password=PASSWORD).json()["secret"])
    assert direct.post("mfa/verify", code=direct.totp(secret)).status == 200
    return secret


def test_an_app_is_turned_on_and_asked_for_and_off(direct: Direct) -> None:
    direct.sign_in()
    begun = direct.post("mfa/setup", password=PASSWORD)
    assert begun.status == 200
    assert begun.json().keys() == {"secret", "otpauth", "qr"}
    assert f"{EMAIL}?secret={begun.json()['secret']}" in begun.json()["otpauth"]
    done = direct.post("mfa/verify", code=direct.totp(begun.json()["secret"]))
    assert (done.status, done.json()) == (200, {"mfa": True})
    assert set(direct.browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}
    direct.world.clock.advance(30)
    assert direct.sign_in().json() == {"challenge": {"name": "SOFTWARE_TOKEN_MFA"}}
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200
    direct.world.clock.advance(30)
    off = direct.post("mfa/disable", password=PASSWORD, code=direct.totp())
    assert (off.status, off.json()) == (200, {"mfa": False})
    assert "access_token" in direct.sign_in().json()


def test_an_app_that_is_on_is_said_so(direct: Direct) -> None:
    turn_on(direct)
    answer = direct.post("mfa/setup", password=PASSWORD)
    assert (answer.status, answer.json()["error"]) == (409, "mfa_already_on")


def test_turning_off_what_is_not_on_is_fine(direct: Direct) -> None:
    direct.sign_in()
    assert direct.post("mfa/disable", password=PASSWORD, code="123456").json() == {"mfa": False}
    assert all(grant.revoked for grant in direct.pool.grants.values())


@pytest.mark.security("S-05")
def test_the_server_only_tokens_never_leave_and_are_revoked(
    direct: Direct, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test turns the authenticator app on and off. For both changes, the server uses tokens of its own client. No
    response contains these tokens, and the server revokes them afterwards."""
    secret = turn_on(direct)
    direct.world.clock.advance(30)
    direct.post("mfa/disable", password=PASSWORD, code=direct.totp(secret))
    clients = [a["ClientId"] for name, a in direct.pool.calls if name == "admin_initiate_auth"]
    assert clients[1:] == [MFA_CLIENT_ID] * 2
    assert len(direct.pool.grants) == 2
    assert all(grant.revoked for grant in direct.pool.grants.values())
    seen = "".join(
        answer.body + repr(answer.headers) + repr(answer.set_cookies)
        for answer in direct.browser.answers
    )
    log = capsys.readouterr().out
    for token in direct.pool.grants:
        assert token not in seen + log
    assert secret not in log
    assert PASSWORD not in log + seen
    assert not direct.world.cognito.is_revoked(direct.world.cognito.refresh_tokens()[-1])


def test_a_wrong_first_code_can_be_tried_again(direct: Direct) -> None:
    direct.sign_in()
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    wrong = direct.post("mfa/verify", code="000000")
    assert (wrong.status, wrong.json()["error"]) == (400, "invalid_code")
    assert direct.grace.factors == set()
    assert direct.post("mfa/verify", code=direct.totp(secret)).status == 200


@pytest.mark.parametrize("path", ["setup", "disable"])
def test_the_password_is_asked_again_and_throttled(direct: Direct, path: str) -> None:
    """A stranger who uses a signed-in browser can neither change the setting nor guess the password."""
    direct.sign_in()
    for _ in range(5):
        answer = direct.post(f"mfa/{path}", password=WRONG, code="123456")
        assert (answer.status, answer.json()["error"]) == (401, "invalid_credentials")
    assert direct.post(f"mfa/{path}", password=PASSWORD, code="123456").status == 429
    assert SESSION_COOKIE in direct.browser.cookies


@pytest.mark.security("S-45")
def test_wrong_codes_for_turning_off_are_throttled(direct: Direct) -> None:
    """Wrong codes have their own limit. The limit for passwords would also stop these guesses, so the test deletes the
    password counter."""
    turn_on(direct)
    table = direct.world.settings.throttle_table
    statuses = []
    for _ in range(6):
        statuses.append(direct.post("mfa/disable", password=PASSWORD, code="000000").status)
        for key in direct.world.dynamodb.items(table):
            if key.startswith("sign-in/account/"):
                direct.world.dynamodb.delete(table, key)
    assert statuses == [400] * 5 + [429]
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}


def test_without_a_session_there_is_nothing(direct: Direct) -> None:
    for path in ("setup", "verify", "disable"):
        answer = direct.post(f"mfa/{path}", password=PASSWORD, code="123456")
        assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert direct.pool.calls == []


def test_people_of_a_provider_are_told_who_manages_it(direct: Direct) -> None:
    direct.world.sign_in(direct.browser)
    for path in ("setup", "disable"):
        answer = direct.post(f"mfa/{path}", password=PASSWORD, code="123456")
        assert (answer.status, answer.json()["error"]) == (409, "managed_by_provider")
    assert direct.pool.calls == []


@pytest.mark.security("S-45")
def test_an_enrolment_of_somebody_else_is_refused(direct: Direct) -> None:
    """Two people share a browser. The first person begins to set up an app. The second person's session cannot complete
    this set-up."""
    direct.sign_in()
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    enrolment = direct.browser.cookies[CHALLENGE_COOKIE]
    direct.pool.add(PoolUser("other@example.org", PASSWORD))
    other = direct.world.browser()
    direct.sign_in("other@example.org", browser=other)
    other.cookies[CHALLENGE_COOKIE] = enrolment
    answer = direct.post("mfa/verify", other, code=direct.totp(secret))
    assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert direct.grace.factors == set()


@pytest.mark.security("S-45")
def test_a_challenge_cookie_is_no_enrolment(direct: Direct) -> None:
    direct.sign_in()
    session = direct.browser.cookies[SESSION_COOKIE]
    direct.with_totp()
    direct.sign_in()
    direct.browser.cookies[SESSION_COOKIE] = session
    assert direct.post("mfa/verify", code=direct.totp()).json()["error"] == "challenge_expired"
    assert direct.pool.called("verify_software_token") == 0


def test_an_outage_leaves_no_token_behind(direct: Direct) -> None:
    direct.sign_in()
    direct.pool.fail("associate_software_token", connect_timeout())
    assert direct.post("mfa/setup", password=PASSWORD).status == 503
    assert all(grant.revoked for grant in direct.pool.grants.values())


@pytest.mark.security("S-31")
def test_the_enrolment_cookie_fits(direct: Direct) -> None:
    """The tokens are as long as real tokens. One cookie must have space for two of them."""
    direct.sign_in()
    (cookie,) = direct.post("mfa/setup", password=PASSWORD).set_cookies
    assert len(cookie) < 4096
    assert direct.browser.rejected == []
