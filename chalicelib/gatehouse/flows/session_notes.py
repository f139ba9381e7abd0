"""What sign-ins and sign-outs write into the sessions table beside their own work: an outage there costs a line in the log.

Whoever signs in gets in, and whose token is revoked is out, whatever the table says. Only at a refresh does the table decide
(session_flow.py).
"""

from dataclasses import replace

from ..errors import TemporarilyUnavailable
from ..log import log_event
from ..session.sessions import Session, Sessions
from ..store.session_rows import SessionRows


class SessionNotes:
    """Writes and deletes rows, and raises nothing of the table's."""

    def __init__(self, *, rows: SessionRows, sessions: Sessions) -> None:
        self._rows = rows
        self._sessions = sessions

    def begin(self, session: Session, session_id: str, *, provider: str, device: str) -> Session:
        """Return the session with its row's id, or, where no row could be written, without: the next refresh writes it."""
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

    def end(self, session: Session) -> None:
        """Delete the row of a session whose token is revoked."""
        try:
            if session.id:
                self._rows.end(session.sub, session.id)
        except TemporarilyUnavailable as error:
            self._not_deleted(session.username, error)

    def end_all(self, sub: str, user_name: str) -> None:
        """Delete every row of a person whose tokens are revoked. If that fails, a list shows them until they would end."""
        try:
            self._rows.end_all(sub)
        except TemporarilyUnavailable as error:
            self._not_deleted(user_name, error)

    def _not_deleted(self, user_name: str, error: TemporarilyUnavailable) -> None:
        log_event("row_not_deleted", level="warning", user=user_name, detail=error.detail)
