"""Tests of POST /auth/direct/passkey, which requests a challenge, and of the route that receives the device's response
(S-87 … S-90, S-92)."""

import json
from typing import Any

import pytest

from app import gate
from tests.component.direct import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    EMAIL,
    PASSWORD,
    SESSION_COOKIE,
    STRANGER,
    Direct,
    outline,
)
from tests.component.passkeys import DOMAIN, Passkeys
from tests.doubles.authenticator import Authenticator
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.pool_users import PoolUser


@pytest.fixture
def passkeys(direct: Direct) -> Passkeys:
    return Passkeys(direct)


def test_a_passkey_signs_in(passkeys: Passkeys) -> None:
    """The browser is new. It gets the same scopes, session and device cookie as after a sign-in with a password."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    answer = passkeys.sign_in(browser)
    assert answer.status == 200
    assert answer.json()["user"]["email"] == EMAIL
    assert set(answer.json()["scope"].split()) >= {"api/read", "api/write"}
    assert set(browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}
    assert browser.post("/auth/refresh").status == 200


def test_remember_me_travels_with_the_challenge(passkeys: Passkeys) -> None:
    passkeys.set_up()
    for remember, expires in ((False, False), (True, True)):
        browser = passkeys.direct.world.browser()
        options = passkeys.ask(browser=browser, remember=remember).json()["challenge"]["options"]
        passkeys.answer(passkeys.device.get(options), browser)
        assert (browser.cookies[SESSION_COOKIE].expires_at is not None) is expires


def test_a_passkey_ends_the_session_before_it(passkeys: Passkeys) -> None:
    """The earlier session ends, as after a sign-in with a password (S-47)."""
    passkeys.set_up()
    first = passkeys.direct.world.cognito.refresh_tokens()[-1]
    assert passkeys.sign_in().status == 200
    assert passkeys.direct.world.cognito.is_revoked(first)


@pytest.mark.security("S-87")
def test_a_challenge_is_answered_in_its_own_browser(passkeys: Passkeys) -> None:
    """An attacker relays a challenge, or steals a response to it. But the attacker does not have the cookie of the
    browser that requested the challenge."""
    passkeys.set_up()
    victim, thief = passkeys.direct.world.browser(), passkeys.direct.world.browser()
    options = passkeys.ask(browser=victim).json()["challenge"]["options"]
    credential = passkeys.device.get(options)
    stolen = passkeys.answer(credential, thief)
    assert (stolen.status, stolen.json()["error"]) == (401, "challenge_expired")
    passkeys.ask(browser=thief)
    assert passkeys.answer(credential, thief).json()["error"] == "invalid_credentials"
    assert passkeys.answer(credential, victim).status == 200


@pytest.mark.security("S-88")
def test_a_challenge_serves_once(passkeys: Passkeys) -> None:
    """After a successful sign-in, somebody sends the same cookie and response again. Our server starts no session, even
    if Cognito accepts the response again."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    sealed = browser.cookies[CHALLENGE_COOKIE]
    credential = passkeys.device.get(options)
    assert passkeys.answer(credential, browser).status == 200
    called = passkeys.direct.pool.called("admin_respond_to_auth_challenge")
    again = passkeys.direct.world.browser()
    again.cookies[CHALLENGE_COOKIE] = sealed
    assert passkeys.answer(credential, again).json()["error"] == "challenge_expired"
    assert passkeys.direct.pool.called("admin_respond_to_auth_challenge") == called


@pytest.mark.security("S-88")
def test_a_refused_answer_ends_the_challenge(passkeys: Passkeys) -> None:
    """The server clears the cookie of the challenge. With a copy of the cookie, a second attempt fails as well."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    sealed = browser.cookies[CHALLENGE_COOKIE]
    wrong = passkeys.answer(passkeys.device.get(options, verified=False), browser)
    assert (wrong.status, wrong.json()["error"]) == (401, "invalid_credentials")
    assert CHALLENGE_COOKIE not in browser.cookies
    browser.cookies[CHALLENGE_COOKIE] = sealed
    called = passkeys.direct.pool.called("admin_respond_to_auth_challenge")
    assert (
        passkeys.answer(passkeys.device.get(options), browser).json()["error"]
        == "challenge_expired"
    )
    assert passkeys.direct.pool.called("admin_respond_to_auth_challenge") == called


@pytest.mark.security("S-87")
def test_two_tabs_ask_and_the_later_challenge_counts(passkeys: Passkeys) -> None:
    """The tabs share the cookie, so only the later challenge is valid. The server refuses the first tab's response, and
    the challenge is then used up. Each tab can request a new challenge."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    first, second = (passkeys.ask(browser=browser).json()["challenge"]["options"] for _ in range(2))
    early = passkeys.answer(passkeys.device.get(first), browser)
    assert (early.status, early.json()["error"]) == (401, "invalid_credentials")
    late = passkeys.answer(passkeys.device.get(second), browser)
    assert (late.status, late.json()["error"]) == (401, "challenge_expired")
    assert passkeys.sign_in(browser).status == 200


def test_a_passkey_set_up_in_one_tab_confirms_in_the_other(passkeys: Passkeys) -> None:
    """The list of passkeys is open in one tab. The person signs in again in the other tab. This sign-in closes the
    list, but keeps the new passkey."""
    passkeys.open()
    passkeys.add()
    assert passkeys.sign_in().status == 200
    again = passkeys.post("passkeys/setup")
    assert (again.status, again.json()["error"]) == (401, "challenge_expired")
    assert passkeys.direct.browser.post("/auth/refresh").status == 200
    assert len(passkeys.direct.grace.passkeys) == 1


def test_an_outage_leaves_the_challenge(passkeys: Passkeys) -> None:
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    passkeys.direct.pool.fail("admin_respond_to_auth_challenge", connect_timeout())
    credential = passkeys.device.get(options)
    assert passkeys.answer(credential, browser).status == 503
    assert passkeys.answer(credential, browser).status == 200


@pytest.mark.security("S-88")
def test_a_challenge_ends_after_fifteen_minutes(passkeys: Passkeys) -> None:
    passkeys.set_up()
    options = passkeys.ask().json()["challenge"]["options"]
    passkeys.direct.world.clock.advance(15 * 60)
    late = passkeys.answer(passkeys.device.get(options))
    assert (late.status, late.json()["error"]) == (401, "challenge_expired")


@pytest.mark.security("S-90")
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://app.example.net"},
        {"origin": "https://app.example.org.evil.example"},
        {"origin": "http://app.example.org"},
        {"rp_id": "app.example.net"},
        {"verified": False},
        {"challenge": "bm90IHRoaXMgY2hhbGxlbmdl"},
        {"user_handle": "c29tZWJvZHkgZWxzZQ"},
        {"counter": 0},
    ],
    ids=str,
)
def test_an_answer_that_lies_signs_nobody_in(passkeys: Passkeys, lies: dict[str, Any]) -> None:
    """Some responses come from another site, from a similar host name, or from a copied key. Others lack user
    verification, or belong to another challenge or person."""
    passkeys.set_up()
    passkeys.device.passkeys[-1].counter = 5
    browser = passkeys.direct.world.browser()
    assert passkeys.sign_in(browser).status == 200
    refused = passkeys.sign_in(browser, **lies)
    assert (refused.status, refused.json()["error"]) == (401, "invalid_credentials")


@pytest.mark.security("S-90")
def test_another_persons_passkey_is_refused(passkeys: Passkeys) -> None:
    """Two people share a device. Each passkey works only for its own address."""
    passkeys.set_up()
    mine = passkeys.device.passkeys[-1]
    passkeys.direct.pool.add(PoolUser("ada@example.org", PASSWORD))
    browser = passkeys.direct.world.browser()
    assert passkeys.sign_in(browser, "ada@example.org", passkey=mine).status == 401


@pytest.mark.security("S-90")
def test_user_verification_is_asked_for_whatever_cognito_says(passkeys: Passkeys) -> None:
    """The options require user verification and name the stage's relying party, whatever Cognito's response says."""
    passkeys.set_up()
    for email in (EMAIL, STRANGER):
        told = passkeys.ask(email, passkeys.direct.world.browser()).json()["challenge"]["options"]
        assert (told["userVerification"], told["rpId"]) == ("required", DOMAIN)


@pytest.mark.security("S-90")
def test_a_challenge_for_another_domain_is_not_passed_on(
    passkeys: Passkeys, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pool and the stage have different relying parties. The browser receives no challenge, and the log reports the
    difference."""
    passkeys.set_up()
    passkeys.direct.pool.relying_party = "evil.example"
    browser = passkeys.direct.world.browser()
    told = passkeys.ask(browser=browser).json()["challenge"]["options"]
    assert told["rpId"] == DOMAIN
    assert "passkey_domain_differs" in capsys.readouterr().out
    assert passkeys.answer(passkeys.device.get(told), browser).status == 401


def shape(answer: Any) -> Any:
    """Return a copy of the response in which each random part is replaced by its length."""
    status, body, headers, _ = outline(answer)
    options = body["challenge"]["options"]
    options["challenge"] = len(options["challenge"])
    lengths = sorted(len(cookie) for cookie in answer.set_cookies)
    headers = tuple(each for each in headers if not each.startswith(("x-request", "set-cookie")))
    return status, body, headers, lengths


def logged(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, ...]]:
    """Return the names of the members in each log line that was written since the last call."""
    return [tuple(json.loads(line)) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.security("S-89")
@pytest.mark.parametrize("session_length", [None, 3900])
@pytest.mark.parametrize("unknown", ["UserNotFoundException", "SELECT_CHALLENGE"])
def test_everybody_gets_a_challenge_alike(
    passkeys: Passkeys,
    unknown: str,
    session_length: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The addresses belong to people with a passkey, without a passkey, and without an account. Others belong to
    unconfirmed, disabled and federated people. All responses have the same shape, with equal numbers of calls and log
    lines. BENCHMARKS.md has the measured times."""
    passkeys.set_up()
    pool, table = passkeys.direct.pool, passkeys.direct.world.dynamodb
    pool.unknown_by_choice = unknown
    pool.session_length = session_length
    pool.add(PoolUser("plain@example.org", PASSWORD))
    pool.add(PoolUser("new@example.org", PASSWORD, status="UNCONFIRMED"))
    pool.add(PoolUser("off@example.org", PASSWORD, enabled=False))
    pool.add(PoolUser("okta@example.org", "", status="EXTERNAL_PROVIDER", provider="Okta"))
    others = ("plain", "new", "off", "okta", "nobody")
    seen = []
    capsys.readouterr()
    for email in (EMAIL, *(f"{name}@example.org" for name in others)):
        calls = len(pool.calls), len(table.calls)
        asked = passkeys.ask(email, passkeys.direct.world.browser())
        work = len(pool.calls) - calls[0], table.calls[calls[1] :]
        seen.append((shape(asked), work, logged(capsys)))
    assert seen == [seen[0]] * len(seen)


@pytest.mark.security("S-89")
def test_refusals_are_alike(passkeys: Passkeys) -> None:
    """The server sends an invented challenge to Cognito, as it does with a real one. The response is the same in both
    cases."""
    passkeys.set_up()
    pool = passkeys.direct.pool
    seen = []
    for email in (EMAIL, STRANGER):
        browser = passkeys.direct.world.browser()
        options = passkeys.ask(email, browser).json()["challenge"]["options"]
        stranger = Authenticator()
        stranger.create({"rp": {"id": DOMAIN}, "user": {"id": "eA"}, "challenge": "eA"})
        calls = len(pool.calls)
        answer = passkeys.answer(stranger.get(options), browser)
        seen.append((outline(answer)[:2], len(pool.calls) - calls))
    assert seen[0] == seen[1]
    assert seen[0][0][0] == 401


@pytest.mark.security("S-89")
def test_the_ids_of_passkeys_are_told_to_known_browsers_alone(passkeys: Passkeys) -> None:
    """If strangers knew the ids, they could find out which accounts exist, and which accounts at different sites belong
    to one person."""
    made = passkeys.set_up()
    known = passkeys.ask().json()["challenge"]["options"]["allowCredentials"]
    assert [each["type"] for each in known] == ["public-key"]
    assert len(known) == 1
    stranger = passkeys.ask(browser=passkeys.direct.world.browser())
    assert stranger.json()["challenge"]["options"]["allowCredentials"] == []
    assert made.id.hex() not in stranger.body


def test_a_known_browser_is_told_that_there_is_no_passkey(passkeys: Passkeys) -> None:
    """The person has signed in to the account in this browser, and the response reveals no new information. The page then
    shows no useless prompt."""
    passkeys.direct.sign_in()
    assert passkeys.ask().json() == {"challenge": None}


@pytest.mark.security("S-92")
def test_autofill_is_for_known_browsers(passkeys: Passkeys) -> None:
    """The browser sends no address, so the device cookie must identify the account. Without this cookie, the browser
    receives no challenge, and the server does not call Cognito."""
    passkeys.set_up()
    options = passkeys.ask(None).json()["challenge"]["options"]
    assert len(options["allowCredentials"]) == 1
    assert passkeys.answer(passkeys.device.get(options)).status == 200
    calls = len(passkeys.direct.pool.calls)
    assert passkeys.ask(None, passkeys.direct.world.browser()).json() == {"challenge": None}
    assert len(passkeys.direct.pool.calls) == calls


@pytest.mark.security("S-92")
def test_autofill_ends_with_a_new_password(passkeys: Passkeys) -> None:
    """The new password also makes the device cookie invalid (S-71)."""
    passkeys.set_up()
    passkeys.direct.world.clock.advance(60)
    gate.services.users.record_proved(passkeys.direct.grace.username)
    assert passkeys.ask(None).json() == {"challenge": None}


@pytest.mark.security("S-92")
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_challenges_are_throttled_before_cognito(passkeys: Passkeys, email: str) -> None:
    """After five challenges there is a pause, whether or not the address has an account. Passwords have their own
    limit."""
    browser = passkeys.direct.world.browser()
    for _ in range(5):
        assert passkeys.ask(email, browser).status == 200
    asked = passkeys.direct.pool.called("admin_initiate_auth")
    refused = passkeys.ask(email, browser)
    assert (refused.status, refused.json()["error"]) == (429, "too_many_attempts")
    assert refused.headers["retry-after"] == "15"
    assert passkeys.direct.pool.called("admin_initiate_auth") == asked
    assert passkeys.direct.sign_in(browser=browser).status == 200


@pytest.mark.security("S-92")
def test_autofill_that_is_paused_is_no_error(passkeys: Passkeys) -> None:
    passkeys.set_up()
    for _ in range(50):
        assert passkeys.ask(None).json()["challenge"] is not None
    calls = len(passkeys.direct.pool.calls)
    assert passkeys.ask(None).json() == {"challenge": None}
    assert len(passkeys.direct.pool.calls) == calls


def test_a_good_passkey_forgets_the_attempts_before(passkeys: Passkeys) -> None:
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    for _ in range(4):
        for _ in range(3):
            passkeys.ask(browser=browser)
        assert passkeys.sign_in(browser).status == 200


@pytest.mark.security("S-88")
def test_a_challenge_from_before_a_new_password_signs_nobody_in(passkeys: Passkeys) -> None:
    """The server refuses a sign-in that began before all sessions were ended. The same rule applies to passwords
    (S-67)."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    passkeys.direct.world.clock.advance(2)
    gate.services.users.record_signed_out(passkeys.direct.grace.username)
    late = passkeys.answer(passkeys.device.get(options), browser)
    assert (late.status, late.json()["error"]) == (401, "challenge_expired")


def test_malformed_answers_are_400(passkeys: Passkeys) -> None:
    """A malformed response does not use up the challenge."""
    passkeys.set_up()
    options = passkeys.ask().json()["challenge"]["options"]
    for body in ({}, {"credential": "text"}, {"credential": 7}, {"code": "123456"}):
        answer = passkeys.direct.challenge("WEB_AUTHN", **body)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert passkeys.answer(passkeys.device.get(options)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "direct/passkey",
        *(f"passkeys/{each}" for each in ("open", "setup", "verify", "rename", "remove", "close")),
    ],
)
def test_without_passkeys_there_is_nothing(direct: Direct, path: str) -> None:
    """On a stage without direct sign-in, these routes do not exist either."""
    direct.sign_in()
    assert direct.post(path, email=EMAIL, password=PASSWORD).status == 404
    assert "passkeys" not in direct.browser.get("/auth/config").json()
    direct.restart(direct_sign_in="managed", passkey_domain=DOMAIN)
    assert direct.post(path, email=EMAIL, password=PASSWORD).status == 404
    assert "passkeys" not in direct.browser.get("/auth/config").json()


def test_the_page_is_told_of_passkeys(passkeys: Passkeys) -> None:
    assert passkeys.direct.browser.get("/auth/config").json()["passkeys"] is True


def test_a_challenge_is_never_asked_after_a_password(passkeys: Passkeys) -> None:
    """The page does not support WEB_AUTHN as a second step, and the sign-in fails (S-45)."""
    passkeys.direct.pool.next_challenge = ("WEB_AUTHN", {})
    assert passkeys.direct.sign_in().json()["error"] == "unsupported_challenge"
