"""Tests that each code of an authenticator app works once, and that nobody can repeat a step of a sign-in that is
finished (S-74).

The strict pool refuses repeated codes and steps itself. In these tests the pool accepts them, as the local AWS does. So
if a repetition is refused, our own code has refused it.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.user_pool_api import Visitor
from chalicelib.gatehouse.errors import GatehouseError, TemporarilyUnavailable
from chalicelib.gatehouse.flows.direct_sign_in import ChallengeAnswer, DirectlySignedIn
from chalicelib.gatehouse.flows.new_session import NewSessions
from tests.component.direct import (
    CHALLENGE_COOKIE,
    PASSWORD,
    SESSION_COOKIE,
    Direct,
)
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Answer, Browser
from tests.doubles.pool_users import STEP_SECONDS, PoolUser, totp
from tests.doubles.user_pool_core import refusal

APP = "SOFTWARE_TOKEN_MFA"


class KeptSessions(dict[str, Any]):
    """Cognito's Session strings. In these tests, each string can be used repeatedly."""

    def pop(self, key: str, *default: Any) -> Any:
        return self[key]

    def __delitem__(self, key: str) -> None:
        pass


def check_totp(self: PoolUser, code: str, now: float, secret: str | None = None) -> bool:
    """Accept codes of the previous, the current and the next half minute, and accept them repeatedly."""
    step = int(now) // STEP_SECONDS
    secret = secret or self.totp_secret or ""
    return any(totp(secret, step + near) == code for near in (-1, 0, 1))


@pytest.fixture
def lenient(direct: Direct, monkeypatch: pytest.MonkeyPatch) -> Direct:
    """A pool that accepts the same code or Session repeatedly. Grace has an authenticator app."""
    monkeypatch.setattr(direct.pool, "_sessions", KeptSessions())
    monkeypatch.setattr(PoolUser, "check_totp", check_totp)
    direct.with_totp()
    return direct


def challenged(direct: Direct, browser: Browser | None = None) -> Browser:
    """A browser in which Grace has entered the right password."""
    browser = browser or direct.world.browser()
    assert direct.sign_in(browser=browser).json() == {"challenge": {"name": APP}}
    return browser


def answer(direct: Direct, browser: Browser, code: str) -> Answer:
    return direct.challenge(APP, browser, code=code)


def outcome(given: Answer) -> tuple[int, str]:
    return given.status, given.json().get("error", "")


@pytest.mark.security("S-74")
def test_a_finished_challenge_gives_no_second_session(lenient: Direct) -> None:
    """After the challenge is finished, another browser sends the same cookie, first with the same code and then with
    the next code."""
    browser = challenged(lenient)
    kept = browser.cookies[CHALLENGE_COOKIE]
    code = lenient.totp()
    assert answer(lenient, browser, code).status == 200
    thief = lenient.world.browser()
    for seconds in (0, 30, 330):
        lenient.world.clock.advance(seconds)
        thief.cookies[CHALLENGE_COOKIE] = kept
        used = lenient.totp() if seconds else code
        assert outcome(answer(lenient, thief, used)) == (401, "challenge_expired")
    assert SESSION_COOKIE not in thief.cookies
    assert lenient.pool.called("admin_respond_to_auth_challenge") == 1


@pytest.mark.security("S-74")
@pytest.mark.parametrize("factor", ["EMAIL_OTP", "SMS_MFA"])
def test_nor_does_one_with_a_sent_code(
    lenient: Direct, factor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool would accept a mailed code or an SMS code a second time, but our server refuses it."""
    monkeypatch.setattr(PoolUser, "check_code", lambda *_: None)
    lenient.grace.factors = {factor}
    browser = lenient.world.browser()
    assert lenient.sign_in(browser=browser).json()["challenge"]["name"] == factor
    kept = browser.cookies[CHALLENGE_COOKIE]
    code = lenient.pool.last_code(factor)
    assert lenient.challenge(factor, browser, code=code).status == 200
    thief = lenient.world.browser()
    thief.cookies[CHALLENGE_COOKIE] = kept
    again = lenient.challenge(factor, thief, code=code)
    assert outcome(again) == (401, "challenge_expired")


@pytest.mark.security("S-74")
def test_a_new_password_is_chosen_once(lenient: Direct) -> None:
    """The person has already chosen a new password, and the last step of the sign-in is still open. The cookie of the
    finished step must not set another password."""
    lenient.grace.status = "FORCE_CHANGE_PASSWORD"
    browser = lenient.world.browser()
    assert lenient.sign_in(browser=browser).json()["challenge"]["name"] == "NEW_PASSWORD_REQUIRED"
    kept = browser.cookies[CHALLENGE_COOKIE]
    chosen = lenient.challenge("NEW_PASSWORD_REQUIRED", browser, password="another horse 34")
    assert chosen.json() == {"challenge": {"name": APP}}
    thief = lenient.world.browser()
    thief.cookies[CHALLENGE_COOKIE] = kept
    again = lenient.challenge("NEW_PASSWORD_REQUIRED", thief, password="the thief's horse 5")
    assert outcome(again) == (401, "challenge_expired")
    assert lenient.grace.password == "another horse 34"


@pytest.mark.security("S-74")
def test_a_code_of_the_app_serves_one_sign_in(lenient: Direct) -> None:
    """A thief who watched the person type has the password and the code. Cognito would accept the code again, but our
    server refuses its second use.

    The challenge stays open, so an honest second browser can use the next code.
    """
    code = lenient.totp()
    assert answer(lenient, challenged(lenient), code).status == 200
    other = challenged(lenient)
    for _ in range(2):
        assert outcome(answer(lenient, other, code)) == (401, "invalid_code")
        lenient.world.clock.advance(STEP_SECONDS)
    assert outcome(answer(lenient, other, f"{code[:3]}-{code[3:]}")) == (401, "invalid_code")
    assert answer(lenient, other, lenient.totp()).status == 200


@pytest.mark.security("S-74")
def test_a_code_serves_either_the_sign_in_or_the_settings(lenient: Direct) -> None:
    """A code that was used at a sign-in cannot turn the authenticator app off. A code that turned the app off cannot be
    used at a sign-in."""
    browser = challenged(lenient)
    code = lenient.totp()
    assert answer(lenient, browser, code).status == 200
    off = lenient.post("mfa/disable", browser, password=PASSWORD, code=code)
    assert outcome(off) == (400, "invalid_code")
    assert lenient.grace.factors == {APP}
    lenient.world.clock.advance(STEP_SECONDS)
    code = lenient.totp()
    assert lenient.post("mfa/disable", browser, password=PASSWORD, code=code).status == 200
    lenient.grace.factors.add(APP)
    assert outcome(answer(lenient, challenged(lenient), code)) == (401, "invalid_code")


@pytest.mark.security("S-74")
def test_the_code_that_set_an_app_up_serves_no_sign_in(lenient: Direct) -> None:
    """The person sets up the authenticator app in the settings. If the pool requires an app, the person sets it up at a
    sign-in. Each set-up can be completed once."""
    lenient.grace.factors = set()
    browser = lenient.browser
    lenient.sign_in()
    secret = lenient.post("mfa/setup", password=PASSWORD).json()["secret"]
    enrolment = browser.cookies[CHALLENGE_COOKIE]
    code = lenient.totp(secret)
    assert lenient.post("mfa/verify", code=code).status == 200
    assert outcome(answer(lenient, challenged(lenient), code)) == (401, "invalid_code")
    lenient.world.clock.advance(STEP_SECONDS)
    browser.cookies[CHALLENGE_COOKIE] = enrolment
    again = lenient.post("mfa/verify", code=lenient.totp(secret))
    assert outcome(again) == (401, "challenge_expired")

    lenient.pool.mfa_required, lenient.grace.factors = True, set()
    newcomer = lenient.world.browser()
    secret = lenient.sign_in(browser=newcomer).json()["challenge"]["secret"]
    code = lenient.totp(secret)
    assert lenient.challenge("MFA_SETUP", newcomer, code=code).status == 200
    assert outcome(answer(lenient, challenged(lenient), code)) == (401, "invalid_code")


@pytest.mark.security("S-74")
def test_what_fails_bars_nothing(lenient: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    """After wrong codes, the right code still works with the same challenge. It also works after an outage, before or
    after Cognito's response."""

    def out_of_order(*_: Any, **__: Any) -> Any:
        raise TemporarilyUnavailable("the table is away")

    browser = challenged(lenient)
    for code in ("000000", "000000", "000001"):
        assert outcome(answer(lenient, browser, code)) == (401, "invalid_code")
    for fault in (connect_timeout(), refusal("TooManyRequestsException", "x")):
        lenient.pool.fail("admin_respond_to_auth_challenge", fault)
        assert answer(lenient, browser, lenient.totp()).status == 503
    with monkeypatch.context() as broken:  # Cognito has responded, and then our server fails.
        broken.setattr(NewSessions, "start", out_of_order)
        assert answer(lenient, browser, lenient.totp()).status == 503
    assert answer(lenient, browser, lenient.totp()).status == 200


@pytest.mark.security("S-74")
def test_two_people_may_have_the_same_code(lenient: Direct) -> None:
    """A code belongs to one person. If another person's app shows the same six digits, the other person can still use
    them."""
    other = lenient.pool.add(PoolUser("other@example.org", PASSWORD))
    other.totp_secret, other.factors = lenient.grace.totp_secret, {APP}
    browser = lenient.world.browser()
    lenient.sign_in("other@example.org", browser=browser)
    code = lenient.totp()
    assert answer(lenient, challenged(lenient), code).status == 200
    assert answer(lenient, browser, code).status == 200


@pytest.mark.security("S-74")
@pytest.mark.security("S-41")
@pytest.mark.parametrize("kind", ["step", "totp"])
def test_without_its_mark_nothing_serves(
    lenient: Direct, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the table is unavailable, the response is 503, and the server does not call Cognito. When the table works
    again, the same code is accepted."""
    browser = challenged(lenient)
    update = lenient.world.dynamodb.update_item
    down = True

    def without_marks(**arguments: Any) -> Any:
        if down and arguments["Key"].get("key", {}).get("S", "").startswith(f"{kind}/"):
            raise connect_timeout()
        return update(**arguments)

    monkeypatch.setattr(lenient.world.dynamodb, "update_item", without_marks)
    for _ in range(7):
        assert answer(lenient, browser, lenient.totp()).status == 503
    assert lenient.pool.called("admin_respond_to_auth_challenge") == 0
    down = False
    assert answer(lenient, browser, lenient.totp()).status == 200


@pytest.mark.parametrize("kind", ["step", "totp"])
def test_a_mark_whose_answer_was_lost_is_no_dead_end(
    lenient: Direct, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table stored the mark of the used code or step, but its response was lost. The server removes the mark, so
    the same code still works."""
    browser = challenged(lenient)
    update = lenient.world.dynamodb.update_item
    lost = [kind]

    def answer_lost(**arguments: Any) -> Any:
        done = update(**arguments)
        if lost and arguments["Key"].get("key", {}).get("S", "").startswith(f"{lost[0]}/"):
            lost.clear()
            raise connect_timeout()
        return done

    monkeypatch.setattr(lenient.world.dynamodb, "update_item", answer_lost)
    assert answer(lenient, browser, lenient.totp()).status == 503
    assert answer(lenient, browser, lenient.totp()).status == 200


@pytest.mark.security("S-74")
@pytest.mark.security("S-61")
def test_the_marks_hold_neither_code_nor_session_and_end(lenient: Direct) -> None:
    """The marks of used codes and steps are HMACs and have an expiry time. Our code checks this time itself, because
    DynamoDB's TTL may delete marks much later."""
    browser = challenged(lenient)
    (session,) = lenient.pool._sessions
    code = lenient.totp()
    assert answer(lenient, browser, code).status == 200
    rows = lenient.world.dynamodb.items(lenient.world.settings.throttle_table)
    marks = {key: row for key, row in rows.items() if "/used/" in key}
    assert sorted(key.partition("/")[0] for key in marks) == ["step", "totp"]
    assert session not in repr(rows)
    assert lenient.grace.sub not in repr(rows)
    now = lenient.world.clock()
    for key, row in marks.items():
        assert row.keys() == {"key", "expiresAt", "holder"}
        assert code not in key.rpartition("/")[2][:6]
        assert now + 90 <= float(row["expiresAt"]["N"]) <= now + 3600
    marks_again = gate.services._attempts._marks
    value = f"{lenient.grace.username}\0{code}"
    assert marks_again.set("totp", value, 300) is None
    marks_again.take_off("totp", value, "somebody else")
    assert marks_again.set("totp", value, 300) is None
    lenient.world.clock.advance(300)
    assert marks_again.set("totp", value, 300)


@pytest.mark.security("S-74")
@pytest.mark.parametrize("same", ["step", "code"])
def test_of_many_at_once_over_two_containers_one_gets_a_session(
    lenient: Direct, same: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many requests arrive at the same moment. They have the same cookie and code, or they use the same code for
    different challenges."""
    crowd = 4  # below the challenge's own limit, so that only the mark of a used code or step refuses requests
    browsers = [challenged(lenient) for _ in range(crowd)]
    cookies = [browser.cookies[CHALLENGE_COOKIE].value for browser in browsers]
    if same == "step":
        cookies = cookies[:1] * crowd
    lock, everybody = threading.Lock(), threading.Barrier(crowd)
    update = lenient.world.dynamodb.update_item
    seen = threading.local()

    def one_by_one(**arguments: Any) -> Any:
        if "/used/" in str(arguments["Key"]) and not hasattr(seen, "once"):
            seen.once = True
            everybody.wait(10)
        with lock:
            return update(**arguments)

    monkeypatch.setattr(lenient.world.dynamodb, "update_item", one_by_one)
    containers = [gate.services]
    lenient.restart()
    containers.append(gate.services)
    for container in containers:
        container.tokens.load_keys()
    code = lenient.totp()

    def replay(number: int) -> str:
        try:
            result = containers[number % 2].direct_sign_in.answer(
                ChallengeAnswer(APP, code=code),
                cookie=cookies[number],
                visitor=Visitor(f"198.51.100.{number}", "app.example.org", "/api"),
                cookies={},
            )
        except GatehouseError as error:
            return error.code
        assert isinstance(result, DirectlySignedIn)
        return "session"

    with ThreadPoolExecutor(crowd) as pool:
        outcomes = sorted(pool.map(replay, range(crowd)))
    refused = "challenge_expired" if same == "step" else "invalid_code"
    assert outcomes == [refused] * (crowd - 1) + ["session"]
    assert lenient.pool.called("admin_respond_to_auth_challenge") == 1
