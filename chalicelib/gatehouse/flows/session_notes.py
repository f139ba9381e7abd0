"""Writes to the sessions table at a sign-in and at a sign-out. If the table does not answer, the error is only logged.

Sign-in and sign-out work without the table. A person can sign in without a row, and a revoked token ends a session even
if the row remains. Only a refresh requires the table (session_flow.py).
"""

from dataclasses import replace

from ..errors import TemporarilyUnavailable
from ..log import log_event
from ..session.sessions import Session, Sessions
from ..store.session_rows import SessionRows


class SessionNotes:
    """Writes and deletes rows. Errors of the table are logged, and not raised."""

    def __init__(self, *, rows: SessionRows, sessions: Sessions) -> None:
        self._rows = rows
        self._sessions = sessions

    def begin(self, session: Session, session_id: str, *, provider: str, device: str) -> Session:
        """Write a row for the session, and return the session with the row's id. If the row cannot be written, the
        returned session has no id, and the next refresh writes a row."""
        try:
            self._rows.begin(
                sub=session.sub,
                session_id=session_id,
                provider=provider,
                device=device,
                started_at=self._sessions.started_at(session),
                idle_expires_at=session.idle_expires_at,
                expires_at=session.expires_at,
            )
        except TemporarilyUnavailable as error:
            log_event(
                "session_not_noted", level="error", user=session.username, detail=error.detail
            )
            return replace(session, id="")
        return replace(session, id=session_id)

    def end_oldest(self, session: Session) -> None:
        """If the new session exceeds the limit of sessions per person, end the least recently used sessions (S-114). If
        the table does not answer, the surplus sessions are ended at the person's next sign-in."""
        try:
            count = self._rows.end_oldest(session.sub, but=session.id)
        except TemporarilyUnavailable as error:
            self._not_deleted(session.username, error)
            return
        if count:
            log_event("oldest_sessions_ended", user=session.username, count=count)

    def end(self, session: Session) -> None:
        """Delete the row of a session whose token was revoked."""
        try:
            if session.id:
                self._rows.end(session.sub, session.id)
        except TemporarilyUnavailable as error:
            self._not_deleted(session.username, error)

    def end_all(self, sub: str, user_name: str) -> None:
        """Delete all rows of a person whose tokens were revoked. If the rows cannot be deleted, lists of sessions show
        the ended sessions until the sessions expire."""
        try:
            self._rows.end_all(sub)
        except TemporarilyUnavailable as error:
            self._not_deleted(user_name, error)

    def _not_deleted(self, user_name: str, error: TemporarilyUnavailable) -> None:
        log_event("row_not_deleted", level="warning", user=user_name, detail=error.detail)
