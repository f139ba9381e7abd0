"""Catalogue entries: direct sign-in, throttling, challenges, passwords (S-39 … S-47)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from tests.soak.defence import Defence, answering, defence, nothing, reading, value, wrapped
from tests.soak.template import template_with

_THROTTLE = "chalicelib.gatehouse.store.throttle"
_DIRECT = "chalicelib.gatehouse.flows.direct_sign_in:DirectSignIn"
_CHALLENGES = "chalicelib.gatehouse.sealed.challenges:Challenges"


def _source_by_header(origin: Any) -> Any:
    def believing(call: Any) -> Any:
        told, found = call.header("x-forwarded-for"), origin.fget(call)
        return replace(found, ip=told.split(",")[0].strip()) if told else found

    return property(believing)


def _telling_why(init: Any, self: Any, detail: str = "", **named: Any) -> None:
    init(self, detail, **named)
    self.message = f"{type(self).message} {detail}"


def _but_challenges(take: Any, self: Any, kind: str, account: Any, source: str) -> None:
    if kind != "challenge":
        take(self, kind, account, source)


def _stripped(sign_in: Any, self: Any, username: str, password: str, origin: Any) -> Any:
    return sign_in(self, username, password.strip(), origin)


def _account_only(allowances: Any, self: Any, kind: str, account: Any, source: str) -> Any:
    return allowances(self, kind, account, source)[1:]


def _source_only(allowances: Any, self: Any, kind: str, account: Any, source: str) -> Any:
    return allowances(self, kind, account, source)[:1]


@contextmanager
def _late_guard(self: Any, kind: str, account: Any, source: str) -> Iterator[None]:
    yield
    self._throttle.take(kind, account, source)


def _open_when_down(take: Any, *args: Any) -> None:
    from chalicelib.gatehouse.errors import TemporarilyUnavailable

    with suppress(TemporarilyUnavailable):
        take(*args)


def _any_challenge(read_step: Any, step: Any) -> Any:
    from chalicelib.gatehouse.errors import UnsupportedChallenge
    from chalicelib.gatehouse.flows.challenge_steps import Asked

    try:
        return read_step(step)
    except UnsupportedChallenge:
        return Asked(step.challenge, {"name": step.challenge})


ACCOUNTS: tuple[Defence, ...] = (
    defence(
        "federated-people-have-no-password",
        "S-39 S-40",
        "a person of an identity provider can sign in with a password",
        ("chalicelib.gatehouse.flows.direct_sign_in:is_federated_only", answering(False)),
    ),
    defence(
        "one-answer-to-every-refusal",
        "S-40",
        "a refused sign-in says why",
        ("chalicelib.gatehouse.errors:InvalidCredentials.__init__", wrapped(_telling_why)),
    ),
    defence(
        "throttle",
        "S-41",
        "guesses are not counted",
        (f"{_THROTTLE}:ThrottleStore.take", nothing),
    ),
    defence(
        "throttle-per-account",
        "S-41",
        "guesses are counted only per source",
        (f"{_THROTTLE}:ThrottleStore._allowances", wrapped(_source_only)),
    ),
    defence(
        "throttle-per-source",
        "S-41",
        "guesses are counted only per account",
        (f"{_THROTTLE}:ThrottleStore._allowances", wrapped(_account_only)),
    ),
    defence(
        "throttle-atomic",
        "S-41",
        "if several attempts write a counter at the same time, only one is counted but all are allowed",
        (f"{_THROTTLE}:ThrottleStore._write", reading(("return False", "return True"))),
    ),
    defence(
        "throttle-before-cognito",
        "S-41",
        "Cognito checks the password before the throttle counts the attempt",
        (
            "chalicelib.gatehouse.flows.attempts:Attempts.guarded",
            value(_late_guard),
        ),
    ),
    defence(
        "throttle-fails-closed",
        "S-41",
        "while the throttle's table fails, guesses are not limited",
        (f"{_THROTTLE}:ThrottleStore.take", wrapped(_open_when_down)),
        tests=("tests/component/test_direct_throttle.py",),
    ),
    defence(
        "source-from-the-gateway",
        "S-42",
        "the caller's address is taken from X-Forwarded-For",
        ("chalicelib.gatehouse.routes.call:Call.visitor", _source_by_header),
    ),
    defence(
        "ipv6-networks",
        "S-42",
        "each of the 2^64 addresses of an IPv6 network has its own allowance of attempts",
        (f"{_THROTTLE}:canonical_source", value(lambda address: address)),
    ),
    defence(
        "canonical-accounts",
        "S-43",
        "each spelling of an address has its own allowance of attempts",
        (f"{_THROTTLE}:canonical_account", value(lambda email: email)),
    ),
    defence(
        "throttle-holds-no-addresses",
        "S-43",
        "the throttle's table contains addresses in plain text",
        (
            f"{_THROTTLE}:ThrottleStore._key",
            value(lambda self, kind, scope, text: f"{kind}/{scope}/{text}"),
        ),
    ),
    defence(
        "pauses-end",
        "S-44",
        "a pause can grow to two days",
        (f"{_THROTTLE}:LONGEST_PAUSE_SECONDS", value(172_800)),
    ),
    defence(
        "known-devices",
        "S-44",
        "a stranger's wrong guesses also pause the account's owner",
        ("chalicelib.gatehouse.sealed.devices:Devices.recognise", answering(None)),
    ),
    defence(
        "challenge-names-allowlisted",
        "S-45",
        "every kind of challenge is passed on to the page",
        ("chalicelib.gatehouse.flows.challenge_steps:read_step", wrapped(_any_challenge)),
    ),
    defence(
        "challenge-answered-as-asked",
        "S-45",
        "the page chooses which challenge it answers",
        (f"{_DIRECT}.answer", reading(("given.name != public_name(challenge.name)", "False"))),
    ),
    defence(
        "challenges-throttled",
        "S-45",
        "a challenge's codes can be guessed without limit",
        (f"{_THROTTLE}:ThrottleStore.take", wrapped(_but_challenges)),
    ),
    defence(
        "challenges-expire",
        "S-45",
        "a challenge's cookie never expires",
        (
            f"{_CHALLENGES}._open",
            reading(("waiting.expires_at <= self._clock()", "False")),
        ),
    ),
    defence(
        "enrolment-of-the-same-person",
        "S-45",
        "an authenticator app can be set up in another person's session",
        (
            "chalicelib.gatehouse.flows.reauthentication:Reauthentication.resumed",
            reading(("enrolment.sub != session.sub", "False")),
        ),
    ),
    defence(
        "passwords-byte-exact",
        "S-46",
        "spaces around a password are dropped",
        ("chalicelib.gatehouse.cognito.user_pool_api:UserPoolApi.sign_in", wrapped(_stripped)),
    ),
    defence(
        "passwords-bounded",
        "S-46",
        "passwords of any length reach Cognito",
        ("chalicelib.gatehouse.routes.direct:_MAX_PASSWORD", value(1_000_000)),
    ),
    defence(
        "old-session-revoked",
        "S-47",
        "a new sign-in does not end the session that it replaces",
        (
            "chalicelib.gatehouse.flows.new_session:NewSessions._end_replaced_session",
            nothing,
        ),
    ),
    defence(
        "captcha-verified",
        "S-41",
        "any text is accepted as a solved CAPTCHA",
        ("chalicelib.gatehouse.captcha:SiteVerify.verify", answering(True)),
        tests=("tests/component/test_direct_captcha.py", "tests/unit/test_captcha.py"),
    ),
    defence(
        "captcha-solved-on-our-page",
        "S-41",
        "a CAPTCHA that was solved on another site is accepted",
        (
            "chalicelib.gatehouse.captcha:SiteVerify.verify",
            reading(("solved_on in _UNTOLD or solved_on == hostname", "True")),
        ),
        tests=("tests/unit/test_captcha.py",),
    ),
    defence(
        "long-passwords",
        "S-65",
        "the pool accepts passwords of eight characters",
        ("ops.identity_stack:TEMPLATE", template_with("MinimumLength: 12", "MinimumLength: 8")),
    ),
)
