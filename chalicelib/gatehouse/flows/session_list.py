"""Lists and ends a person's sessions (S-83, S-84).

After a session was ended, the session's next refresh is refused. The session's refresh token cannot be revoked before
the refused refresh, because the session's row does not contain the token. But an attacker cannot use the refresh token:
the token is sealed in the browser's cookie, and Cognito requires the app client's secret with the token. An access
token that was issued earlier works until it expires, for ten minutes at most (S-37).
"""

from dataclasses import dataclass

from ..errors import InvalidRequest, NoSession, NotFound, SessionExpired, TemporarilyUnavailable
from ..session.sessions import Sessions
from ..store.providers import ProviderStore
from ..store.session_rows import MOST_SESSIONS, SessionRow, SessionRows


@dataclass(frozen=True)
class ListedSession:
    """A session for display. `current` is true for the session of this browser."""

    row: SessionRow
    provider_label: str
    current: bool


class SessionList:
    """Reads and ends the sessions of the person `sub`. All methods raise TemporarilyUnavailable."""

    def __init__(self, *, rows: SessionRows, sessions: Sessions, providers: ProviderStore) -> None:
        self._rows = rows
        self._sessions = sessions
        self._providers = providers

    def of(self, sub: str, session_cookie: str | None = None) -> list[ListedSession]:
        """Return the active sessions, the most recently used session first."""
        current = self._current(sub, session_cookie)
        rows = self._rows.of(sub)[:MOST_SESSIONS]
        labels = {name: self._label(name) for name in {row.provider for row in rows}}
        return [ListedSession(row, labels[row.provider], row.id == current) for row in rows]

    def end(self, sub: str, session_id: str) -> None:
        """End a session. Raises NotFound if this person has no session with the id. The error is the same if the
        session belongs to another person."""
        if not session_id or not self._rows.end(sub, session_id):
            raise NotFound("the person has no session with that id")

    def end_others(self, sub: str, session_cookie: str | None) -> int:
        """End all sessions except this browser's, and return the number of ended sessions.

        Raises InvalidRequest if the browser's cookie contains no active session of this person. Without this check, a
        browser with an ended session could end all other sessions.
        """
        current = self._current(sub, session_cookie)
        if current not in [row.id for row in self._rows.of(sub)]:
            raise InvalidRequest("the browser sent no cookie of an active session of this person")
        return self._rows.end_all(sub, but=current)

    def _current(self, sub: str, session_cookie: str | None) -> str:
        """Return the session id in the browser's cookie. The result is empty if the cookie contains no valid session.
        The result is also empty if another person has signed in with this browser in the meantime, so that the cookie
        belongs to that person."""
        try:
            session = self._sessions.open(session_cookie)
        except (NoSession, SessionExpired):
            return ""
        return session.id if session.sub == sub else ""

    def _label(self, provider: str) -> str:
        try:
            found = self._providers.find(provider)
        except TemporarilyUnavailable:
            found = None
        return found.label if found is not None else provider
