"""Checks whether a session was ended elsewhere, which the cookie alone does not show (S-83).

A refresh checks this, and so does every route that changes how a person signs in. The access token of an ended session works
until it expires. But no token that a browser gets can change a password, a second factor or a passkey.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import NoSession, SessionExpired
from ..session.sessions import Session, Sessions
from ..store.session_rows import SessionRows

if TYPE_CHECKING:
    from ..store.users import UserStore


class LivingSessions:
    """Checks with the sessions table. The users table is loaded only when it is needed."""

    def __init__(
        self, *, sessions: Sessions, rows: SessionRows, load_users: "Callable[[], UserStore]"
    ) -> None:
        self._sessions = sessions
        self._rows = rows
        self._load_users = load_users

    def open(self, cookie: str | None) -> Session:
        """Return the session in a cookie value. Raises NoSession, SessionExpired and TemporarilyUnavailable."""
        session = self._sessions.open(cookie)
        if not self.goes_on(session, session.idle_expires_at):
            raise SessionExpired("the session was ended elsewhere")
        return session

    def look(self, cookie: str | None) -> bool:
        """Whether the session in a cookie value is active. The check does not write to the table, so it does not extend an
        idle session.

        Raises TemporarilyUnavailable if the table does not answer.
        """
        try:
            session = self._sessions.open(cookie)
        except (NoSession, SessionExpired):
            return False
        if session.id:
            return self._rows.exists(session.sub, session.id)
        return self._began_later(session)

    def goes_on(self, session: Session, idle_expires_at: int) -> bool:
        """Record in the session's row that it was used, and its new idle deadline; return whether it is active.

        A session has no row if it is from an earlier release, or began while the table did not answer. Such a session is
        active unless all sessions of its person were ended after it began.
        """
        if session.id:
            return self._rows.touch(session.sub, session.id, idle_expires_at)
        return self._began_later(session)

    def _began_later(self, session: Session) -> bool:
        started_at = self._sessions.started_at(session)
        return not self._load_users().ends_tokens(session.username, started_at)
