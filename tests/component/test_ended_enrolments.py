"""Tests that an enrolment ends together with its session. After that, the enrolment can add neither an authenticator
app nor a passkey."""

import copy
from collections.abc import Callable

import pytest

from tests.component.direct import PASSWORD, Direct
from tests.component.passkeys import Passkeys
from tests.component.world import SESSIONS_TABLE
from tests.doubles.browser import Answer

NEW = "another good one 34"
Finish = Callable[[], list[Answer]]


def open_passkeys(direct: Direct) -> Finish:
    """Sign in and open the list of passkeys. Return a function that tries each further step of the set-up in the same
    browser."""
    passkeys = Passkeys(direct)
    assert passkeys.open().status == 200
    options = passkeys.post("passkeys/setup").json()["options"]

    def finish() -> list[Answer]:
        return [
            passkeys.post("passkeys/setup"),
            passkeys.post("passkeys/verify", credential=passkeys.device.create(options)),
            passkeys.post("passkeys/rename", id="x", name="x"),
            passkeys.post("passkeys/remove", id="x"),
        ]

    return finish


def set_up_app(direct: Direct) -> Finish:
    """Sign in and begin to set up an authenticator app. Return a function that tries to finish the set-up."""
    direct.sign_in()
    secret = direct.post("mfa/setup", password=PASSWORD).json()["secret"]
    return lambda: [direct.post("mfa/verify", code=direct.totp(secret))]


def change_password(direct: Direct) -> None:
    """Change the password from another browser, as the account's owner does."""
    owner = direct.world.browser()
    direct.sign_in(browser=owner)
    direct.world.clock.advance(60)
    body = {"password": PASSWORD, "new_password": NEW}
    assert direct.post("password", owner, **body).status == 200


def end_session(direct: Direct) -> None:
    """Delete the session's row, as if another browser had ended the session."""
    for row in list(direct.world.dynamodb.items(SESSIONS_TABLE)):
        direct.world.dynamodb.delete(SESSIONS_TABLE, row)


def sign_out_and_replay(direct: Direct) -> None:
    """Sign out, and then send the cookies from before the sign-out again."""
    kept = copy.deepcopy(direct.browser.cookies)
    assert direct.post("logout").status == 200
    direct.browser.cookies.clear()
    direct.browser.cookies.update(kept)


@pytest.mark.security("S-85")
@pytest.mark.security("S-91")
@pytest.mark.parametrize("begin", [open_passkeys, set_up_app])
@pytest.mark.parametrize("end", [change_password, end_session, sign_out_and_replay])
def test_what_was_opened_ends_with_its_session(
    direct: Direct, begin: Callable[[Direct], Finish], end: Callable[[Direct], None]
) -> None:
    """A person who knew the password begins an enrolment. After the session has ended, the enrolment fails, and the
    owner signs in as before."""
    finish = begin(direct)
    direct.world.clock.advance(1)
    end(direct)
    assert {answer.status for answer in finish()} == {401}
    password = NEW if end is change_password else PASSWORD
    assert (
        "access_token" in direct.sign_in(password=password, browser=direct.world.browser()).json()
    )


@pytest.mark.security("S-85")
@pytest.mark.parametrize("begin", [open_passkeys, set_up_app])
def test_a_new_password_in_the_same_session_ends_it_too(
    direct: Direct, begin: Callable[[Direct], Finish]
) -> None:
    """The session continues after the new password. An enrolment from before the new password ends, because a thief may
    have copied the enrolment's cookie."""
    finish = begin(direct)
    direct.world.clock.advance(1)
    body = {"password": PASSWORD, "new_password": NEW}
    assert direct.post("password", **body).status == 200
    assert {answer.json()["error"] for answer in finish()} == {"challenge_expired"}
    assert direct.post("refresh").status == 200


@pytest.mark.security("S-83")
@pytest.mark.parametrize(
    "path", ["passkeys/open", "mfa/setup", "mfa/disable", "mfa/recovery-codes", "password"]
)
def test_an_ended_session_opens_nothing(direct: Direct, path: str) -> None:
    """When the session has ended, the server refuses even the right password."""
    Passkeys(direct)
    direct.sign_in()
    end_session(direct)
    body = {"password": PASSWORD, "code": "123456", "new_password": NEW}
    wanted = {
        "passkeys/open": ("password",),
        "mfa/setup": ("password",),
        "mfa/disable": ("password", "code"),
        "mfa/recovery-codes": ("password", "code"),
    }
    names = wanted.get(path, ("password", "new_password"))
    answer = direct.post(path, **{name: body[name] for name in names})
    assert (answer.status, answer.json()["error"]) == (401, "session_expired")
