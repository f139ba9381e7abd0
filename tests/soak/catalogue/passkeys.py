"""Catalogue entries: passkeys (S-87 … S-92, S-102)."""

from dataclasses import replace
from typing import Any

from tests.soak.defence import Defence, defence, nothing, reading, wrapped

_ASK = "chalicelib.gatehouse.flows.passkey_sign_in:PasskeySignIn"
_DIRECT = "chalicelib.gatehouse.flows.direct_sign_in:DirectSignIn"
_OWN = "chalicelib.gatehouse.flows.passkeys:Passkeys"


def _anybodys(opened: Any, self: Any, session_cookie: Any, cookie: Any) -> Any:
    enrolment = self._challenges.open_enrolment(cookie, "passkeys")
    return self._again._living.open(session_cookie), enrolment


def _any_purpose(opened: Any, self: Any, value: Any, purpose: str = "") -> Any:
    for each in ("mfa-enrolment", "passkeys"):
        try:
            return opened(self, value, each)
        except Exception:  # noqa: BLE001 - the other one may fit
            continue
    return opened(self, value, purpose)


def _whoever_knows(known: Any, self: Any, visitor: Any) -> Any:
    device = self._devices.read(visitor.device_cookie)
    return device.account if device is not None else None


_sealed: list[str] = []


def _kept(seal: Any, self: Any, challenge: Any, **named: Any) -> Any:
    _sealed.append(seal(self, challenge, **named))
    return _sealed[-1]


def _of_any_browser(opened: Any, self: Any, value: Any) -> Any:
    return opened(self, value or _sealed[-1])


def _unpadded(seal: Any, self: Any, challenge: Any, *, even: bool = False) -> Any:
    return seal(self, replace(challenge))


PASSKEYS: tuple[Defence, ...] = (
    defence(
        "passkey-challenge-of-one-browser",
        "S-87",
        "a browser without the cookie can answer another person's challenge",
        ("chalicelib.gatehouse.sealed.challenges:Challenges.seal", wrapped(_kept)),
        ("chalicelib.gatehouse.sealed.challenges:Challenges.open", wrapped(_of_any_browser)),
    ),
    defence(
        "passkey-challenge-once",
        "S-88",
        "a passkey's challenge can be answered again",
        (
            "chalicelib.gatehouse.flows.attempts:Attempts.step_once",
            reading(("if not fresh", "if False")),
        ),
    ),
    defence(
        "passkey-challenge-once-when-refused",
        "S-88",
        "after a refused answer the challenge can be answered again",
        (
            f"{_DIRECT}.answer",
            reading(("once.close()  #", "pass  #"), ("once.close()\n", "pass\n")),
        ),
    ),
    defence(
        "passkey-ids-for-known-browsers",
        "S-89",
        "anybody who knows an address gets the ids of that person's passkeys",
        (
            f"{_ASK}._challenged",
            reading(("if options is not None and known", "if options is not None")),
        ),
    ),
    defence(
        "passkey-challenge-for-everybody",
        "S-89",
        "an address without a passkey gets no challenge",
        (f"{_ASK}._challenged", reading(("usable is None", "options is None"))),
    ),
    defence(
        "passkey-session-of-one-length",
        "S-89",
        "an invented challenge is shorter than Cognito's",
        (
            f"{_ASK}._challenged",
            reading(("self._session_length = len(step.session)", "pass")),
        ),
    ),
    defence(
        "passkey-one-log-line",
        "S-89",
        "only Cognito's own challenges are logged, and logging takes time",
        (f"{_ASK}._challenged", reading(("log_event(", "step.session and log_event("))),
    ),
    defence(
        "passkey-cookie-of-one-length",
        "S-89",
        "the length of the challenge cookie shows what it contains",
        ("chalicelib.gatehouse.sealed.challenges:Challenges.seal", wrapped(_unpadded)),
    ),
    defence(
        "passkey-domain",
        "S-90",
        "a challenge for another domain is passed on",
        (f"{_ASK}._options", reading(("domain != self._domain", "False"))),
    ),
    defence(
        "passkey-user-verification",
        "S-90",
        "passkeys work without user verification",
        (
            f"{_ASK}._challenged",
            reading(('"userVerification": "required"', '"userVerification": "preferred"')),
        ),
    ),
    defence(
        "passkeys-of-one-person",
        "S-91",
        "the next person at the browser can use the previous person's opened page",
        (f"{_OWN}._opened", wrapped(_anybodys)),
    ),
    defence(
        "passkeys-purpose",
        "S-91",
        "the set-up of an authenticator app opens the list of passkeys",
        ("chalicelib.gatehouse.sealed.challenges:Challenges.open_enrolment", wrapped(_any_purpose)),
    ),
    defence(
        "passkeys-tokens-revoked",
        "S-91",
        "the tokens for the list are not revoked when it is closed",
        (f"{_OWN}.close", nothing),
    ),
    defence(
        "passkey-throttle",
        "S-92",
        "requests for challenges are not limited",
        (
            f"{_ASK}.ask",
            reading(
                (
                    "self._attempts.guarded(PASSKEY, account, visitor.ip)",
                    "__import__('contextlib').nullcontext()",
                )
            ),
        ),
    ),
    defence(
        "passkey-autofill-until-a-new-password",
        "S-92",
        "a browser that was known under an earlier password is still offered the passkey",
        ("chalicelib.gatehouse.flows.attempts:Attempts.known_address", wrapped(_whoever_knows)),
    ),
    defence(
        "passkeys-end-with-a-reset",
        "S-102",
        "a passkey still works after a new password was set by mail",
        (f"{_DIRECT}._refuse_ended_passkey", nothing),
    ),
    defence(
        "passkeys-end-with-a-reset-elsewhere",
        "S-102",
        "a reset on managed login ends no passkey",
        ("chalicelib.gatehouse.triggers.user_records:_end_passkeys", nothing),
    ),
    defence(
        "passkeys-end-before-rows",
        "S-102",
        "a new password deletes the rows of all sessions before it ends the passkeys",
        (
            "chalicelib.gatehouse.flows.accounts:Accounts._sign_out",
            lambda original: (
                lambda self, user: (
                    self._notes.end_all(user.sub, user.user_name),
                    original(self, user),
                )
            ),
        ),
        # The trigger also makes the person's passkeys invalid. If only one of the two defences is off, the tests still
        # pass because of the other defence.
        ("chalicelib.gatehouse.triggers.user_records:_end_passkeys", nothing),
    ),
    defence(
        "refused-passkeys-leave-no-id",
        "S-102",
        "each refused passkey adds an id to its person's row",
        ("chalicelib.gatehouse.flows.passkeys:Passkeys._forget", nothing),
    ),
    defence(
        "passkeys-ended-are-noted",
        "S-102",
        "a new password by mail does not end the passkeys",
        ("chalicelib.gatehouse.flows.accounts:Accounts._end_passkeys", nothing),
        ("chalicelib.gatehouse.triggers.user_records:_end_passkeys", nothing),
    ),
    defence(
        "passkeys-ended-are-deleted",
        "S-102",
        "passkeys that have ended stay in the list",
        (f"{_OWN}._not_ended", reading(("notes.has_ended(passkey.id)", "False"))),
    ),
    defence(
        "passkeys-ended-are-not-offered",
        "S-102",
        "a known browser is offered a passkey that has ended",
        (f"{_ASK}._listed", reading(('if not notes.has_ended(each["id"])', ""))),
    ),
    defence(
        "passkeys-one-id",
        "S-102",
        "our id of a passkey may differ from Cognito's",
        (
            "chalicelib.gatehouse.flows.credentials:read_passkey_id",
            reading((' and answer["rawId"] == found', "")),
        ),
    ),
    defence(
        "open-list-after-a-managed-reset",
        "S-102",
        "a list that was opened with the old password can add a passkey after a reset on managed login",
        (
            "chalicelib.gatehouse.flows.reauthentication:Reauthentication.resumed",
            reading(("record.has_new_password_since(enrolment.began_at)", "False")),
        ),
    ),
)
