"""A person's own passkeys: set up, named, listed and removed, after the password was given again (docs/passkeys.md).

What Cognito wants for that is a token of the server-only client (flows/reauthentication.py). It waits sealed in the
challenge cookie, a quarter of an hour at most, so that the password is asked for once; `close` revokes it. Passkeys that a
password set by mail has ended (S-102) are deleted when the list is opened: before it, nobody has a token for that.
Sources: Amazon Cognito API reference, "StartWebAuthnRegistration", "CompleteWebAuthnRegistration",
"ListWebAuthnCredentials", "DeleteWebAuthnCredential", "WebAuthnMfaSettingsType".
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from ..cognito.oauth import TokenSet
from ..cognito.passkey_api import Passkey, PasskeyApi
from ..cognito.user_pool_api import Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    ChallengeExpired,
    CodeRequired,
    InvalidRequest,
    NotFound,
    PasskeyNotSupported,
    TemporarilyUnavailable,
    UnsupportedChallenge,
)
from ..log import log_event
from ..sealed.challenges import PASSKEYS_PURPOSE, Challenges, Enrolment
from ..session.sessions import Session
from ..store.passkey_notes import Notes, PasskeyNotes
from .attempts import CHALLENGE, SIGN_IN, Attempts
from .challenge_steps import SELECT_MFA, TOTP
from .credentials import read_code, read_passkey_id
from .reauthentication import Reauthentication

#: Of ISO 8601: Cognito's time and ours differ behind them.
_SECONDS = len("2026-01-01T00:00:00")
#: What Cognito says of a token that has died meanwhile.
_TOKEN_GONE = ("NotAuthorizedException", "PasswordResetRequiredException", "UserNotFoundException")


@dataclass(frozen=True)
class Opened:
    """The passkeys, how many had ended and were deleted, and what the next steps need, sealed."""

    passkeys: list[Passkey]
    ended: int
    enrolment: Enrolment
    sealed: str = field(repr=False)


class Passkeys:
    """Every method needs the session cookie's value, and all but `open` what `open` has sealed."""

    def __init__(
        self,
        *,
        again: Reauthentication,
        api: PasskeyApi,
        notes: PasskeyNotes,
        challenges: Challenges,
        attempts: Attempts,
    ) -> None:
        self._again = again
        self._api = api
        self._notes = notes
        self._challenges = challenges
        self._attempts = attempts

    def open(
        self, *, password: str, code: str | None, session_cookie: str | None, visitor: Visitor
    ) -> Opened:
        """Begin, by password, and a code where the person has an authenticator app.

        Raises NoSession, InvalidCredentials, CodeRequired, InvalidCode, ManagedByProvider, TooManyAttempts.
        """
        session, email = self._again.native(session_cookie)
        account = self._attempts.account_of(email, visitor)
        step = self._again.sign_in(session, account, password, visitor)
        self._attempts.succeeded(SIGN_IN, account, visitor.ip)
        with ExitStack() as once:
            with_app = step.tokens is None
            if step.tokens is None:
                if step.challenge not in (TOTP, SELECT_MFA):
                    raise UnsupportedChallenge(f"challenge {step.challenge[:40]}")
                if code is None:
                    raise CodeRequired("password accepted, a second factor asked for")
                digits = read_code(code)
                with self._attempts.guarded(CHALLENGE, account, visitor.ip):
                    once.enter_context(self._attempts.app_code_once(session.username, digits))
                    step = self._again.second_factor(step, session, digits, visitor)
                self._attempts.succeeded(CHALLENGE, account, visitor.ip)
            tokens = step.tokens
            if tokens is None:
                raise UnsupportedChallenge(f"challenge {step.challenge[:40]}")
            try:
                if with_app:
                    # Without it Cognito asks whoever has an app for no passkey.
                    self._again.api.prefer_totp(tokens.access_token, True, passkeys=True)
                passkeys, ended = self._not_ended(session.username, tokens.access_token)
                enrolment = Enrolment(
                    access_token=tokens.access_token,
                    refresh_token=tokens.refresh_token or "",
                    sub=session.sub,
                    username=session.username,
                    expires_at=self._challenges.deadline(),
                )
                sealed = self._challenges.seal_enrolment(enrolment, PASSKEYS_PURPOSE)
            except Exception as error:
                self._again.revoke(tokens)
                if isinstance(error, Refused):
                    raise TemporarilyUnavailable(f"passkeys: {error.code}") from None
                raise
        return Opened(passkeys, ended, enrolment, sealed)

    def set_up(self, session_cookie: str | None, cookie: str | None) -> Mapping[str, Any]:
        """Return the options of a new passkey. Raises NoSession, ChallengeExpired."""
        _, enrolment = self._opened(session_cookie, cookie)
        try:
            return self._api.begin(enrolment.access_token)
        except Refused as refused:
            raise self._refusal(refused) from None

    def verify(
        self, credential: Mapping[str, Any], session_cookie: str | None, cookie: str | None
    ) -> list[Passkey]:
        """Keep a new passkey; returns all. Raises NoSession, ChallengeExpired, PasskeyNotSupported."""
        session, enrolment = self._opened(session_cookie, cookie)
        # First: a passkey that is not noted would count as one from before the last password that was set by mail.
        self._notes.add(session.username, read_passkey_id(json.dumps(credential)))
        try:
            self._api.complete(enrolment.access_token, credential)
        except Refused as refused:
            raise self._refusal(refused) from None
        log_event("passkey", user=session.username, on=True)
        return self._all(session, enrolment)

    def rename(
        self, passkey_id: str, name: str, session_cookie: str | None, cookie: str | None
    ) -> list[Passkey]:
        """Name a passkey; returns all. Raises NoSession, ChallengeExpired, NotFound."""
        session, enrolment = self._opened(session_cookie, cookie)
        try:
            passkeys = self._api.all(enrolment.access_token)
        except Refused as refused:
            raise self._refusal(refused) from None
        ours = {passkey.id for passkey in passkeys}
        if passkey_id not in ours:
            raise NotFound("not a passkey of this person")
        names = {**self._notes.load(session.username).names, passkey_id: name}
        # Of removed ones nothing stays.
        kept = {each: names[each] for each in sorted(names) if each in ours}
        self._notes.name(session.username, kept)
        return [replace(passkey, name=kept.get(passkey.id, passkey.name)) for passkey in passkeys]

    def remove(
        self, passkey_id: str, session_cookie: str | None, cookie: str | None
    ) -> list[Passkey]:
        """Forget a passkey; one that is gone is fine. Raises NoSession, ChallengeExpired."""
        session, enrolment = self._opened(session_cookie, cookie)
        passkeys = self._all(session, enrolment)
        if any(passkey.id == passkey_id for passkey in passkeys):
            try:
                self._api.delete(enrolment.access_token, passkey_id)
            except Refused as refused:
                raise self._refusal(refused) from None
            log_event("passkey", user=session.username, on=False)
        return [passkey for passkey in passkeys if passkey.id != passkey_id]

    def close(self, session_cookie: str | None, cookie: str | None) -> None:
        """Revoke the tokens. Raises NoSession; what is not open need not be closed."""
        try:
            _, enrolment = self._opened(session_cookie, cookie)
        except ChallengeExpired:
            return
        self._again.revoke(TokenSet(enrolment.access_token, "", enrolment.refresh_token))

    def _opened(self, session_cookie: str | None, cookie: str | None) -> tuple[Session, Enrolment]:
        return self._again.resumed(session_cookie, cookie, PASSKEYS_PURPOSE)

    def _all(self, session: Session, enrolment: Enrolment) -> list[Passkey]:
        try:
            return self._named(session.username, enrolment.access_token)
        except Refused as refused:
            raise self._refusal(refused) from None

    def _named(self, user_name: str, access_token: str) -> list[Passkey]:
        """Return all with their persons' names. A table that does not answer costs these, and nothing else."""
        passkeys = self._api.all(access_token)
        return _name(passkeys, self._noted(user_name) if passkeys else Notes())

    def _not_ended(self, user_name: str, access_token: str) -> tuple[list[Passkey], int]:
        """Return the passkeys that have not ended, and how many had, which are deleted now.

        The time is compared as well: whatever form an id has, nothing is deleted that was set up later.
        """
        passkeys = self._api.all(access_token)
        notes = self._noted(user_name) if passkeys else Notes()
        ended = [
            passkey
            for passkey in passkeys
            if notes.has_ended(passkey.id)
            and "" < passkey.created_at[:_SECONDS] <= notes.ended_at[:_SECONDS]
        ]
        for passkey in ended:
            self._api.delete(access_token, passkey.id)
            log_event("passkey", user=user_name, on=False)
        left = [passkey for passkey in passkeys if passkey not in ended]
        return _name(left, notes), len(ended)

    def _noted(self, user_name: str) -> Notes:
        try:
            return self._notes.load(user_name)
        except TemporarilyUnavailable as error:
            log_event("record_not_read", level="error", user=user_name, detail=error.detail)
            return Notes()

    def _refusal(self, refused: Refused) -> Exception:
        if refused.code in _TOKEN_GONE:
            return ChallengeExpired(refused.code)
        if refused.code == "InvalidParameterException":
            return InvalidRequest(refused.code)
        log_event("passkey_refused", detail=refused.code)
        return PasskeyNotSupported(refused.code)


def _name(passkeys: list[Passkey], notes: Notes) -> list[Passkey]:
    return [
        replace(passkey, name=notes.names.get(passkey.id, passkey.name)) for passkey in passkeys
    ]
