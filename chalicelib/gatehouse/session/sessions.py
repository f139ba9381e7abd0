"""Makes, seals and opens sessions. A session is the sealed refresh token in the browser's cookie, with two deadlines
(S-26, S-31, S-34).

A session ends at its idle deadline or at its absolute deadline. The absolute deadline is never extended. A session also
ends when the session's row in the sessions table is deleted (store/session_rows.py), or when Cognito refuses the
refresh token. Source: OWASP ASVS 5.0 7.3.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from ..errors import NoSession, SealBroken, SessionExpired
from ..sealed.records import parse_record
from ..sealed.sealing import Sealer
from ..settings import SessionLifetimes

PURPOSE = "session"
COOKIE = "__Host-gatehouse"
#: How a session's tokens are renewed: by the token endpoint, or by GetTokensFromRefreshToken. After a sign-in through
#: the user-pool API, it is not yet known which of the two methods works, so both are tried (`BY_EITHER`).
BY_ENDPOINT, BY_API, BY_EITHER = "oauth", "api", "either"


@dataclass(frozen=True)
class Session:
    """The session of one browser. Times are Unix seconds. `sub` and `username` are the pool's names for the person."""

    refresh_token: str = field(repr=False)
    sub: str
    username: str
    idle_expires_at: int
    expires_at: int
    remember: bool
    #: Sessions from an earlier release lack this field. The default is right for such sessions, because the token
    #: endpoint always renewed them.
    renewed_by: str = BY_ENDPOINT
    #: The id of the session's row in the sessions table. The id is empty for a session from an earlier release, and for
    #: a session whose row could not be written.
    id: str = ""

    def cookie_max_age(self, now: float) -> int | None:
        """Return Max-Age in seconds. Return None for a cookie that the browser must delete when it closes."""
        if not self.remember:
            return None
        return max(0, min(self.idle_expires_at, self.expires_at) - int(now))


class Sessions:
    """Makes, seals and opens sessions. `clock` returns Unix seconds."""

    def __init__(
        self,
        sealer: Sealer,
        clock: Callable[[], float],
        ordinary: SessionLifetimes,
        remembered: SessionLifetimes,
    ) -> None:
        self._sealer = sealer
        self._clock = clock
        self._ordinary = ordinary
        self._remembered = remembered

    def begin(
        self,
        *,
        refresh_token: str,
        sub: str,
        username: str,
        remember: bool,
        renewed_by: str = BY_ENDPOINT,
        session_id: str = "",
    ) -> Session:
        """Return a new session that starts now."""
        now = int(self._clock())
        lifetimes = self._lifetimes(remember)
        return Session(
            refresh_token=refresh_token,
            sub=sub,
            username=username,
            idle_expires_at=now + min(lifetimes.idle, lifetimes.absolute),
            expires_at=now + lifetimes.absolute,
            remember=remember,
            renewed_by=renewed_by,
            id=session_id,
        )

    def started_at(self, session: Session) -> int:
        """Return the start of a session in Unix seconds. The result is wrong if the stage's lifetimes were changed
        after the session had started."""
        return session.expires_at - self._lifetimes(session.remember).absolute

    def idle_deadline(self, session: Session) -> int:
        """Return the idle deadline of a session that is used now. The idle deadline is never later than the absolute
        deadline."""
        idle = int(self._clock()) + self._lifetimes(session.remember).idle
        return min(idle, session.expires_at)

    def renew(self, session: Session, refresh_token: str, renewed_by: str = BY_ENDPOINT) -> Session:
        """Return `session` with a rotated refresh token and a new idle deadline. The absolute deadline does not change."""
        return replace(
            session,
            refresh_token=refresh_token,
            idle_expires_at=self.idle_deadline(session),
            renewed_by=renewed_by,
        )

    def seal(self, session: Session) -> str:
        """Return the cookie value of `session`."""
        fields = asdict(session)
        if session.renewed_by == BY_ENDPOINT:
            del fields[
                "renewed_by"
            ]  # omit the default value, so that containers of the previous release can also read the session
        if not session.id:
            del fields["id"]
        return self._sealer.seal(PURPOSE, json.dumps(fields, separators=(",", ":")).encode())

    def open(self, value: str | None) -> Session:
        """Return the valid session in a cookie value. Raises NoSession for an absent, malformed or foreign value, and
        SessionExpired after a deadline."""
        session = self.open_even_expired(value)
        now = self._clock()
        if now >= session.expires_at:
            raise SessionExpired("absolute deadline passed")
        if now >= session.idle_expires_at:
            raise SessionExpired("idle for too long")
        return session

    def open_even_expired(self, value: str | None) -> Session:
        """Return the session in a cookie value, even if a deadline has passed, so that a sign-out can revoke the
        session. Raises NoSession."""
        if not value:
            raise NoSession("no session cookie")
        try:
            return parse_record(Session, self._sealer.open(PURPOSE, value))
        except SealBroken as error:
            raise NoSession(f"session cookie unusable: {error.detail}") from None

    def _lifetimes(self, remember: bool) -> SessionLifetimes:
        return self._remembered if remember else self._ordinary
