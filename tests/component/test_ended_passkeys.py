"""Tests that all earlier passkeys become invalid when somebody sets a new password by mail (S-102), and that people can
sign in again without a passkey."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.component.direct import CHALLENGE_COOKIE, EMAIL, PASSWORD, Direct, outline
from tests.component.passkeys import NEW_PASSWORD, Passkeys
from tests.doubles.authenticator import Authenticator
from tests.doubles.aws_errors import connect_timeout


@pytest.fixture
def passkeys(direct: Direct) -> Passkeys:
    """Grace has a passkey. Somebody who knew her password may have added another passkey."""
    made = Passkeys(direct)
    made.set_up()
    direct.world.clock.advance(60)
    return made


def row(passkeys: Passkeys) -> dict[str, Any]:
    found: dict[str, Any] = passkeys.direct.world.users()[passkeys.direct.grace.username]
    return found


def managed_reset(passkeys: Passkeys) -> None:
    """Set a new password as managed login does. Managed login calls Cognito, but does not call our server."""
    pool = passkeys.direct.pool
    user = passkeys.direct.grace
    user.password = NEW_PASSWORD
    pool.trigger("PostConfirmation_ConfirmForgotPassword", user, {})


@pytest.mark.security("S-102")
@pytest.mark.parametrize("app", [False, True], ids=["password", "password and app"])
def test_a_password_set_by_mail_ends_the_passkeys_before_it(passkeys: Passkeys, app: bool) -> None:
    """The device and Cognito still have the passkey. But every sign-in with it fails, and the server revokes Cognito's
    tokens."""
    if app:
        passkeys.direct.with_totp()
        passkeys.direct.grace.passkey_is_mfa = True
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200
    assert passkeys.reset().status == 200
    browser = passkeys.direct.world.browser()
    refused = passkeys.sign_in(browser)
    assert (refused.status, refused.json()["error"]) == (401, "invalid_credentials")
    assert set(browser.cookies) == set()
    assert len(passkeys.direct.grace.passkeys) == 1
    cognito = passkeys.direct.world.cognito
    assert all(cognito.is_revoked(token) for token in cognito.refresh_tokens())


@pytest.mark.security("S-102")
def test_the_way_back_without_passkeys(passkeys: Passkeys) -> None:
    """A person without a passkey sets a new password with a mailed code. Then the person adds a new passkey on the same
    device."""
    passkeys.reset()
    browser = passkeys.direct.browser
    assert passkeys.direct.sign_in(password=NEW_PASSWORD).status == 200
    passkeys.direct.world.clock.advance(1)
    opened = passkeys.post("passkeys/open", password=NEW_PASSWORD)
    assert opened.json() == {"passkeys": [], "ended": 1}
    assert passkeys.direct.grace.passkeys == []
    (made,) = passkeys.add().json()["passkeys"]
    assert made["id"]
    passkeys.post("passkeys/close")
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200
    assert passkeys.ask(browser=browser).json()["challenge"]["options"]["allowCredentials"]
    assert passkeys.post("passkeys/open", password=NEW_PASSWORD).json()["ended"] == 0


@pytest.mark.security("S-102")
def test_each_device_is_set_up_anew_and_each_new_password_starts_over(passkeys: Passkeys) -> None:
    """Two devices have a passkey after the first reset. Neither device has a passkey after the second reset."""
    passkeys.reset()
    other = Authenticator()
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    passkeys.post("passkeys/open", password=NEW_PASSWORD)
    for device in (passkeys.device, other):
        options = passkeys.post("passkeys/setup").json()["options"]
        assert passkeys.post("passkeys/verify", credential=device.create(options)).status == 200
    for device in (passkeys.device, other):
        passkeys.device = device
        assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200
    passkeys.reset("a third horse 5678")
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 401
    assert "passkeysSince" not in row(passkeys)


@pytest.mark.security("S-89")
@pytest.mark.security("S-102")
def test_an_ended_passkey_is_refused_as_any_other(passkeys: Passkeys) -> None:
    """The response is the same as for a wrong signature. The challenge cannot be used again."""
    passkeys.reset()
    seen = []
    for lies in ({}, {"origin": "https://app.example.net"}):
        browser = passkeys.direct.world.browser()
        options = passkeys.ask(browser=browser).json()["challenge"]["options"]
        sealed = browser.cookies[CHALLENGE_COOKIE]
        credential = passkeys.device.get(options, **lies)
        seen.append(outline(passkeys.answer(credential, browser))[:2])
        again = passkeys.direct.world.browser()
        again.cookies[CHALLENGE_COOKIE] = sealed
        assert passkeys.answer(credential, again).json()["error"] == "challenge_expired"
    assert seen[0] == seen[1]


@pytest.mark.security("S-102")
def test_a_known_browser_is_not_led_to_an_ended_passkey(passkeys: Passkeys) -> None:
    """The server tells the known browser that the person has no passkey. For this reason, the button and autofill do
    not offer the passkey."""
    passkeys.reset()
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    assert passkeys.ask().json() == {"challenge": None}
    assert passkeys.ask(None).json() == {"challenge": None}


@pytest.mark.security("S-102")
def test_a_list_that_was_open_before_keeps_nothing(passkeys: Passkeys) -> None:
    """Somebody who knows the old password begins to add a passkey before the reset. After the reset, this person cannot
    finish the set-up."""
    thief = passkeys.direct.browser
    passkeys.direct.sign_in(browser=thief)
    passkeys.post("passkeys/open", thief, password=PASSWORD)
    options = passkeys.post("passkeys/setup", thief).json()["options"]
    credential = passkeys.device.create(options)
    passkeys.reset()
    assert passkeys.post("passkeys/verify", thief, credential=credential).status == 401
    assert len(passkeys.direct.grace.passkeys) == 1
    assert "passkeysSince" not in row(passkeys)


@pytest.mark.security("S-102")
@pytest.mark.parametrize("code", ["000000", "12345"])
def test_a_wrong_code_ends_nothing(passkeys: Passkeys, code: str) -> None:
    """If a wrong code made passkeys invalid, anybody could make another person's passkeys invalid."""
    passkeys.post("direct/forgot-password", email=EMAIL)
    body = {"email": EMAIL, "code": code, "password": NEW_PASSWORD}
    assert passkeys.post("direct/reset-password", **body).status == 400
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200


def test_a_new_password_in_the_profile_ends_no_passkey(passkeys: Passkeys) -> None:
    """A person who changes the password in the profile knows the old password, and can check the list of passkeys."""
    passkeys.direct.sign_in()
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    assert passkeys.post("password", **body).status == 200
    passkeys.direct.world.clock.advance(1)
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200


@pytest.mark.security("S-102")
def test_an_id_that_is_given_twice_is_one(passkeys: Passkeys) -> None:
    """A passkey that has become invalid stays invalid. This is also true if Cognito uses the same id for a new
    passkey."""
    ended = passkeys.device.passkeys[-1]
    passkeys.reset()
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    passkeys.post("passkeys/open", password=NEW_PASSWORD)
    passkeys.add()
    made = passkeys.direct.grace.passkeys[0].id
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    credential = passkeys.device.get(options, passkey=ended)
    for lie in ({"id": made}, {"rawId": made}, {"id": None}, {"id": 7, "rawId": 7}):
        answer = passkeys.answer({**credential, **lie}, browser)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert passkeys.answer(credential, browser).status == 401


@pytest.mark.security("S-102")
def test_nothing_is_deleted_that_was_set_up_later(passkeys: Passkeys) -> None:
    """Whether a passkey still works depends only on the time of its set-up. The ids in the row do not matter."""
    passkeys.reset()
    passkeys.direct.world.clock.advance(5)
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    passkeys.post("passkeys/open", password=NEW_PASSWORD)
    passkeys.add()
    table, name = passkeys.direct.world.dynamodb, passkeys.direct.grace.username
    noted = table.items(passkeys.direct.world.settings.users_table)[name]
    table.put(
        passkeys.direct.world.settings.users_table, {**noted, "passkeysSince": {"SS": ["another"]}}
    )
    answer = passkeys.post("passkeys/open", password=NEW_PASSWORD).json()
    assert (len(answer["passkeys"]), answer["ended"]) == (1, 0)
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 401


def _out(passkeys: Passkeys, monkeypatch: pytest.MonkeyPatch, call: str, words: str) -> None:
    """Make the users table fail for one kind of call. The kind is either an update that contains `words`, or every read
    after the first one."""
    table = passkeys.direct.world.dynamodb
    original, asked = getattr(table, call), list[str]()

    def broken(**arguments: Any) -> Any:
        if arguments["TableName"] == passkeys.direct.world.settings.users_table:
            asked.append(str(arguments))
            if words in asked[-1] and (call == "update_item" or len(asked) > 1):
                raise connect_timeout()
        return original(**arguments)

    monkeypatch.setattr(table, call, broken)


@pytest.mark.security("S-102")
def test_a_new_password_stands_where_passkeys_cannot_be_ended(
    passkeys: Passkeys,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """The server could not make the passkeys invalid. The log reports this failure, and the list still shows the
    passkeys."""
    _out(passkeys, monkeypatch, "update_item", "passkeysEndedAt")
    assert passkeys.reset().status == 200
    assert "passkeys_not_ended" in [line["event"] for line in log_lines()]
    monkeypatch.undo()
    passkeys.direct.sign_in(password=NEW_PASSWORD)
    answer = passkeys.post("passkeys/open", password=NEW_PASSWORD).json()
    assert (len(answer["passkeys"]), answer["ended"]) == (1, 0)


@pytest.mark.security("S-102")
def test_where_nobody_knows_whether_it_has_ended_nobody_is_signed_in(
    passkeys: Passkeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the table cannot be read, the sign-in fails, and the server revokes Cognito's tokens."""
    browser = passkeys.direct.world.browser()
    options = passkeys.ask(browser=browser).json()["challenge"]["options"]
    _out(passkeys, monkeypatch, "get_item", "")
    answer = passkeys.answer(passkeys.device.get(options), browser)
    assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
    cognito = passkeys.direct.world.cognito
    assert cognito.is_revoked(cognito.refresh_tokens()[-1])


def test_a_stage_without_passkeys_notes_nothing(passkeys: Passkeys) -> None:
    """The server writes nothing, and adds no column to the person's row."""
    passkeys.direct.restart(passkey_domain="")
    assert passkeys.reset().status == 200
    assert "passkeysEndedAt" not in row(passkeys)


@pytest.mark.security("S-102")
def test_sessions_without_number_keep_no_passkey(
    passkeys: Passkeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who knows the old password has started so many sessions that the server cannot delete all their rows in
    time."""
    table = passkeys.direct.world.dynamodb

    def too_many(**_: Any) -> Any:
        monkeypatch.setattr(table, "update_item", too_many)
        raise connect_timeout()

    monkeypatch.setattr(table, "query", too_many)
    assert passkeys.reset().status == 200
    monkeypatch.undo()
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 401


@pytest.mark.security("S-102")
def test_made_up_passkeys_do_not_fill_the_record(passkeys: Passkeys) -> None:
    """The server does not store the id of a passkey that it refuses. If it stored many such ids, the row would have no
    space for the time of a sign-out."""
    assert passkeys.open().status == 200
    for each in range(3):
        made_up = urlsafe_b64encode(bytes([each]) * 60).rstrip(b"=").decode()
        credential = {"id": made_up, "rawId": made_up, "type": "public-key", "response": {}}
        assert passkeys.post("passkeys/verify", credential=credential).status == 400
    kept = row(passkeys)["passkeysSince"]
    assert len(kept) == 1


@pytest.mark.security("S-102")
def test_a_reset_on_managed_login_ends_the_passkeys(passkeys: Passkeys) -> None:
    """Cognito calls the trigger, which stores the time of the reset. Our server receives no request."""
    passkeys.direct.world.clock.advance(1)
    managed_reset(passkeys)
    assert row(passkeys)["passkeysEndedAt"]
    refused = passkeys.sign_in(passkeys.direct.world.browser())
    assert (refused.status, refused.json()["error"]) == (401, "invalid_credentials")
    assert passkeys.direct.sign_in(password=NEW_PASSWORD).status == 200
    assert passkeys.post("passkeys/open", password=NEW_PASSWORD).json()["ended"] == 1


@pytest.mark.security("S-102")
def test_a_list_that_was_open_before_a_reset_on_managed_login_adds_nothing(
    passkeys: Passkeys,
) -> None:
    """Managed login does not end the sessions on our server. Somebody who knew the old password may still have the list
    of passkeys open."""
    thief = passkeys.direct.world.browser()
    assert passkeys.direct.sign_in(browser=thief).status == 200
    assert passkeys.post("passkeys/open", thief, password=PASSWORD).status == 200
    passkeys.direct.world.clock.advance(60)
    managed_reset(passkeys)
    passkeys.direct.world.clock.advance(60)
    refused = passkeys.post("passkeys/setup", thief)
    assert (refused.status, refused.json()["error"]) == (401, "challenge_expired")


@pytest.mark.security("S-102")
def test_an_outage_at_a_reset_on_managed_login_is_logged(
    passkeys: Passkeys, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new password is valid, but the passkeys still work. A reset through our form has the same result."""
    passkeys.direct.world.dynamodb.fault = connect_timeout()
    managed_reset(passkeys)
    passkeys.direct.world.dynamodb.fault = None
    assert '"passkeys_not_ended"' in capsys.readouterr().out
    assert passkeys.sign_in(passkeys.direct.world.browser()).status == 200
