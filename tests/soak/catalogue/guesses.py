"""Catalogue entries: limits on guesses and mails, values that work once, the definition of an address (S-41, S-43,
S-71, S-72, S-74)."""

import re
import unicodedata
from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, value, wrapped

_THROTTLE = "chalicelib.gatehouse.store.throttle"
_ATTEMPTS = "chalicelib.gatehouse.flows.attempts:Attempts"
_MFA = "chalicelib.gatehouse.flows.mfa:Mfa"
_MARKS = "chalicelib.gatehouse.store.marks:MarkStore"
_MAILS = "chalicelib.gatehouse.store.daily_mails:DailyMails"


def _own_allowance(account_of: Any, self: Any, email: str, visitor: Any) -> str:
    allowance = str(account_of(self, email, visitor))
    return f"{allowance}\n{visitor.device_cookie}" if "\n" in allowance else allowance


def _folded(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _marked_when_down(set_mark: Any, *args: Any) -> str | None:
    from chalicelib.gatehouse.errors import TemporarilyUnavailable

    try:
        return None if set_mark(*args) is None else "somebody"
    except TemporarilyUnavailable:
        return "somebody"


GUESSES: tuple[Defence, ...] = (
    defence(
        "known-browsers-share-a-allowance",
        "S-71",
        "each browser that is known to an account has its own allowance of guesses",
        (f"{_ATTEMPTS}.account_of", wrapped(_own_allowance)),
    ),
    defence(
        "a-new-password-makes-strangers",
        "S-71",
        "browsers stay known after a new password is set",
        (f"{_ATTEMPTS}._is_current", answering(True)),
    ),
    defence(
        "a-reset-forgets-both-allowances",
        "S-71",
        "after a password reset, known browsers are still paused",
        (
            f"{_ATTEMPTS}.forget",
            reading(("forget_account(kind, _known(account))", "_key('', '', '')")),
        ),
    ),
    defence(
        "two-step-settings-on-the-accounts-allowance",
        "S-71",
        "the settings of two-step verification give five more guesses at the password",
        (
            f"{_MFA}.set_up",
            reading(("self._attempts.account_of(email, visitor)", "session.username")),
        ),
        (
            f"{_MFA}.disable",
            reading(("self._attempts.account_of(email, visitor)", "session.username")),
        ),
    ),
    defence(
        "accounts-as-fine-as-the-pools",
        "S-71",
        "two accounts whose addresses are different in the pool share a counter, so success at one clears the other's",
        (f"{_THROTTLE}:canonical_account", value(_folded)),
    ),
    defence(
        "steps-serve-once",
        "S-74",
        "a finished challenge gives a second session",
        (f"{_ATTEMPTS}.step_once", reading(("if not fresh", "if False"))),
    ),
    defence(
        "app-codes-serve-once",
        "S-74",
        "an authenticator app's code works as often as Cognito accepts it",
        (f"{_ATTEMPTS}.app_code_once", reading(("if not fresh", "if False"))),
    ),
    defence(
        "marks-are-atomic",
        "S-74",
        "if several responses write a single-use mark at the same time, all are accepted",
        (f"{_MARKS}.set", reading(("return None", "return holder"))),
    ),
    defence(
        "marks-fail-closed",
        "S-74",
        "while the throttle's table fails, codes work twice",
        (f"{_MARKS}.set", wrapped(_marked_when_down)),
    ),
    defence(
        "what-fails-bars-nothing",
        "S-74",
        "a correct code is refused after an outage",
        (f"{_MARKS}.take_off", nothing),
    ),
    defence(
        "mails-of-the-stage",
        "S-41",
        "many sources together can have any number of mails sent",
        (f"{_MAILS}.take", nothing),
    ),
    defence(
        "mails-of-the-stage-atomic",
        "S-41",
        "if several mails are requested at the same time, only one is counted but all are sent",
        (f"{_MAILS}._write", reading(("return False", "return True"))),
    ),
    defence(
        "few-mails-a-source",
        "S-41",
        "one source can use up the stage's mails of a day",
        (f"{_THROTTLE}:FREE_ATTEMPTS_SOURCE_OF", value({"mail": 50})),
    ),
    defence(
        "addresses-only-at-the-form",
        "S-43 S-72",
        "our form passes any text on to the pool as an address",
        ("chalicelib.gatehouse.edge.bodies:parse_address", value(lambda text: text)),
    ),
    defence(
        "addresses-only-in-the-trigger",
        "S-72",
        "Cognito's own page creates accounts for addresses with unusual syntax",
        ("chalicelib.gatehouse.sign_up_rules:parse_address", value(lambda text: text)),
    ),
    defence(
        "no-routes-in-addresses",
        "S-72",
        "an address in an allowed domain may contain a route to another mail server",
        ("chalicelib.gatehouse.email_domains:_ROUTE", value(re.compile("(?!)"))),
    ),
    defence(
        "domains-by-uts46",
        "S-72",
        "the Unicode form and the ASCII form of a domain are treated as two domains",
        (
            "chalicelib.gatehouse.email_domains:parse_domain",
            reading(('not text.isascii() or "xn--" in text.lower()', "False")),
        ),
    ),
    defence(
        "lists-in-either-spelling",
        "S-72",
        "a domain in its Unicode form in a list matches no address",
        ("chalicelib.gatehouse.sign_up_rules:parse_full_domain", value(str.lower)),
    ),
    defence(
        "domains-that-cannot-be-told",
        "S-72",
        "a provider without domains may send addresses with an invalid domain",
        (
            "chalicelib.gatehouse.store.providers:ProviderStore.refuse_address",
            reading(("if names and email and not email_domain(email)", "if False")),
        ),
    ),
)
