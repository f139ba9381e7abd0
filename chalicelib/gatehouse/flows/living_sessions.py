"""Checks whether a session was ended by another browser or by the server (S-83). The cookie alone does not show whether
a session was ended. The check runs at each refresh, and in every route that changes a person's password, second factor
or passkeys. After a session was ended, its access token works until the token expires. But a browser's access token can
never change a password, a second factor or a passkey.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import NoSession, SessionExpired
from ..session.sessions import Session, Sessions
from ..store.session_rows import SessionRows

if TYPE_CHECKING:
    from ..store.users import UserStore


class LivingSessions:
    """Checks sessions in the sessions table. `load_users` is called if a check needs the users table."""

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
            raise SessionExpired("the session was ended by another browser or by the server")
        return session

    def look(self, cookie: str | None) -> bool:
        """Whether the session in a cookie value is active. This method does not write to the table, so the check does
        not extend an idle session.

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
        """Record the session's use and the new idle deadline in the session's row. Return whether the session is active.

        A session has no row if it began in an earlier release or during an outage of the table. Such a session is
        active, unless all sessions of the person were ended after this session began.
        """
        if session.id:
            return self._rows.touch(session.sub, session.id, idle_expires_at)
        return self._began_later(session)

    def _began_later(self, session: Session) -> bool:
        started_at = self._sessions.started_at(session)
        return not self._load_users().ends_tokens(session.username, started_at)
