"""Tests of POST /auth/direct/challenge, which answers the challenges that Cognito sends after the password (S-45)."""

from typing import Any

import pytest

from tests.component.direct import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    EMAIL,
    PASSWORD,
    SECOND_COOKIE,
    SESSION_COOKIE,
    WRONG,
    Direct,
)
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import refusal

NEW_PASSWORD = "another horse 34"
CLEARED = f"{CHALLENGE_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


def test_an_authenticator_app_is_asked_and_its_code_signs_in(direct: Direct) -> None:
    """The password alone does not start a session. The code starts a session, and the response clears the challenge's
    cookie."""
    direct.with_totp()
    asked = direct.sign_in(remember=True)
    assert (asked.status, asked.json()) == (200, {"challenge": {"name": "SOFTWARE_TOKEN_MFA"}})
    assert set(direct.browser.cookies) == {CHALLENGE_COOKIE}
    code = direct.totp()
    answer = direct.challenge("SOFTWARE_TOKEN_MFA", code=f"{code[:3]} {code[3:]}")
    assert answer.status == 200
    assert answer.json()["user"]["email"] == EMAIL
    assert CLEARED in answer.set_cookies
    assert set(direct.browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}
    assert direct.browser.cookies[SESSION_COOKIE].expires_at is not None


@pytest.mark.security("S-45")
def test_the_challenge_cookie_is_sealed_strict_and_short_lived(direct: Direct) -> None:
    direct.with_totp()
    (cookie,) = direct.sign_in().set_cookies
    value, _, attributes = cookie.partition("; ")
    assert attributes == "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=900"
    (session,) = direct.pool._sessions
    assert session not in value
    assert direct.grace.sub not in value
    assert direct.browser.rejected == []


def test_a_new_password_is_asked_of_a_created_user(direct: Direct) -> None:
    direct.grace.status = "FORCE_CHANGE_PASSWORD"
    assert direct.sign_in().json() == {"challenge": {"name": "NEW_PASSWORD_REQUIRED"}}
    short = direct.challenge("NEW_PASSWORD_REQUIRED", password="too short")
    assert (short.status, short.json()["error"]) == (400, "invalid_password")
    assert short.json()["requirements"]["min_length"] == 12
    assert direct.challenge("NEW_PASSWORD_REQUIRED", password=NEW_PASSWORD).status == 200
    assert direct.grace.password == NEW_PASSWORD


def test_a_new_password_and_then_the_app(direct: Direct) -> None:
    """Cognito sends a different Session string for each step of the sign-in."""
    direct.grace.status = "FORCE_CHANGE_PASSWORD"
    direct.with_totp()
    direct.sign_in()
    before = direct.browser.cookies[CHALLENGE_COOKIE].value
    answer = direct.challenge("NEW_PASSWORD_REQUIRED", password=NEW_PASSWORD)
    assert answer.json() == {"challenge": {"name": "SOFTWARE_TOKEN_MFA"}}
    assert direct.browser.cookies[CHALLENGE_COOKIE].value != before
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


def test_an_app_is_set_up_where_the_pool_demands_one(direct: Direct) -> None:
    """The challenge contains a key, a URI, and the rows of a QR code. The set-up can continue after a wrong code. The
    next sign-in requires a code."""
    direct.pool.mfa_required = True
    asked = direct.sign_in().json()["challenge"]
    secret = asked["secret"]
    assert asked.keys() == {"name", "secret", "otpauth", "qr"}
    assert asked["otpauth"].startswith(
        f"otpauth://totp/Gatehouse%3A{EMAIL}?secret={secret}&issuer="
    )
    assert {len(row) for row in asked["qr"]} == {len(asked["qr"])}
    assert set("".join(asked["qr"])) == {"0", "1"}
    wrong = direct.challenge("MFA_SETUP", code="000000")
    assert (wrong.status, wrong.json()["error"]) == (401, "invalid_code")
    assert direct.challenge("MFA_SETUP", code=direct.totp(secret)).status == 200
    direct.world.clock.advance(30)
    assert direct.sign_in().json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"


@pytest.mark.parametrize("name", ["EMAIL_OTP", "SMS_MFA"])
def test_a_sent_code_signs_in_and_its_destination_is_masked(direct: Direct, name: str) -> None:
    direct.grace.factors = {name}
    asked = direct.sign_in().json()["challenge"]
    assert asked == {
        "name": name,
        "destination": "g***@e***" if name == "EMAIL_OTP" else "+*******0123",
    }
    assert direct.challenge(name, code=direct.pool.last_code(name)).status == 200


def test_one_of_several_factors_is_chosen(direct: Direct) -> None:
    direct.with_totp()
    direct.grace.factors.add("EMAIL_OTP")
    asked = direct.sign_in().json()["challenge"]
    assert asked == {"name": "SELECT_MFA_TYPE", "choices": ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]}
    assert direct.challenge("SELECT_MFA_TYPE", choice="SMS_MFA").status == 400
    chosen = direct.challenge("SELECT_MFA_TYPE", choice="EMAIL_OTP")
    assert chosen.json()["challenge"]["name"] == "EMAIL_OTP"
    assert direct.challenge("EMAIL_OTP", code=direct.pool.last_code("EMAIL_OTP")).status == 200


@pytest.mark.parametrize("name", ["EMAIL_OTP", "EMAIL_MFA"])
def test_a_choice_is_answered_by_the_name_that_cognito_offered(direct: Direct, name: str) -> None:
    """AWS's pages use two names for a mailed code. Our page uses one name for both."""
    direct.with_totp()
    direct.grace.factors.add("EMAIL_OTP")
    direct.pool.offered_as = {"EMAIL_OTP": name}
    asked = direct.sign_in().json()["challenge"]
    assert asked == {"name": "SELECT_MFA_TYPE", "choices": ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]}
    assert direct.challenge("SELECT_MFA_TYPE", choice="EMAIL_MFA").status == 400
    assert direct.challenge("SELECT_MFA_TYPE", choice="EMAIL_OTP").status == 200
    assert direct.pool.calls[-1][1]["ChallengeResponses"]["ANSWER"] == name
    assert direct.challenge("EMAIL_OTP", code=direct.pool.last_code("EMAIL_OTP")).status == 200


@pytest.mark.security("S-45")
def test_a_wrong_code_leaves_the_challenge_standing(direct: Direct) -> None:
    direct.with_totp()
    direct.sign_in()
    for code in ("000000", "12345", "abcdef", "１２３４５６"):
        wrong = direct.challenge("SOFTWARE_TOKEN_MFA", code=code)
        assert (wrong.status, wrong.json()["error"]) == (401, "invalid_code")
        assert wrong.set_cookies == []
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


@pytest.mark.security("S-45")
def test_wrong_codes_are_throttled_over_all_sign_ins(direct: Direct) -> None:
    """Somebody who starts a new sign-in gets no additional guesses at the second factor."""
    direct.with_totp()
    for _ in range(5):
        direct.sign_in()
        assert direct.challenge("SOFTWARE_TOKEN_MFA", code="000000").status == 401
        direct.world.clock.advance(1)
        direct.world.dynamodb.delete(*sign_in_counter(direct))
    direct.sign_in()
    asked = direct.pool.called("admin_respond_to_auth_challenge")
    refused = direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())
    assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
    assert "retry-after" in refused.headers
    assert direct.pool.called("admin_respond_to_auth_challenge") == asked
    direct.world.clock.advance(15)
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


def sign_in_counter(direct: Direct) -> tuple[str, str]:
    table = direct.world.settings.throttle_table
    (key,) = [k for k in direct.world.dynamodb.items(table) if k.startswith("sign-in/account/")]
    return table, key


@pytest.mark.security("S-45")
def test_a_password_without_its_code_forgets_nothing(direct: Direct) -> None:
    """A second factor by mail or SMS costs money. For this reason, the throttle also counts a sign-in that stops before
    the code."""
    direct.grace.factors = {"SMS_MFA"}
    assert [direct.sign_in().status for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.security("S-44")
def test_strangers_cannot_use_up_the_second_steps_budget(direct: Direct) -> None:
    """A stranger enters wrong mailed codes for a person's address. This causes a pause for mailed codes only. The
    person can still answer a challenge."""
    direct.with_totp()
    for _ in range(6):
        last = direct.post(
            "direct/reset-password", email=EMAIL, code="000000", password="a good password"
        )
    assert last.status == 429
    direct.sign_in()
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


@pytest.mark.security("S-45")
def test_the_challenge_belongs_to_one_browser(direct: Direct) -> None:
    direct.with_totp()
    direct.sign_in()
    other = direct.world.browser()
    answer = direct.challenge("SOFTWARE_TOKEN_MFA", other, code=direct.totp())
    assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert CLEARED in answer.set_cookies
    assert direct.pool.called("admin_respond_to_auth_challenge") == 0


@pytest.mark.security("S-45")
@pytest.mark.parametrize("value", ["", "k1.AAAA", "session cookie", "enrolment cookie", "tampered"])
def test_a_foreign_cookie_is_no_challenge(direct: Direct, value: str) -> None:
    """The server refuses a cookie that was sealed for another purpose."""
    direct.sign_in()
    session = direct.browser.cookies[SESSION_COOKIE].value
    direct.post("mfa/setup", password=PASSWORD)
    enrolment = direct.browser.cookies[CHALLENGE_COOKIE].value
    direct.with_totp()
    direct.sign_in()
    cookie = direct.browser.cookies[CHALLENGE_COOKIE]
    tampered = cookie.value[:-2] + ("AA" if cookie.value[-2:] != "AA" else "BB")
    known = {"session cookie": session, "enrolment cookie": enrolment, "tampered": tampered}
    cookie.value = known.get(value, value)
    answer = direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())
    assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert direct.pool.called("admin_respond_to_auth_challenge") == 0


@pytest.mark.security("S-45")
def test_a_challenge_ends_after_fifteen_minutes(direct: Direct) -> None:
    """The server itself checks the time, in case a browser ignores Max-Age."""
    direct.with_totp()
    direct.sign_in()
    direct.browser.cookies[CHALLENGE_COOKIE].expires_at = None
    direct.world.clock.advance(900)
    assert (
        direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).json()["error"]
        == "challenge_expired"
    )
    assert direct.pool.called("admin_respond_to_auth_challenge") == 0


@pytest.mark.security("S-45")
def test_a_session_that_cognito_dropped_ends_the_challenge(direct: Direct) -> None:
    direct.with_totp()
    direct.sign_in()
    direct.pool.forget_sessions()
    answer = direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())
    assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert CHALLENGE_COOKIE not in direct.browser.cookies


@pytest.mark.security("S-45")
def test_a_used_session_serves_no_second_time(direct: Direct) -> None:
    """The browser sends the cookie of a finished challenge. Cognito refuses the Session in the cookie."""
    direct.with_totp()
    direct.sign_in()
    kept = direct.browser.cookies[CHALLENGE_COOKIE]
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200
    direct.browser.cookies[CHALLENGE_COOKIE] = kept
    direct.world.clock.advance(60)
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 401


@pytest.mark.security("S-45")
@pytest.mark.parametrize(
    "name",
    ["NEW_PASSWORD_REQUIRED", "SMS_MFA", "SELECT_MFA_TYPE", "MFA_SETUP", "DEVICE_SRP_AUTH", "x"],
)
def test_an_answer_to_another_challenge_goes_nowhere(direct: Direct, name: str) -> None:
    direct.with_totp()
    direct.sign_in()
    answer = direct.challenge(name, code=direct.totp(), password=NEW_PASSWORD, choice="SMS_MFA")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert direct.pool.called("admin_respond_to_auth_challenge") == 0
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


UNSUPPORTED: list[tuple[str, dict[str, str]]] = [
    ("CUSTOM_CHALLENGE", {}),
    ("DEVICE_SRP_AUTH", {}),
    ("PASSWORD_VERIFIER", {}),
    ("WEB_AUTHN", {}),
    ("SELECT_MFA_TYPE", {"MFAS_CAN_CHOOSE": '["WEB_AUTHN"]'}),
    ("SELECT_MFA_TYPE", {"MFAS_CAN_CHOOSE": "not JSON"}),
    ("MFA_SETUP", {"MFAS_CAN_SETUP": '["SMS_MFA"]'}),
    ("MFA_SETUP", {}),
    ("NEW_PASSWORD_REQUIRED", {"requiredAttributes": '["userAttributes.phone_number"]'}),
]


@pytest.mark.security("S-45")
@pytest.mark.parametrize(("name", "parameters"), UNSUPPORTED)
def test_an_unknown_challenge_fails_closed(
    direct: Direct, name: str, parameters: dict[str, str]
) -> None:
    """The response sets no session cookie and no challenge cookie. It contains a link to managed login, where the
    person can answer the challenge."""
    direct.pool.next_challenge = (name, parameters)
    answer = direct.sign_in()
    assert (answer.status, answer.json()["error"]) == (401, "unsupported_challenge")
    assert answer.json()["login_url"] == "/api/auth/login?provider=COGNITO"
    assert direct.browser.cookies == {}
    assert direct.browser.get(answer.json()["login_url"].removeprefix("/api")).status == 302


@pytest.mark.parametrize(
    "fault",
    [connect_timeout(), refusal("TooManyRequestsException", "AdminRespondToAuthChallenge")],
    ids=["timeout", "throttled"],
)
def test_an_outage_keeps_the_challenge_and_the_attempt(direct: Direct, fault: Exception) -> None:
    direct.with_totp()
    direct.sign_in()
    for _ in range(7):
        direct.pool.fail("admin_respond_to_auth_challenge", fault)
        assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 503
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


@pytest.mark.security("S-45")
def test_the_pools_own_name_answers_not_the_address(direct: Direct) -> None:
    """In a challenge, SECRET_HASH and USERNAME must use the user name. An alias, such as the address, is refused (AWS:
    computing secret hash values)."""
    direct.with_totp()
    direct.sign_in(EMAIL.upper())
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200
    sent: dict[str, Any] = direct.pool.calls[-1][1]["ChallengeResponses"]
    assert sent["USERNAME"] == direct.grace.sub


@pytest.mark.security("S-47")
def test_a_challenged_sign_in_ends_the_session_before_it(direct: Direct) -> None:
    direct.sign_in()
    (old,) = direct.world.cognito.refresh_tokens()
    direct.with_totp()
    direct.sign_in()
    assert not direct.world.cognito.is_revoked(old)
    direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())
    assert direct.world.cognito.is_revoked(old)


@pytest.mark.security("S-31")
def test_a_session_string_of_any_real_length_fits_the_cookie(direct: Direct) -> None:
    """The double's Session strings have 1.2 kB. The cookie must still be shorter than 4,096 bytes."""
    direct.with_totp()
    (cookie,) = direct.sign_in().set_cookies
    assert len(cookie) < 2200
    assert direct.sign_in("someone@example.org", WRONG).status == 401
    direct.pool.add(PoolUser("someone@example.org", WRONG))
    assert direct.sign_in("someone@example.org", WRONG).status == 200


@pytest.mark.security("S-31")
def test_the_longest_session_string_lies_in_two_cookies(direct: Direct) -> None:
    """AWS's model allows Session strings of 4,096 characters. A string of this length needs two cookies, and shorter
    strings need one."""
    direct.with_totp()
    direct.grace.status = "FORCE_CHANGE_PASSWORD"
    direct.pool.session_length = 4096
    assert direct.sign_in().status == 200
    assert set(direct.browser.cookies) == {CHALLENGE_COOKIE, SECOND_COOKIE}
    assert direct.browser.rejected == []
    direct.pool.session_length = None
    asked = direct.challenge("NEW_PASSWORD_REQUIRED", password=NEW_PASSWORD)
    assert asked.json() == {"challenge": {"name": "SOFTWARE_TOKEN_MFA"}}
    direct.pool.session_length = 4096
    assert direct.sign_in(password=NEW_PASSWORD).status == 200
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200
    assert set(direct.browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}


@pytest.mark.security("S-45")
@pytest.mark.parametrize("broken", ["missing", "of another sign-in", "left over"])
def test_half_of_a_long_challenge_is_none(direct: Direct, broken: str) -> None:
    """If a challenge needs two cookies, both must come from the same response. The server ignores a second cookie that
    an earlier challenge has left."""
    direct.with_totp()
    direct.pool.session_length = 4096
    direct.sign_in()
    second = direct.browser.cookies[SECOND_COOKIE]
    if broken == "left over":
        direct.pool.session_length = None
    direct.sign_in()
    if broken == "missing":
        del direct.browser.cookies[SECOND_COOKIE]
    else:
        direct.browser.cookies[SECOND_COOKIE] = second
    answer = direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp())
    assert answer.status == (200 if broken == "left over" else 401)


@pytest.mark.security("S-31")
def test_all_cookies_of_a_long_challenge_pass_api_gateway(direct: Direct) -> None:
    """The test uses the longest session, the longest challenge, a device cookie and sign-ins in progress. API Gateway
    allows 10,240 bytes, and 1,100 of them remain free."""
    direct.world.cognito.refresh_token_length = 2720
    assert direct.sign_in(remember=True).status == 200
    for _ in range(4):
        direct.browser.get(f"/auth/login?provider=Okta&return_to=/{'x' * 500}")
    direct.with_totp()
    direct.pool.session_length = 4096
    assert direct.sign_in().status == 200
    names = set(direct.browser.cookies)
    assert {SESSION_COOKIE, DEVICE_COOKIE, CHALLENGE_COOKIE, SECOND_COOKIE} <= names
    assert direct.browser.rejected == []
    assert cookie_header_length(direct) <= 10_240 - 1_100
    direct.browser.get("/auth/login?provider=Okta")
    assert not {CHALLENGE_COOKIE, SECOND_COOKIE} & set(direct.browser.cookies)


def cookie_header_length(direct: Direct) -> int:
    cookies = direct.browser.cookies
    return sum(len(name) + len(cookie.value) + 3 for name, cookie in cookies.items())
