"""Tests of recovery codes. A person creates the recovery codes with the password and a code of the authenticator app. A
recovery code replaces a code of the authenticator app (S-105 … S-108)."""

import json
import re
from typing import Any

import pytest

from chalicelib.gatehouse.store.recovery_codes import RecoveryCodeStore
from chalicelib.gatehouse.store.users import UserStore
from tests.component.direct import (
    CHALLENGE_COOKIE,
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    WRONG,
    Direct,
    outline,
)
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.pool_users import PoolUser

LATER = 30  # seconds; after this time, the app's next code is valid


def make(direct: Direct) -> list[str]:
    """Sign in to an account with an authenticator app, and create recovery codes."""
    direct.sign_in()
    if not direct.grace.factors:
        direct.with_totp()
    direct.world.clock.advance(LATER)
    answer = direct.post("mfa/recovery-codes", password=PASSWORD, code=direct.totp())
    assert answer.status == 200
    codes: list[str] = answer.json()["recovery_codes"]
    return codes


def lose_the_phone(direct: Direct, email: str = EMAIL) -> Any:
    """Sign in to the password step in another browser. Return the browser, which must now send a code of the
    authenticator app."""
    browser = direct.world.browser()
    assert (
        direct.sign_in(email, browser=browser).json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"
    )
    return browser


def use(direct: Direct, browser: Any, code: str) -> Any:
    return direct.post("direct/recovery-code", browser, code=code)


def column(direct: Direct) -> str:
    return str(direct.world.users()[direct.grace.username].get("recoveryCodes", ""))


def test_a_code_switches_the_app_off_and_the_password_signs_in(direct: Direct) -> None:
    codes = make(direct)
    assert len(set(codes)) == 10
    browser = lose_the_phone(direct)
    # the spelling that a person might type
    answer = use(direct, browser, f" {codes[3].lower().replace('-', ' ')} ")
    assert (answer.status, answer.json()) == (200, {"mfa": False})
    assert CHALLENGE_COOKIE not in browser.cookies
    assert SESSION_COOKIE not in browser.cookies
    assert "access_token" in direct.sign_in(browser=browser).json()


def test_the_profile_says_how_many_are_left(direct: Direct) -> None:
    make(direct)
    spent = RecoveryCodeStore(direct.world.dynamodb, direct.world.settings.users_table)
    claims = {"sub": direct.grace.sub, "username": direct.grace.username}
    claims |= {
        "scope": "api/read",
        "token_use": "access",
        "client_id": direct.world.settings.client_id,
    }

    def state() -> Any:
        return direct.browser.get("/me/second-factor", claims=claims).json()["recovery_codes"]

    assert state() == {"left": 10, "used_at": None}
    (code, *_) = make(direct)
    assert spent.spend(direct.grace.username, code.replace("-", ""), "2026-01-01T00:00:00.000Z")
    assert state() == {"left": 9, "used_at": "2026-01-01T00:00:00.000Z"}


@pytest.mark.security("S-105")
def test_a_code_alone_opens_nothing(direct: Direct) -> None:
    """The browser that sends the code has no challenge, or has a challenge of another type."""
    (code, *_) = make(direct)
    stranger = direct.world.browser()
    assert use(direct, stranger, code).json()["error"] == "challenge_expired"
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}
    direct.grace.status = "FORCE_CHANGE_PASSWORD"
    invited = direct.world.browser()
    assert direct.sign_in(browser=invited).json()["challenge"]["name"] == "NEW_PASSWORD_REQUIRED"
    assert use(direct, invited, code).json()["error"] == "invalid_request"
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}


@pytest.mark.security("S-105")
def test_a_code_of_somebody_else_opens_nothing(direct: Direct) -> None:
    (code, *_) = make(direct)
    other = PoolUser("other@example.org", PASSWORD)
    direct.pool.add(other)
    assert "access_token" in direct.sign_in(other.email, browser=direct.world.browser()).json()
    other.totp_secret = direct.grace.totp_secret
    other.factors.add("SOFTWARE_TOKEN_MFA")
    browser = lose_the_phone(direct, other.email)
    assert use(direct, browser, code).json()["error"] == "invalid_code"
    assert other.factors == {"SOFTWARE_TOKEN_MFA"}


@pytest.mark.security("S-105")
def test_wrong_used_and_no_codes_look_alike(direct: Direct) -> None:
    """An account without recovery codes causes the same response as a wrong code. After such a response, the person can
    still finish the sign-in with a code of the authenticator app."""
    direct.sign_in()
    direct.with_totp()
    browser = lose_the_phone(direct)
    none = outline(use(direct, browser, "0000-0000-0000-0000"))
    (code, *_) = make(direct)
    browser = lose_the_phone(direct)
    wrong = outline(use(direct, browser, "0000-0000-0000-0000"))
    assert use(direct, browser, code).status == 200
    direct.grace.factors.add("SOFTWARE_TOKEN_MFA")
    browser = lose_the_phone(direct)
    used = outline(use(direct, browser, code))
    assert none == wrong == used
    assert none[:2] == (401, none[1])
    direct.world.clock.advance(LATER)
    assert direct.challenge("SOFTWARE_TOKEN_MFA", browser, code=direct.totp()).status == 200


@pytest.mark.security("S-105")
def test_a_sign_in_from_before_the_sessions_were_ended_gets_nothing(direct: Direct) -> None:
    (code, *_) = make(direct)
    browser = lose_the_phone(direct)
    direct.world.clock.advance(1)
    table = direct.world.settings.users_table
    users = UserStore(direct.world.dynamodb, table, direct.world.clock)
    assert users.record_signed_out(direct.grace.username)
    assert use(direct, browser, code).json()["error"] == "challenge_expired"
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}


@pytest.mark.security("S-106")
def test_a_code_serves_once_in_all_containers(direct: Direct) -> None:
    (code, *_) = make(direct)
    assert use(direct, lose_the_phone(direct), code).status == 200
    direct.grace.factors.add("SOFTWARE_TOKEN_MFA")
    direct.restart()
    assert use(direct, lose_the_phone(direct), code).status == 401


@pytest.mark.security("S-106")
def test_of_two_containers_one_gets_the_code(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second container reads the row before the first container writes to the row. Only the first container accepts
    the code."""
    (code, *_) = make(direct)
    plain, name = code.replace("-", ""), direct.grace.username
    store = RecoveryCodeStore(direct.world.dynamodb, direct.world.settings.users_table)
    rival = RecoveryCodeStore(direct.world.dynamodb, direct.world.settings.users_table)
    read, first = store._read, []

    def slow(user_name: str) -> str:
        text = read(user_name)
        if not first:
            first.append(rival.spend(user_name, plain, "now"))
        return text

    monkeypatch.setattr(store, "_read", slow)
    assert store.spend(name, plain, "now") is None
    assert first[0] is not None


def test_a_write_whose_answer_was_lost_counts_as_ones_own(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client repeats the write, because the response was lost. The condition of the second write fails, because the
    first write has already changed the row."""
    (code, *_) = make(direct)
    store = RecoveryCodeStore(direct.world.dynamodb, direct.world.settings.users_table)
    write = store._write

    def twice(user_name: str, text: str, seen: str | None) -> bool:
        write(user_name, text, seen)
        return write(user_name, text, seen)

    monkeypatch.setattr(store, "_write", twice)
    spent = store.spend(direct.grace.username, code.replace("-", ""), "now")
    assert spent is not None
    assert spent.left == 9


@pytest.mark.security("S-106")
def test_a_step_that_was_answered_takes_no_second_code(direct: Direct) -> None:
    """Somebody copied the challenge's cookie before the person finished the step, and sends the copy with another
    code."""
    first, second, *_ = make(direct)
    browser = lose_the_phone(direct)
    kept = browser.cookies[CHALLENGE_COOKIE]
    assert use(direct, browser, first).status == 200
    direct.grace.factors.add("SOFTWARE_TOKEN_MFA")
    browser.cookies[CHALLENGE_COOKIE] = kept
    assert use(direct, browser, second).json()["error"] == "challenge_expired"
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}


@pytest.mark.security("S-106")
def test_an_outage_gives_the_code_back(direct: Direct) -> None:
    (code, *_) = make(direct)
    browser = lose_the_phone(direct)
    direct.pool.fail("admin_set_user_mfa_preference", connect_timeout())
    assert use(direct, browser, code).status == 503
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}
    assert use(direct, browser, code).status == 200


@pytest.mark.security("S-106")
def test_new_codes_replace_the_earlier_ones(direct: Direct) -> None:
    (code, *_) = make(direct)
    (fresh, *_) = make(direct)
    browser = lose_the_phone(direct)
    assert use(direct, browser, code).status == 401
    assert use(direct, browser, fresh).status == 200


@pytest.mark.security("S-106")
def test_codes_go_with_the_app(direct: Direct) -> None:
    (code, *_) = make(direct)
    direct.world.clock.advance(LATER)
    assert direct.post("mfa/disable", password=PASSWORD, code=direct.totp()).status == 200
    assert column(direct) == ""
    direct.with_totp()
    assert use(direct, lose_the_phone(direct), code).status == 401


@pytest.mark.security("S-105")
def test_making_them_takes_password_and_app(direct: Direct) -> None:
    direct.sign_in()
    path = "mfa/recovery-codes"
    off = direct.post(path, password=PASSWORD, code="123456")
    assert (off.status, off.json()["error"]) == (409, "mfa_not_on")
    direct.with_totp()
    assert direct.post(path, password=WRONG, code=direct.totp()).status == 401
    assert direct.post(path, password=PASSWORD, code="000000").json()["error"] == "invalid_code"
    assert column(direct) == ""
    assert direct.post(path, direct.world.browser(), password=PASSWORD, code="1").status == 401
    assert all(grant.revoked for grant in direct.pool.grants.values())


@pytest.mark.security("S-105")
def test_people_of_a_provider_have_none(direct: Direct) -> None:
    direct.world.sign_in(direct.browser)
    answer = direct.post("mfa/recovery-codes", password=PASSWORD, code="123456")
    assert (answer.status, answer.json()["error"]) == (409, "managed_by_provider")


@pytest.mark.security("S-107")
def test_the_table_and_the_log_hold_no_code(
    direct: Direct, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = make(direct)
    use(direct, lose_the_phone(direct), codes[0])
    seen = json.dumps(direct.world.users()) + capsys.readouterr().out
    for code in codes:
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code)
        assert code not in seen
        assert code.replace("-", "") not in seen
    kept = json.loads(column(direct))
    assert len(kept["digests"]) == 9
    assert len(kept["key"]) == 64
    claims = {"sub": direct.grace.sub, "username": direct.grace.username, "scope": "api/read"}
    claims |= {"token_use": "access", "client_id": direct.world.settings.client_id}
    assert kept["digests"][0] not in direct.browser.get("/me", claims=claims).body


@pytest.mark.security("S-108")
def test_guesses_share_the_second_steps_allowance(direct: Direct) -> None:
    """Codes of the authenticator app and recovery codes count together. After five guesses in all, the person must wait
    before the next guess, even if the next guess is right."""
    (code, *_) = make(direct)
    browser = lose_the_phone(direct)
    for _ in range(3):
        assert use(direct, browser, "0000-0000-0000-0000").status == 401
    for _ in range(2):
        assert direct.challenge("SOFTWARE_TOKEN_MFA", browser, code="000000").status == 401
    assert use(direct, browser, code).status == 429
    assert direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}
    # A stranger without the password cannot use up the person's guesses. Input in another format does not count as a
    # guess.
    direct.world.clock.advance(3600)
    for _ in range(7):
        assert use(direct, browser if browser.cookies else direct.browser, "hello").status == 401
