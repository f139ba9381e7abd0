"""Tests of POST /auth/password. A signed-in person who knows the old password can set a new one."""

from typing import Any

import pytest

from tests.component.direct import EMAIL, PASSWORD, SESSION_COOKIE, WRONG, Direct
from tests.component.passkeys import Passkeys
from tests.component.test_authorized_routes import CLAIMS
from tests.component.world import World
from tests.doubles.aws_errors import client_error
from tests.doubles.browser import Answer, Browser

NEW = "another good one 34"
DOWN = client_error("InternalServerError")


def change(direct: Direct, browser: Browser | None = None, **body: Any) -> Answer:
    return direct.post("password", browser, **{"password": PASSWORD, "new_password": NEW, **body})


@pytest.mark.security("S-85")
def test_the_new_password_counts_and_other_sessions_end(direct: Direct) -> None:
    """The session in this browser continues, and the throttle still knows the browser. The old password does not work
    any more."""
    other = direct.world.browser()
    direct.sign_in(browser=other)
    direct.sign_in()
    direct.world.clock.advance(60)
    answer = change(direct)
    assert (answer.status, answer.json()) == (200, {})
    assert direct.post("refresh").status == 200
    assert direct.post("refresh", other).json()["error"] == "session_expired"
    assert direct.sign_in(password=PASSWORD, browser=direct.world.browser()).status == 401
    assert direct.sign_in(password=NEW, browser=direct.world.browser()).status == 200


@pytest.mark.security("S-85")
def test_a_session_without_a_row_ends_too(direct: Direct) -> None:
    """The session has no row, because it began during an outage of the table or under an earlier release. The record
    contains the time at which all sessions ended, so this session ends as well."""
    other = direct.world.browser()
    direct.world.dynamodb.faults["sessions"] = DOWN
    direct.sign_in(browser=other)
    direct.world.dynamodb.faults.clear()
    direct.sign_in()
    direct.world.clock.advance(60)
    assert change(direct).status == 200
    direct.world.dynamodb.faults["users"] = DOWN
    assert direct.post("refresh", other).status == 503
    direct.world.dynamodb.faults.clear()
    assert direct.post("refresh", other).json()["error"] == "session_expired"
    assert direct.post("refresh").status == 200


@pytest.mark.security("S-41")
def test_the_old_password_is_asked_for_and_guessed_at_the_sign_ins_allowance(
    direct: Direct,
) -> None:
    """A stranger who uses a signed-in browser can make as many guesses on this route as at the sign-in."""
    direct.sign_in()
    statuses = [change(direct, password=WRONG).status for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert direct.sign_in(password=PASSWORD).status == 429
    assert direct.grace.password == PASSWORD


@pytest.mark.parametrize("new", ["short", " spaces around it ", "x" * 257])
def test_a_new_password_that_may_not_be_one_costs_no_attempt(direct: Direct, new: str) -> None:
    """The server does not call Cognito."""
    direct.sign_in()
    asked = direct.pool.called("admin_initiate_auth")
    answer = change(direct, new_password=new)
    assert answer.status == 400
    assert direct.pool.called("admin_initiate_auth") == asked


def test_with_a_second_factor_the_password_alone_changes_the_password(direct: Direct) -> None:
    """The person used the second factor at the sign-in. The second factor stays on."""
    direct.sign_in()
    direct.with_totp()
    assert change(direct).status == 200
    assert direct.sign_in(password=NEW).json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"


@pytest.mark.security("S-83")
def test_without_a_living_session_nothing_changes(direct: Direct) -> None:
    """The browser has no session, an ended session, or a session of a provider's person."""
    assert change(direct).json()["error"] == "no_session"
    direct.sign_in()
    for row in direct.world.dynamodb.items("gatehouse-dev-sessions"):
        direct.world.dynamodb.delete("gatehouse-dev-sessions", row)
    assert change(direct).json()["error"] == "session_expired"
    assert SESSION_COOKIE not in direct.browser.cookies
    federated = direct.world.browser()
    direct.world.sign_in(federated)
    assert change(direct, federated).json()["error"] == "managed_by_provider"
    assert direct.grace.password == PASSWORD


@pytest.mark.security("S-68")
def test_it_proves_no_mailbox(direct: Direct) -> None:
    """A person who knows the password may have no access to the mailbox. For this reason, a password from this route
    does not allow linking."""
    direct.sign_in()
    assert change(direct).status == 200
    (record,) = direct.world.users().values()
    assert "provedAt" not in record
    assert record["validAfter"]


def test_the_state_of_the_second_factor_is_the_pools(direct: Direct, world: World) -> None:
    """The route reads the state of the second factor from the pool. The token identifies the person."""
    direct.sign_in()
    claims = {
        "sub": direct.grace.sub, "username": direct.grace.username, "token_use": "access",
        "client_id": world.settings.client_id, "scope": "api/read",
    }  # fmt: skip
    claims = {**CLAIMS, **claims}
    assert direct.browser.get("/me/second-factor", claims=claims).json() == {
        "on": False,
        "factors": [],
    }
    direct.with_totp()
    answer = direct.browser.get("/me/second-factor", claims=claims)
    assert answer.json() == {
        "on": True,
        "factors": ["SOFTWARE_TOKEN_MFA"],
        "recovery_codes": {"left": 0, "used_at": None},
    }
    other = {**claims, "sub": "somebody-else"}
    assert direct.browser.get("/me/second-factor", claims=other).status == 404
    assert EMAIL not in answer.body


def test_providers_of_an_account_are_called_by_their_labels(
    world: World, signed_in: Browser
) -> None:
    """The response contains the labels of the first provider and of all linked providers. If the table is unavailable,
    it contains the names of the providers instead."""
    found = signed_in.get("/me", claims=CLAIMS).json()["providers"]
    assert found == [{"name": "Okta", "label": "Acme Okta"}]
    world.restart()
    world.dynamodb.faults["providers"] = DOWN
    found = signed_in.get("/me", claims=CLAIMS).json()["providers"]
    assert found == [{"name": "Okta", "label": "Okta"}]


@pytest.mark.security("S-85")
def test_nothing_changes_while_other_sessions_cannot_be_ended(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If old sessions continued after the change, people would wrongly feel safe."""

    def refuse(**_: Any) -> None:
        raise DOWN

    other = direct.world.browser()
    direct.sign_in(browser=other)
    direct.sign_in()
    with monkeypatch.context() as down:
        down.setattr(direct.world.dynamodb, "query", refuse)
        assert change(direct).status == 503
    assert direct.sign_in(password=PASSWORD, browser=direct.world.browser()).status == 200
    assert change(direct).status == 200
    assert direct.post("refresh", other).status == 401


@pytest.mark.security("S-85")
def test_what_is_left_after_the_new_password_is_in_the_log(
    direct: Direct, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody may sign in with the old password during the change. So the server deletes the rows again after the
    change."""
    direct.sign_in()
    direct.world.clock.advance(60)
    query, asked = direct.world.dynamodb.query, []

    def fail_later(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) > 1:
            raise DOWN
        return query(**arguments)

    monkeypatch.setattr(direct.world.dynamodb, "query", fail_later)
    assert change(direct).status == 200
    assert "sessions_not_ended" in capsys.readouterr().out


@pytest.mark.security("S-71")
def test_a_browser_known_by_the_old_password_is_a_stranger(direct: Direct) -> None:
    """Records of earlier releases have no `provedAt`, the time of the last proof of the mailbox. For these records, the
    server uses the time at which all sessions ended."""
    passkeys = Passkeys(direct)
    passkeys.set_up()
    known = direct.browser
    table = direct.world.settings.users_table
    (row,) = direct.world.dynamodb.items(table).values()
    direct.world.dynamodb.put(table, {key: each for key, each in row.items() if key != "provedAt"})
    owner = direct.world.browser()
    direct.sign_in(browser=owner)
    direct.world.clock.advance(60)
    assert passkeys.ask(None, known).json()["challenge"]["options"]["allowCredentials"]
    assert change(direct, owner).status == 200
    direct.world.clock.advance(5)
    assert passkeys.ask(None, known).json() == {"challenge": None}
