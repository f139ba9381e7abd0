"""Where a person is signed in: the list, and ending what is on it (S-83, S-84).

An ended session is refused at its next refresh. Its refresh token is revoked then and not before, as the row holds none.
Meanwhile nobody else can use that token: it lies sealed in the browser's cookie, and Cognito takes it only with the app
client's secret. An access token that is out works until it ends, ten minutes at most (S-37).
"""

from dataclasses import dataclass

from ..errors import InvalidRequest, NoSession, NotFound, SessionExpired, TemporarilyUnavailable
from ..session.sessions import Sessions
from ..store.providers import ProviderStore
from ..store.session_rows import SessionRow, SessionRows

#: An answer lists so many; a program that signs in every minute has more.
MOST_LISTED = 100


@dataclass(frozen=True)
class ListedSession:
    """A session as people see it. `current` is the one of the browser that asks."""

    row: SessionRow
    provider_label: str
    current: bool


class SessionList:
    """Reads and ends the sessions of one person, who is named by `sub`. All methods raise TemporarilyUnavailable."""

    def __init__(self, *, rows: SessionRows, sessions: Sessions, providers: ProviderStore) -> None:
        self._rows = rows
        self._sessions = sessions
        self._providers = providers

    def of(self, sub: str, session_cookie: str | None = None) -> list[ListedSession]:
        """Return the living sessions, the last used one first."""
        current = self._current(sub, session_cookie)
        rows = self._rows.of(sub)[:MOST_LISTED]
        labels = {name: self._label(name) for name in {row.provider for row in rows}}
        return [ListedSession(row, labels[row.provider], row.id == current) for row in rows]

    def end(self, sub: str, session_id: str) -> None:
        """End one. Raises NotFound for an id that is not this person's, whoever else's it may be."""
        if not session_id or not self._rows.end(sub, session_id):
            raise NotFound("the person has no session of that id")

    def end_others(self, sub: str, session_cookie: str | None) -> int:
        """End all but the one of the browser that asks; return how many.

        Raises InvalidRequest where the browser sent no living session of this person: all would be others then, and the
        holder of an ended one must not end the rest.
        """
        current = self._current(sub, session_cookie)
        if current not in [row.id for row in self._rows.of(sub)]:
            raise InvalidRequest("without this browser's own session nobody knows the others")
        return self._rows.end_all(sub, but=current)

    def _current(self, sub: str, session_cookie: str | None) -> str:
        """Return the id in the browser's cookie, or nothing. The cookie may be of somebody else who signed in meanwhile."""
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
