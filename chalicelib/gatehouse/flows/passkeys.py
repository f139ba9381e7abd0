"""Lets people set up, name, list and remove their own passkeys, after the password was entered again (docs/passkeys.md).

To manage passkeys, the server needs a token of the server-only app client (flows/reauthentication.py). The token is
kept sealed in the challenge cookie for fifteen minutes at most, so that the person enters the password only once.
`close` revokes the token.

When a person sets a new password with a mailed code, all earlier passkeys stop working (S-102). The server deletes the
earlier passkeys when the person opens the list, because at other times the server has no token that may delete
passkeys. Sources: Amazon Cognito API reference, "StartWebAuthnRegistration", "CompleteWebAuthnRegistration",
"ListWebAuthnCredentials", "DeleteWebAuthnCredential", "WebAuthnMfaSettingsType".
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
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

#: The length of an ISO 8601 time up to the seconds. Only this part of a time has the same format in Cognito and in our
#: tables.
_SECONDS = len("2026-01-01T00:00:00")
#: Cognito's errors for a token that is no longer valid.
_TOKEN_GONE = ("NotAuthorizedException", "PasswordResetRequiredException", "UserNotFoundException")


@dataclass(frozen=True)
class Opened:
    """The result of `Passkeys.open`: the passkeys, the number of deleted passkeys, and the sealed data for the next
    steps."""

    passkeys: list[Passkey]
    ended: int
    enrolment: Enrolment
    sealed: str = field(repr=False)


class Passkeys:
    """Manages passkeys. All methods need the session cookie's value. All methods except `open` also need the sealed value
    that `open` returns."""

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
        """Check the password and, if the person has an authenticator app, a code of the app. Return the passkeys.

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
                    raise CodeRequired("the password is right, but a second factor is required")
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
                    # Without this preference, Cognito would offer no passkey to a person who has an authenticator app.
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
        """Register a new passkey, and return all passkeys. Raises NoSession, ChallengeExpired, PasskeyNotSupported."""
        session, enrolment = self._opened(session_cookie, cookie)
        # Store the passkey's id before Cognito registers the passkey. In the opposite order, Cognito could register a
        # passkey although its id is not stored. Such a passkey could count as older than the last reset by mail.
        credential_id = read_passkey_id(json.dumps(credential))
        self._notes.add(session.username, credential_id)
        try:
            self._api.complete(enrolment.access_token, credential)
        except Refused as refused:
            self._forget(session.username, credential_id)
            raise self._refusal(refused) from None
        log_event("passkey", user=session.username, on=True)
        return self._all(session, enrolment)

    def rename(
        self, passkey_id: str, name: str, session_cookie: str | None, cookie: str | None
    ) -> list[Passkey]:
        """Name a passkey, and return all passkeys. Raises NoSession, ChallengeExpired, NotFound."""
        session, enrolment = self._opened(session_cookie, cookie)
        try:
            passkeys = self._api.all(enrolment.access_token)
        except Refused as refused:
            raise self._refusal(refused) from None
        ours = {passkey.id for passkey in passkeys}
        if passkey_id not in ours:
            raise NotFound("the person has no passkey with this id")
        names = {**self._notes.load(session.username).names, passkey_id: name}
        # Drop the names of passkeys that were removed.
        kept = {each: names[each] for each in sorted(names) if each in ours}
        self._notes.name(session.username, kept)
        return [replace(passkey, name=kept.get(passkey.id, passkey.name)) for passkey in passkeys]

    def remove(
        self, passkey_id: str, session_cookie: str | None, cookie: str | None
    ) -> list[Passkey]:
        """Delete a passkey. The call may be repeated. Raises NoSession, ChallengeExpired."""
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
        """Revoke the tokens, if the cookie contains tokens. Raises NoSession."""
        try:
            _, enrolment = self._opened(session_cookie, cookie)
        except ChallengeExpired:
            return
        self._again.revoke(TokenSet(enrolment.access_token, "", enrolment.refresh_token))

    def _opened(self, session_cookie: str | None, cookie: str | None) -> tuple[Session, Enrolment]:
        return self._again.resumed(session_cookie, cookie, PASSKEYS_PURPOSE)

    def _forget(self, user_name: str, passkey_id: str) -> None:
        """Delete the stored id of a passkey that Cognito did not register. Otherwise such ids could fill the person's
        row."""
        with suppress(TemporarilyUnavailable):
            self._notes.forget(user_name, passkey_id)

    def _all(self, session: Session, enrolment: Enrolment) -> list[Passkey]:
        try:
            return self._named(session.username, enrolment.access_token)
        except Refused as refused:
            raise self._refusal(refused) from None

    def _named(self, user_name: str, access_token: str) -> list[Passkey]:
        """Return all passkeys, with the names that the person has chosen. If the table does not answer, the names are
        missing."""
        passkeys = self._api.all(access_token)
        return _name(passkeys, self._noted(user_name) if passkeys else Notes())

    def _not_ended(self, user_name: str, access_token: str) -> tuple[list[Passkey], int]:
        """Delete the passkeys that are older than the last password reset by mail. Return the other passkeys, and the
        number of deleted passkeys.

        The method compares each passkey's id with the ids of the passkeys that were set up after the reset. It also
        compares each passkey's time with the time of the reset. Therefore a passkey that was set up after the reset is
        never deleted, even if the passkey's id has an unexpected form.
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
