"""Catalogue entries: the owner of an account, sign-up, mailed codes, proofs (S-40, S-67, S-68, S-73)."""

from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, wrapped

_ACCOUNTS = "chalicelib.gatehouse.flows.accounts:Accounts"
_MAIL = "chalicelib.gatehouse.flows.account_mail:AccountMail"
_LOCKS = "chalicelib.gatehouse.store.locks:AddressLocks"
_USERS = "chalicelib.gatehouse.store.users:UserStore"
_TESTS = ("tests/component/test_account_ownership.py", "tests/component/test_direct_accounts.py")


def _asked_first(send_code: Any, self: Any, kind: str, **named: Any) -> None:
    self._user_admin.find(named["email"])
    send_code(self, kind, **named)


OWNERSHIP: tuple[Defence, ...] = (
    defence(
        "only-marked-sign-ups",
        "S-67",
        "Cognito's own page creates accounts, too, with a password that a stranger chooses",
        ("chalicelib.gatehouse.triggers.user_records:_refuse_unmarked", nothing),
        tests=_TESTS,
    ),
    defence(
        "the-mark-is-of-one-address",
        "S-67",
        "sign-ups with any mark are accepted",
        ("chalicelib.gatehouse.triggers.user_records:has_mark", answering(True)),
        tests=_TESTS,
    ),
    defence(
        "only-our-accounts-are-confirmed",
        "S-67",
        "an account that a stranger made at Cognito's page is confirmed by its mailed code",
        (f"{_USERS}.is_ours", answering(True)),
        tests=_TESTS,
    ),
    defence(
        "strangers-accounts-are-removed",
        "S-67",
        "the code is mailed again for an unconfirmed account with a stranger's password",
        (f"{_MAIL}._remove", nothing),
        tests=_TESTS,
    ),
    defence(
        "confirmed-accounts-are-not-removed",
        "S-67",
        "an account that has just been confirmed is deleted",
        (f"{_MAIL}._remove", reading(("or again.status != UNCONFIRMED", ""))),
        tests=_TESTS,
    ),
    defence(
        "one-at-a-time-per-address",
        "S-67",
        "a sign-up and a confirmation of one address can run at the same time",
        (f"{_LOCKS}._take", answering(True)),
        tests=_TESTS,
    ),
    defence(
        "the-code-sets-the-password",
        "S-67",
        "the mailed code is accepted, but the new password is not set",
        ("chalicelib.gatehouse.cognito.user_admin:UserAdmin.set_password", nothing),
        tests=_TESTS,
    ),
    defence(
        "a-password-from-before-is-over",
        "S-67",
        "a sign-in that began with the old password can be finished after a reset",
        ("chalicelib.gatehouse.flows.new_session:NewSessions.refuse_ended", nothing),
        tests=_TESTS,
    ),
    defence(
        "a-proof-is-noted",
        "S-68",
        "the record does not say whether the mailbox's owner chose the password",
        (f"{_USERS}.record_proved", nothing),
        tests=_TESTS,
    ),
    defence(
        "mails-tell-nothing",
        "S-40",
        "if Cognito refuses a mail, the function fails and Lambda calls it again",
        (f"{_MAIL}.send", reading(("return\n", "raise\n"))),
        tests=_TESTS,
    ),
    defence(
        "mails-are-nobodys-wait",
        "S-73",
        "a request for a mail asks Cognito about the address before it answers",
        (f"{_ACCOUNTS}.send_code", wrapped(_asked_first)),
        tests=_TESTS,
    ),
)
