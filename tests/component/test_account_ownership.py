"""Tests that an account belongs to the person who can read its mailbox, even if a stranger signed up first (S-67)."""

import threading
from typing import Any

import pytest

from app import gate
from chalicelib.gatehouse.cognito.sign_up_mark import KEY, build_mark
from chalicelib.gatehouse.cognito.user_admin import UserAdmin
from chalicelib.gatehouse.errors import TemporarilyUnavailable
from chalicelib.gatehouse.store.locks import AddressLocks
from chalicelib.gatehouse.triggers.entry import TriggerFailed
from tests.component.direct import PASSWORD, SESSION_COOKIE, Direct
from tests.component.test_direct_accounts import NAMES, NEW, NEW_PASSWORD, confirm, sign_up
from tests.component.world import CLIENT_SECRET, SECRET_ARN
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.browser import LambdaContext
from tests.doubles.pool_users import PoolUser
from tests.events import load_event

STRANGERS_PASSWORD = "the stranger's own 1"
STRANGERS_NAMES = {"given_name": "Mallory", "family_name": "Stranger"}


def strangers_account(direct: Direct, email: str = NEW) -> PoolUser:
    """Return an account with a stranger's password and names. The stranger created the account on Cognito's page, or
    under an earlier release."""
    user = PoolUser(email, STRANGERS_PASSWORD, status="UNCONFIRMED", **STRANGERS_NAMES)
    direct.pool.add(user)
    row = {"userName": user.username, "Email": email, "status": "PENDING", **STRANGERS_NAMES}
    table = direct.world.settings.users_table
    direct.world.dynamodb.put(table, {name: {"S": value} for name, value in row.items()})
    return user


def assert_owner_has_it(direct: Direct) -> None:
    """Check that the account has the password and the names of the owner, and exactly one record."""
    assert direct.sign_in(NEW, STRANGERS_PASSWORD, direct.world.browser()).status == 401
    mine = direct.sign_in(NEW)
    assert mine.status == 200
    user = mine.json()["user"]
    assert (user["given_name"], user["family_name"]) == tuple(NAMES.values())
    (row,) = [row for row in direct.world.users().values() if row["Email"] == NEW]
    assert (row["status"], row["given_name"], bool(row["provedAt"])) == (
        "CONFIRMED",
        "Katherine",
        True,
    )


@pytest.mark.security("S-67")
@pytest.mark.parametrize(
    "more", [{}, NAMES, {"code": "123456"}, {"given_name": 7}], ids=lambda more: "+".join(more)
)
@pytest.mark.parametrize("password", [PASSWORD, "", None, 7])
def test_no_password_is_taken_before_the_code(direct: Direct, password: Any, more: Any) -> None:
    answer = direct.post("direct/sign-up", email=NEW, password=password, **more)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert direct.world.functions.events == []


@pytest.mark.security("S-67")
@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_whoever_signs_up_first_the_mailboxs_owner_gets_the_account(
    direct: Direct, first: str
) -> None:
    """A stranger can request more mails, but all mails go to the owner. The owner's mailbox receives every code."""
    stranger, owner = direct.world.browser(), direct.browser
    stranger.source_ip = "198.51.100.9"
    order = [stranger, owner] if first == "stranger" else [owner, stranger]
    for browser in order:
        assert sign_up(direct, NEW, browser).status == 200
    assert {destination for destination, _, _ in direct.pool.sent} == {NEW}
    guess = confirm(direct, NEW, stranger, password=STRANGERS_PASSWORD, **STRANGERS_NAMES)
    assert guess.status == 400
    assert confirm(direct, NEW, code=direct.pool.last_code("sign-up")).status == 200
    assert_owner_has_it(direct)
    assert len(direct.pool.users) == 2  # Grace's account, and the owner's account


@pytest.mark.security("S-67")
def test_an_honest_person_may_sign_up_twice(direct: Direct) -> None:
    """The code from the second mail confirms the account. The account gets the last password that the person
    entered."""
    sign_up(direct)
    sign_up(direct)
    assert (
        confirm(direct, code=direct.pool.last_code("sign-up"), password=NEW_PASSWORD).status == 200
    )
    assert direct.sign_in(NEW, NEW_PASSWORD).status == 200
    assert len([row for row in direct.world.users().values() if row["Email"] == NEW]) == 1


@pytest.mark.security("S-67")
@pytest.mark.parametrize("request_path", ["sign-up", "resend-code", "forgot-password"])
def test_an_account_that_our_server_did_not_make_starts_afresh(
    direct: Direct, request_path: str
) -> None:
    """A stranger already has an account with the address, with a password, names and a code. Our server deletes the
    account and its record, and creates a new account."""
    old = strangers_account(direct)
    old_code = old.new_code("sign-up", direct.world.clock())
    assert direct.post(f"direct/{request_path}", email=NEW).status == 200
    assert old not in direct.pool.users
    assert old.username not in direct.world.users()
    new_code = direct.pool.last_code("sign-up")
    if old_code != new_code:
        assert confirm(direct, code=old_code).status == 400
    assert confirm(direct, code=new_code).status == 200
    assert_owner_has_it(direct)


@pytest.mark.security("S-67")
@pytest.mark.parametrize("path", ["confirm", "reset-password"])
def test_such_an_account_cannot_be_confirmed_here(direct: Direct, path: str) -> None:
    """The test enters the code of the stranger's account. The server refuses the code."""
    old = strangers_account(direct)
    code = old.new_code("sign-up", direct.world.clock())
    body = {"email": NEW, "code": code, "password": PASSWORD, **NAMES}
    assert direct.post(f"direct/{path}", **body).status == 400
    assert old.status == "UNCONFIRMED"
    assert direct.sign_in(NEW, STRANGERS_PASSWORD).status == 401


@pytest.mark.security("S-67")
def test_an_account_that_is_confirmed_meanwhile_is_not_removed(
    direct: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cognito's page ignores our lock of an address. For this reason, our server reads the account's status again
    before it deletes the account."""
    old = strangers_account(direct)
    find = UserAdmin.find

    def found_then_confirmed(self: UserAdmin, name: str) -> Any:
        found = find(self, name)
        old.status = "CONFIRMED"
        return found

    monkeypatch.setattr(UserAdmin, "find", found_then_confirmed)
    assert sign_up(direct).status == 200
    assert old in direct.pool.users


@pytest.mark.security("S-67")
def test_an_unfinished_sign_up_is_finished_by_a_forgotten_password(direct: Direct) -> None:
    """The person requests a new password before the sign-up is complete. The server mails a sign-up code, and the form
    for a new password accepts this code."""
    sign_up(direct)
    direct.pool.sent.clear()
    assert direct.post("direct/forgot-password", email=NEW).status == 200
    assert [kind for _, kind, _ in direct.pool.sent] == ["sign-up"]
    body = {"email": NEW, "code": direct.pool.last_code("sign-up"), "password": NEW_PASSWORD}
    assert direct.post("direct/reset-password", **body).status == 200
    assert direct.sign_in(NEW, NEW_PASSWORD).status == 200


@pytest.mark.security("S-67")
def test_who_has_an_account_and_signs_up_gets_a_new_password(direct: Direct) -> None:
    """A person with an account signs up again. The form then sets the new password and the new names, and ends all
    earlier sessions."""
    grace = direct.grace.email
    direct.sign_in()
    elsewhere = direct.world.browser()
    assert sign_up(direct, grace, elsewhere).status == 200
    assert [kind for _, kind, _ in direct.pool.sent] == ["reset"]
    code = direct.pool.last_code("reset")
    assert confirm(direct, grace, elsewhere, code=code, password=NEW_PASSWORD).status == 200
    assert direct.browser.post("/auth/refresh").status == 401
    assert SESSION_COOKIE not in direct.browser.cookies
    answer = direct.sign_in(grace, NEW_PASSWORD, elsewhere)
    assert answer.json()["user"]["given_name"] == "Katherine"


@pytest.mark.security("S-67")
def test_a_reset_keeps_the_second_factor_and_a_linked_persons_names(direct: Direct) -> None:
    """The second factor still belongs to the owner. The names of a linked person stay the same, because the provider
    manages them."""
    direct.with_totp()
    direct.grace.identities.append(("Okta", "00uGrace"))
    grace = direct.grace.email
    sign_up(direct, grace)
    assert confirm(direct, grace, code=direct.pool.last_code("reset")).status == 200
    answer = direct.sign_in(grace)
    assert answer.json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"
    assert direct.grace.given_name == "Grace"


@pytest.mark.security("S-67")
def test_whoever_gave_the_old_password_before_a_reset_does_not_get_in_after_it(
    direct: Direct,
) -> None:
    """A stranger enters the old password, but not yet the code of the second step. Then the owner resets the
    password."""
    direct.with_totp()
    stranger = direct.world.browser()
    assert direct.sign_in(browser=stranger).json()["challenge"]["name"] == "SOFTWARE_TOKEN_MFA"
    direct.world.clock.advance(5)
    table, name = direct.world.settings.users_table, direct.grace.username
    direct.world.dynamodb.put(table, {"userName": {"S": name}, "sub": {"S": direct.grace.sub}})
    direct.post("direct/forgot-password", email=direct.grace.email)
    body = {
        "email": direct.grace.email,
        "code": direct.pool.last_code("reset"),
        "password": NEW_PASSWORD,
    }
    assert direct.post("direct/reset-password", **body).status == 200
    late = direct.challenge("SOFTWARE_TOKEN_MFA", stranger, code=direct.totp())
    assert (late.status, late.json()["error"]) == (401, "challenge_expired")
    assert SESSION_COOKIE not in stranger.cookies
    direct.world.clock.advance(30)
    assert direct.sign_in(password=NEW_PASSWORD).json()["challenge"]
    assert direct.challenge("SOFTWARE_TOKEN_MFA", code=direct.totp()).status == 200


STEPS = ["admin_update_user_attributes", "admin_set_user_password"]


@pytest.mark.security("S-67")
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_the_code_leaves_an_account_that_the_next_code_finishes(
    direct: Direct, step: str
) -> None:
    """After the crash, the code is used up, and the account has no password. The owner requests another code, and this
    code works."""
    sign_up(direct)
    code = direct.pool.last_code("sign-up")
    direct.pool.fail(step, client_error("InternalErrorException"))
    assert confirm(direct, code=code).status == 503
    assert direct.sign_in(NEW).status == 401
    assert confirm(direct, code=code).status == 400
    assert direct.post("direct/resend-code", email=NEW).status == 200
    assert confirm(direct, code=direct.pool.last_code("reset")).status == 200
    assert_owner_has_it(direct)


@pytest.mark.security("S-67")
def test_a_sign_up_does_not_cross_a_confirmation(direct: Direct) -> None:
    """While somebody confirms an address, the address is locked. A sign-up with the same address waits until the
    owner's account is complete."""
    sign_up(direct)
    ((_, event),) = direct.world.functions.events
    barred: list[str] = []
    trigger = direct.pool.trigger

    def in_the_middle(source: str, user: PoolUser, metadata: Any) -> None:
        trigger(source, user, metadata)
        if source == "PostConfirmation_ConfirmSignUp":
            with pytest.raises(TemporarilyUnavailable), _locks(direct).held(event["lock"], 0):
                raise AssertionError("two at once")
            barred.append(source)

    direct.pool.trigger = in_the_middle
    assert confirm(direct, code=direct.pool.last_code("sign-up")).status == 200
    assert barred == ["PostConfirmation_ConfirmSignUp"]


def _locks(direct: Direct) -> AddressLocks:
    world = direct.world
    return AddressLocks(
        world.dynamodb, world.settings.throttle_table, world.clock, lambda: b"", lambda _: None
    )


# Proof that a person reads the mailbox (S-68) -------------------------------------------------------


def proved(direct: Direct, user: PoolUser) -> bool:
    return bool(direct.world.users().get(user.username, {}).get("provedAt"))


@pytest.mark.security("S-68")
def test_a_reset_and_the_first_password_after_an_invitation_prove_the_mailbox(
    direct: Direct,
) -> None:
    """If somebody sets a password in another way, the password does not prove access to the mailbox, even after many
    sign-ins."""
    direct.sign_in()
    assert not proved(direct, direct.grace)
    direct.post("direct/forgot-password", email=direct.grace.email)
    code = direct.pool.last_code("reset")
    body = {"email": direct.grace.email, "code": code, "password": NEW_PASSWORD}
    assert direct.post("direct/reset-password", **body).status == 200
    assert proved(direct, direct.grace)

    invited = direct.pool.add(
        PoolUser("hired@example.org", PASSWORD, status="FORCE_CHANGE_PASSWORD")
    )
    browser = direct.world.browser()
    assert direct.sign_in(invited.email, PASSWORD, browser).json()["challenge"]
    assert not proved(direct, invited)
    assert (
        direct.challenge("NEW_PASSWORD_REQUIRED", browser, password="a third good one").status
        == 200
    )
    assert proved(direct, invited)


@pytest.mark.security("S-68")
def test_nobody_writes_the_proof_for_himself(direct: Direct) -> None:
    """The proof of the mailbox cannot be set through a route, and cannot be set through an attribute of the pool."""
    for event in ("PostConfirmation_ConfirmSignUp", "PostAuthentication_Authentication"):
        sent = load_event(event)
        sent["request"]["userAttributes"]["provedAt"] = "2000-01-01T00:00:00.000Z"
        sent["request"]["userAttributes"]["custom:provedAt"] = "2000-01-01T00:00:00.000Z"
        sent["request"]["clientMetadata"] = {"provedAt": "2000-01-01T00:00:00.000Z"}
        gate.user_records(sent, LambdaContext())
    assert not any("provedAt" in row for row in direct.world.users().values())


# Cognito's own sign-up page -------------------------------------------------------------------

ADDRESS = load_event("PreSignUp_SignUp")["request"]["userAttributes"]["email"]
UNMARKED: dict[str, Any] = {
    "nothing": None,
    "empty": {},
    "another member": {"other": "x"},
    "an empty mark": {KEY: ""},
    "not text": {KEY: 7},
    "not ASCII": {KEY: "ä"},
    "of another address": {KEY: build_mark("somebody@example.org", CLIENT_SECRET)},
    "by another secret": {KEY: build_mark(ADDRESS, "another secret")},
    "no object": "gatehouse",
}


@pytest.mark.security("S-67")
@pytest.mark.parametrize("metadata", UNMARKED.values(), ids=UNMARKED)
def test_cognitos_page_makes_no_account_where_ours_does(direct: Direct, metadata: Any) -> None:
    """Cognito's page accepts a password before the address is verified. To its own sign-ups, our server adds a mark,
    which is an HMAC. The trigger refuses every sign-up without a valid mark."""
    event = load_event("PreSignUp_SignUp")
    event["request"]["clientMetadata"] = metadata
    with pytest.raises(TriggerFailed, match=r"^GATEHOUSE_REFUSED: "):
        gate.user_records(event, LambdaContext())
    assert direct.world.users() == {}


@pytest.mark.security("S-67")
def test_the_mark_is_known_by_a_container_that_read_the_secret_before_its_rotation(
    direct: Direct,
) -> None:
    """The mark of a sign-up is an HMAC of the address. Upper and lower case give the same mark, because the pool
    ignores case."""
    sign_up(direct, "first@example.org")
    new_secret = "a-rotated-secret-0123456789abcdef"
    direct.world.secrets.put(SECRET_ARN, {"client_secret": new_secret})
    direct.world.clock.advance(31)  # longer than the container caches the secret
    event = load_event("PreSignUp_SignUp")
    event["request"]["clientMetadata"] = {KEY: build_mark(ADDRESS.upper(), new_secret)}
    gate.user_records(event, LambdaContext())
    assert event["userName"] in direct.world.users()


def test_where_cognitos_page_signs_people_up_no_mark_is_asked_for(direct: Direct) -> None:
    """DIRECT_SIGN_IN is `managed`, so people sign up on Cognito's page. docs/security.md describes the remaining
    risk."""
    direct.restart(direct_sign_in="managed")
    gate.user_records(load_event("PreSignUp_SignUp"), LambdaContext())
    (row,) = direct.world.users().values()
    assert (row["status"], "madeBy" in row) == ("PENDING", False)


# The lock of an address -----------------------------------------------------------------------


def test_a_lock_is_one_at_a_time_and_opens_by_itself(direct: Direct) -> None:
    """If a request crashes, its lock expires, and another request can then lock the address. A request whose lock has
    expired cannot release a newer lock."""
    locks, clock = _locks(direct), direct.world.clock
    with locks.held("lock/1", 0):
        with pytest.raises(Exception, match="is running"), locks.held("lock/1", 1):
            raise AssertionError("two at once")
        with locks.held("lock/2", 0):
            pass
        clock.advance(31)
        with locks.held("lock/1", 0):
            pass
    with locks.held("lock/1", 0):
        pass


def test_many_at_once_get_a_lock_one_after_the_other(direct: Direct) -> None:
    inside, most = 0, 0
    gate = threading.Barrier(8)

    def work() -> None:
        nonlocal inside, most
        gate.wait()
        with _locks(direct).held("lock/1", 1000):
            inside += 1
            most = max(most, inside)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lock_that_cannot_be_given_up_undoes_nothing(direct: Direct) -> None:
    """If a request cannot release its lock, the lock expires later. If a request cannot acquire the lock, the request
    does not start its work."""
    locks = _locks(direct)
    with locks.held("lock/1", 0):
        direct.world.dynamodb.fault = connect_timeout()
    with pytest.raises(Exception, match="ConnectTimeout"), locks.held("lock/2", 0):
        raise AssertionError("not locked")
