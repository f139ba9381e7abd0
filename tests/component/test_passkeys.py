"""Tests of POST /auth/passkeys/…: people add, name, list and remove their passkeys (S-91)."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.component.direct import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    PASSWORD,
    SESSION_COOKIE,
    WRONG,
    Direct,
)
from tests.component.passkeys import DOMAIN, Passkeys
from tests.component.world import MFA_CLIENT_ID
from tests.doubles.aws_errors import connect_timeout
from tests.doubles.browser import Browser
from tests.doubles.pool_users import PoolUser
from tests.doubles.user_pool_core import refusal

OFFER_COOKIE = "__Host-gatehouse-offer"
CALLS = ("setup", "verify", "rename", "remove")


@pytest.fixture
def passkeys(direct: Direct) -> Passkeys:
    return Passkeys(direct)


def test_a_passkey_is_set_up_named_and_removed(passkeys: Passkeys) -> None:
    """The person enters the password once, and not again for each step."""
    assert passkeys.open().json() == {"passkeys": [], "ended": 0}
    options = passkeys.post("passkeys/setup").json()["options"]
    assert options["rp"]["id"] == DOMAIN
    assert options["authenticatorSelection"]["residentKey"] == "required"
    added = passkeys.post("passkeys/verify", credential=passkeys.device.create(options))
    (made,) = added.json()["passkeys"]
    assert made["attachment"] == "platform"
    assert made["created_at"].endswith("Z")
    renamed = passkeys.post("passkeys/rename", id=made["id"], name=" Work laptop ")
    assert renamed.json()["passkeys"][0]["name"] == "Work laptop"
    assert passkeys.open().json()["passkeys"][0]["name"] == "Work laptop"
    assert passkeys.post("passkeys/remove", id=made["id"]).json() == {"passkeys": []}
    closed = passkeys.post("passkeys/close")
    assert (closed.status, closed.json()) == (200, {})
    assert set(passkeys.direct.browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}
    assert passkeys.direct.grace.passkeys == []


def test_names_of_removed_passkeys_go(passkeys: Passkeys) -> None:
    """When a name is changed, the server also deletes the names of passkeys that no longer exist."""
    passkeys.open()
    for name in ("first", "second"):
        newest = passkeys.add().json()["passkeys"][0]["id"]
        passkeys.direct.world.clock.advance(1)
        passkeys.post("passkeys/rename", id=newest, name=name)
    first, second = passkeys.direct.grace.passkeys
    passkeys.post("passkeys/remove", id=first.id)
    passkeys.post("passkeys/rename", id=second.id, name="left")
    column = passkeys.direct.world.users()[passkeys.direct.grace.username]["passkeyNames"]
    assert column == f'{{"{second.id}": "left"}}'


def test_without_their_persons_names_passkeys_have_cognitos(
    passkeys: Passkeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first read of the row succeeds, but the later read of the names fails. The list then shows Cognito's names,
    and everything else works."""
    passkeys.open()
    passkeys.add()
    table = passkeys.direct.world.dynamodb
    get_item, asked = table.get_item, []

    def fail_later(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) > 1:
            raise connect_timeout()
        return get_item(**arguments)

    monkeypatch.setattr(table, "get_item", fail_later)
    listed = passkeys.post("passkeys/remove", id="another")
    assert listed.json()["passkeys"][0]["name"] == "Passkey"


def test_removing_what_is_gone_is_fine(passkeys: Passkeys) -> None:
    """The person removes the same passkey in two tabs, one after the other."""
    passkeys.open()
    made = passkeys.add().json()["passkeys"][0]
    for _ in range(2):
        answer = passkeys.post("passkeys/remove", id=made["id"])
        assert (answer.status, answer.json()) == (200, {"passkeys": []})


def test_a_removed_passkey_signs_nobody_in(passkeys: Passkeys) -> None:
    """The device still has the passkey."""
    passkeys.set_up()
    passkeys.open()
    passkeys.post("passkeys/remove", id=passkeys.direct.grace.passkeys[0].id)
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 401


@pytest.mark.security("S-91")
def test_the_password_is_asked_again_and_throttled(passkeys: Passkeys) -> None:
    """A stranger who uses a signed-in browser can neither add a passkey nor guess the password."""
    passkeys.direct.sign_in()
    for _ in range(5):
        answer = passkeys.post("passkeys/open", password=WRONG)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_credentials")
    assert passkeys.post("passkeys/open", password=PASSWORD).status == 429
    for path in CALLS:
        answer = passkeys.post(f"passkeys/{path}", id="x", name="x", credential={})
        assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert passkeys.direct.grace.passkeys == []


@pytest.mark.security("S-91")
def test_the_server_only_tokens_never_leave_and_are_revoked(
    passkeys: Passkeys, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tokens are in no response and in no log line. When the person closes the list, the server revokes the
    tokens."""
    passkeys.set_up()
    pool = passkeys.direct.pool
    clients = [a["ClientId"] for name, a in pool.calls if name == "admin_initiate_auth"]
    assert clients[1:] == [MFA_CLIENT_ID]
    assert [grant.revoked for grant in pool.grants.values()] == [True]
    seen = "".join(
        answer.body + repr(answer.headers) + repr(answer.set_cookies)
        for answer in passkeys.direct.browser.answers
    )
    for token in pool.grants:
        assert token not in seen + capsys.readouterr().out


@pytest.mark.security("S-91")
@pytest.mark.parametrize("path", CALLS)
def test_what_somebody_else_has_opened_serves_nobody(passkeys: Passkeys, path: str) -> None:
    """Two people share a browser. The first person has opened the list. The second person's session cannot continue
    this enrolment."""
    passkeys.open()
    passkeys.add()
    cookie = passkeys.direct.browser.cookies[CHALLENGE_COOKIE]
    passkeys.direct.pool.add(PoolUser("other@example.org", PASSWORD))
    other = passkeys.direct.world.browser()
    passkeys.direct.sign_in("other@example.org", browser=other)
    other.cookies[CHALLENGE_COOKIE] = cookie
    theirs = passkeys.direct.grace.passkeys[0].id
    body: dict[str, Any] = {"id": theirs, "name": "mine", "credential": {}}
    answer = passkeys.post(f"passkeys/{path}", other, **body)
    assert (answer.status, answer.json()["error"]) == (401, "challenge_expired")
    assert len(passkeys.direct.grace.passkeys) == 1


@pytest.mark.security("S-91")
def test_an_enrolment_of_an_app_opens_no_passkeys(passkeys: Passkeys) -> None:
    """Each cookie is sealed for one purpose. The routes for passkeys refuse the enrolment cookie of an authenticator
    app. The routes for the app refuse the enrolment cookie of a passkey."""
    passkeys.direct.sign_in()
    passkeys.post("mfa/setup", password=PASSWORD)
    assert passkeys.post("passkeys/setup").json()["error"] == "challenge_expired"
    passkeys.post("passkeys/open", password=PASSWORD)
    assert passkeys.post("mfa/verify", code="123456").json()["error"] == "challenge_expired"


@pytest.mark.security("S-91")
def test_passkeys_of_others_are_neither_named_nor_removed(passkeys: Passkeys) -> None:
    """The id belongs to a passkey of another person."""
    passkeys.set_up()
    theirs = passkeys.direct.grace.passkeys[0].id
    passkeys.direct.pool.add(PoolUser("other@example.org", PASSWORD))
    passkeys.direct.sign_in("other@example.org")
    passkeys.post("passkeys/open", password=PASSWORD)
    assert passkeys.post("passkeys/rename", id=theirs, name="mine").status == 404
    assert passkeys.post("passkeys/remove", id=theirs).json() == {"passkeys": []}
    assert len(passkeys.direct.grace.passkeys) == 1


def test_what_was_opened_closes_by_itself(passkeys: Passkeys) -> None:
    """The list closes after fifteen minutes, or earlier if its token expires earlier."""
    passkeys.open()
    passkeys.direct.pool.fail(
        "start_web_authn_registration", refusal("NotAuthorizedException", "x")
    )
    assert passkeys.post("passkeys/setup").json()["error"] == "challenge_expired"
    passkeys.open()
    passkeys.direct.world.clock.advance(15 * 60)
    assert passkeys.post("passkeys/setup").json()["error"] == "challenge_expired"
    assert passkeys.post("passkeys/close").status == 200


@pytest.mark.security("S-91")
@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://app.example.net"},
        {"rp_id": "app.example.net"},
        {"verified": False},
        {"challenge": "bm90IHRoaXMgY2hhbGxlbmdl"},
    ],
    ids=str,
)
def test_a_passkey_that_lies_is_not_kept(passkeys: Passkeys, lies: dict[str, Any]) -> None:
    """The device created the passkey on another site, for another site, without user verification, or for another
    challenge."""
    passkeys.open()
    options = passkeys.post("passkeys/setup").json()["options"]
    credential = passkeys.device.create(options, **lies)
    answer = passkeys.post("passkeys/verify", credential=credential)
    assert (answer.status, answer.json()["error"]) == (400, "passkey_refused")
    assert passkeys.direct.grace.passkeys == []


def test_a_registration_serves_once(passkeys: Passkeys) -> None:
    passkeys.open()
    credential = passkeys.device.create(passkeys.post("passkeys/setup").json()["options"])
    assert passkeys.post("passkeys/verify", credential=credential).status == 200
    assert passkeys.post("passkeys/verify", credential=credential).status == 400
    assert len(passkeys.direct.grace.passkeys) == 1


def test_with_an_app_its_code_is_needed(passkeys: Passkeys) -> None:
    """If a person has an authenticator app, the app's code is needed to open the list. Afterwards the passkey counts as
    a second factor, so the person signs in with it and needs no code."""
    passkeys.direct.with_totp()
    passkeys.direct.sign_in()
    passkeys.direct.challenge("SOFTWARE_TOKEN_MFA", code=passkeys.direct.totp())
    asked = passkeys.post("passkeys/open", password=PASSWORD)
    assert (asked.status, asked.json()["error"]) == (409, "code_required")
    passkeys.direct.world.clock.advance(30)
    wrong = passkeys.post("passkeys/open", password=PASSWORD, code="000000")
    assert (wrong.status, wrong.json()["error"]) == (400, "invalid_code")
    code = passkeys.direct.totp()
    assert passkeys.post("passkeys/open", password=PASSWORD, code=code).status == 200
    passkeys.add()
    assert passkeys.direct.grace.factors == {"SOFTWARE_TOKEN_MFA"}
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200


def test_an_app_that_comes_later_leaves_the_passkey(passkeys: Passkeys) -> None:
    """While the authenticator app is on, the passkey counts as a second factor. The person can sign in with the
    passkey, whether the app is on or off."""
    passkeys.set_up()
    secret = passkeys.post("mfa/setup", password=PASSWORD).json()["secret"]
    passkeys.post("mfa/verify", code=passkeys.direct.totp(secret))
    assert passkeys.sign_in().status == 200
    passkeys.direct.world.clock.advance(30)
    passkeys.post("mfa/disable", password=PASSWORD, code=passkeys.direct.totp())
    assert passkeys.direct.grace.passkey_is_mfa is False
    assert passkeys.sign_in().status == 200


def test_an_outage_at_the_list_leaves_no_token(passkeys: Passkeys) -> None:
    passkeys.direct.sign_in()
    passkeys.direct.pool.fail("list_web_authn_credentials", connect_timeout())
    assert passkeys.post("passkeys/open", password=PASSWORD).status == 503
    assert all(grant.revoked for grant in passkeys.direct.pool.grants.values())


def test_without_a_session_there_is_nothing(passkeys: Passkeys) -> None:
    for path in ("open", *CALLS, "close"):
        body: dict[str, Any] = {"password": PASSWORD, "id": "x", "name": "x", "credential": {}}
        answer = passkeys.post(f"passkeys/{path}", **body)
        assert (answer.status, answer.json()["error"]) == (401, "no_session")
    assert passkeys.direct.pool.calls == []


def test_people_of_a_provider_are_told_who_manages_it(passkeys: Passkeys) -> None:
    passkeys.direct.world.sign_in(passkeys.direct.browser)
    answer = passkeys.post("passkeys/open", password=PASSWORD)
    assert (answer.status, answer.json()["error"]) == (409, "managed_by_provider")


def test_malformed_bodies_are_400(passkeys: Passkeys) -> None:
    passkeys.open()
    for path, body in (
        ("verify", {"credential": "text"}),
        ("rename", {"id": "x"}),
        ("rename", {"id": "x", "name": "\n"}),
        ("remove", {}),
    ):
        answer = passkeys.post(f"passkeys/{path}", **body)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


def test_the_way_back_when_the_only_one_is_lost(passkeys: Passkeys) -> None:
    """The person signs in with the old password. Later, the person signs in with a new password that was set by mail."""
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    assert passkeys.direct.sign_in(browser=browser).status == 200
    assert passkeys.post("passkeys/open", browser, password=PASSWORD).status == 200


def offered(passkeys: Passkeys, browser: Browser | None = None, **body: Any) -> bool:
    answer = passkeys.post("passkeys/offer", browser, **body)
    assert (answer.status, bool(answer.set_cookies)) == (200, body.get("not_now", False))
    return bool(answer.json()["offer"])


def test_a_passkey_is_offered_until_somebody_says_not_now(passkeys: Passkeys) -> None:
    """The server stores for each person and browser that the offer was refused. The refusal lasts 400 days, and also
    survives a sign-out and the next sign-in."""
    passkeys.direct.sign_in()
    assert offered(passkeys) is True
    assert offered(passkeys, not_now=True) is False
    browser = passkeys.direct.browser
    browser.post("/auth/logout")
    passkeys.direct.sign_in()
    assert offered(passkeys) is False
    elsewhere = passkeys.direct.world.browser()
    passkeys.direct.sign_in(browser=elsewhere)
    assert offered(passkeys, elsewhere) is True
    passkeys.direct.pool.add(PoolUser("ada@example.org", PASSWORD))
    passkeys.direct.sign_in("ada@example.org")
    assert offered(passkeys) is True
    cookie = browser.notes[OFFER_COOKIE]
    assert cookie.same_site == "Strict"
    assert cookie.expires_at == passkeys.direct.world.clock() + 400 * 86_400
    passkeys.direct.world.clock.advance(400 * 86_400)
    passkeys.direct.sign_in()
    assert offered(passkeys) is True


def test_no_passkey_is_offered_where_one_was_set_up(passkeys: Passkeys) -> None:
    passkeys.set_up()
    passkeys.direct.sign_in()
    assert offered(passkeys) is False


def test_eight_people_of_one_browser_are_remembered(passkeys: Passkeys) -> None:
    """The cookie stays small and contains no name. If its value was changed, no error occurs."""
    passkeys.direct.sign_in()
    browser = passkeys.direct.browser
    for number in range(9):
        email = f"p{number}@example.org"
        passkeys.direct.pool.add(PoolUser(email, PASSWORD))
        passkeys.direct.sign_in(email)
        assert offered(passkeys, not_now=True) is False
    assert re.fullmatch(r"[0-9a-f]{8}(\.[0-9a-f]{8}){7}", browser.notes[OFFER_COOKIE].value)
    changed = replace(browser.notes[OFFER_COOKIE], value="...x.00000000.<script>" + "0" * 3000)
    browser.notes[OFFER_COOKIE] = changed
    assert offered(passkeys) is True
    assert offered(passkeys, not_now=True) is False
    assert browser.notes[OFFER_COOKIE].value.startswith("00000000.")


def test_an_offer_needs_a_session(passkeys: Passkeys) -> None:
    """Without a session, the response is 401. A sign-in alone does not set the cookie that stores a refused offer."""
    refused = passkeys.post("passkeys/offer", passkeys.direct.world.browser(), not_now=True)
    assert (refused.status, refused.json()["error"]) == (401, "no_session")
    passkeys.set_up()
    browser = passkeys.direct.world.browser()
    passkeys.direct.sign_in(browser=browser)
    passkeys.sign_in(browser)
    assert browser.notes == {}
