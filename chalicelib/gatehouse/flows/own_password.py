"""Lets a signed-in person who knows the old password choose a new password (S-85).

To check the old password, the server signs the person in through the server-only app client, and then revokes the
tokens of that sign-in. The server does not ask for the second factor again, because a person with a second factor has
already used this factor to get this session. Source: OWASP ASVS 5.0 6.2.2, 6.2.3 (the current password), 7.4.3 (other
sessions end).
"""

from typing import TYPE_CHECKING

from ..cognito.identities import NATIVE
from ..cognito.user_pool_api import UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    InvalidCredentials,
    InvalidPassword,
    ManagedByProvider,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..session.sessions import Session
from .attempts import SIGN_IN, Attempts
from .challenge_steps import CODE_RESPONSES, MFA_SETUP, SELECT_MFA
from .credentials import PASSWORD_REQUIREMENTS, verify_new_password

if TYPE_CHECKING:
    from ..cognito.user_admin import UserAdmin
    from ..store.session_rows import SessionRows
    from ..store.users import UserStore
    from .living_sessions import LivingSessions

#: Challenges that Cognito sends only after a correct password.
_AFTER_THE_PASSWORD = frozenset({*CODE_RESPONSES, SELECT_MFA, MFA_SETUP})
_BAD_PASSWORD = ("InvalidPasswordException", "PasswordHistoryPolicyViolationException")


class OwnPassword:
    """Changes a native person's password. `api` makes the calls of the server-only client."""

    def __init__(
        self,
        *,
        api: UserPoolApi,
        user_admin: "UserAdmin",
        living: "LivingSessions",
        rows: "SessionRows",
        users: "UserStore",
        attempts: Attempts,
    ) -> None:
        self._api = api
        self._user_admin = user_admin
        self._living = living
        self._rows = rows
        self._users = users
        self._attempts = attempts

    def change(self, *, old: str, new: str, session_cookie: str | None, visitor: Visitor) -> str:
        """Set the new password, and end the person's other sessions. Return a new value for the cookie of known browsers.

        Raises InvalidPassword (about the new password), InvalidCredentials (about the old password), NoSession,
        SessionExpired, ManagedByProvider, TooManyAttempts and TemporarilyUnavailable.
        """
        session = self._living.open(session_cookie)
        verify_new_password(new)
        record = self._users.load(session.username)
        if record is not None and record.provider not in ("", NATIVE):
            raise ManagedByProvider("the person signed in through an identity provider")
        email = record.Email if record is not None else session.username
        account = self._attempts.account_of(email, visitor)
        with self._attempts.guarded(SIGN_IN, account, visitor.ip):
            self._verify(session, old, visitor)
            # Delete the rows of the other sessions before setting the password. If the table does not answer, the
            # deletion fails, and the password stays the same. After the password was set, `_end_others` deletes the
            # rows once more.
            self._rows.end_all(session.sub, but=session.id)
        self._set(session, new)
        self._attempts.succeeded(SIGN_IN, account, visitor.ip)
        self._end_others(session)
        log_event("password_changed", user=session.username)
        return self._attempts.known_device(email, session.username)

    def _verify(self, session: Session, old: str, visitor: Visitor) -> None:
        """Check the old password. A wrong password counts as a failed sign-in, so this route allows no additional guesses
        (S-71)."""
        try:
            step = self._api.sign_in(session.username, old, visitor)
        except Refused as refused:
            self._attempts.failed()
            raise InvalidCredentials(refused.code) from None
        if step.tokens is not None:
            try:
                self._api.revoke(step.tokens.refresh_token or "")
            except (Refused, TemporarilyUnavailable) as error:
                log_event("revoke_failed", level="warning", detail=str(error))
        elif step.challenge not in _AFTER_THE_PASSWORD:
            raise InvalidCredentials(f"challenge {step.challenge[:40]}")

    def _set(self, session: Session, new: str) -> None:
        try:
            self._user_admin.set_password(session.username, new)
        except Refused as refused:
            if refused.code in _BAD_PASSWORD:
                raise InvalidPassword(refused.code, requirements=PASSWORD_REQUIREMENTS) from None
            raise TemporarilyUnavailable(f"AdminSetUserPassword: {refused.code}") from None

    def _end_others(self, session: Session) -> None:
        """End the person's other sessions again. The new password is already set, and remains valid even if this method
        fails.

        A session without a row began in an earlier release, and was not refreshed after the update. `validAfter` ends
        such a session at its next refresh.
        """
        try:
            self._rows.end_all(session.sub, but=session.id)
        except TemporarilyUnavailable as error:
            log_event(
                "sessions_not_ended", level="error", user=session.username, detail=error.detail
            )
        try:
            self._users.record_new_password(session.username)
        except TemporarilyUnavailable as error:
            log_event(
                "record_not_written", level="error", user=session.username, detail=error.detail
            )
