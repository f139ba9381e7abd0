"""The last step of a hosted or direct sign-in. After the tokens were checked, this step starts the session, writes the
person's record, and ends the previous session (S-47, S-57)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..cognito.identities import birthplace_of
from ..cognito.oauth import OAuthClient
from ..cognito.tokens import IdentityClaims
from ..errors import (
    ChallengeExpired,
    GatehouseError,
    NoSession,
    SessionExpired,
    SignUpRefused,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..session.sessions import BY_EITHER, BY_ENDPOINT, COOKIE, Session, Sessions
from ..store.providers import ProviderStore
from ..store.session_rows import new_id
from ..store.users import NAME_COLUMNS, UserProfile, UserStore
from ..workers import Ahead
from .session_notes import SessionNotes


class NewSessions:
    """Starts sessions."""

    def __init__(
        self,
        *,
        client_id: str,
        oauth: OAuthClient,
        sessions: Sessions,
        notes: SessionNotes,
        users: UserStore,
        providers: ProviderStore,
    ) -> None:
        self._client_id = client_id
        self._oauth = oauth
        self._sessions = sessions
        self._notes = notes
        self._users = users
        self._providers = providers

    @contextmanager
    def revoked_on_failure(self, refresh_token: str | None) -> Iterator[None]:
        """Revoke a new refresh token if the `with` body raises an error, because the browser then gets no cookie with
        the token."""
        try:
            yield
        except Exception:
            if refresh_token is not None:
                self._revoke(refresh_token)
            raise

    def start(
        self,
        identity: IdentityClaims,
        refresh_token: str,
        *,
        door: str,
        remember: bool,
        device: str,
        provider: str,
        cookies: Mapping[str, str],
    ) -> tuple[Session, str]:
        """Start a session. Return the session and its cookie value. `door` names the sign-in method in the log:
        `hosted` or `direct`.

        `device` and `provider` are for the list of the person's sessions.

        Raises SignUpRefused and CookieTooLarge. Raises TemporarilyUnavailable if the sealing keys or the provider
        cannot be read. If this method raises an error, it has written neither a session nor a record.
        """
        self._refuse_foreign_address(identity)
        session = self._sessions.begin(
            refresh_token=refresh_token,
            sub=identity.sub,
            username=identity.username,
            # A person who confirms their identity already has a session. The new session keeps the old session's choice
            # of "stay signed in".
            remember=remember or self.find_remembered(cookies) == identity.sub,
            renewed_by=BY_ENDPOINT if door == "hosted" else BY_EITHER,
            session_id=new_id(),
        )
        sealed = self._sessions.seal(session)
        # The three calls below do not need each other's results. The calls run in parallel, so the person waits only as
        # long as the slowest call takes. If a call fails, the error is logged and the sign-in continues.
        recording = Ahead(lambda: self._record(identity))
        limiting = Ahead(lambda: self._notes.end_oldest(session))
        try:
            noted = self._notes.begin(session, session.id, provider=provider, device=device)
        finally:
            recording.take()
            limiting.take()
        if noted != session:
            session, sealed = noted, self._sessions.seal(noted)
        self._end_replaced_session(cookies)
        log_event("sign_in", door=door, user=identity.username, provider=identity.provider)
        return session, sealed

    def find_remembered(self, cookies: Mapping[str, str]) -> str:
        """Return the `sub` of the browser's session, if the session is valid and was started with "stay signed in".
        Otherwise, return an empty string."""
        try:
            session = self._sessions.open(cookies.get(COOKIE))
        except (NoSession, SessionExpired, TemporarilyUnavailable):
            return ""
        return session.sub if session.remember else ""

    def refuse_ended(self, user_name: str, began_at: int) -> None:
        """Raise ChallengeExpired if the person's sessions were ended after the sign-in began (`began_at`, Unix
        seconds)."""
        if self._users.ends_tokens(user_name, began_at):
            raise ChallengeExpired("the sessions of the person were ended in the meantime")

    def record_proved(self, user_name: str) -> None:
        """Record that an invited person has chosen a password. Without this record, no federated person can be linked
        to the account (S-68)."""
        try:
            self._users.record_proved(user_name)
        except TemporarilyUnavailable as error:
            log_event("record_not_written", level="error", user=user_name, detail=error.detail)

    def _refuse_foreign_address(self, identity: IdentityClaims) -> None:
        """Raise SignUpRefused if a federated person has an address that the person's providers may not use (S-56).

        The trigger normally refuses such an address. But if the trigger could not read the providers, it accepted the
        address, and Cognito has stored it. In that case, this method refuses the session.
        """
        names = [provider for provider, _ in identity.identities]
        if names and (reason := self._providers.refuse_address(identity.email, names)):
            raise SignUpRefused(reason)

    def _record(self, identity: IdentityClaims) -> None:
        """Write or repair the person's record. If the table does not answer, the person is still signed in, and the next
        sign-in repairs the record."""
        birthplace = birthplace_of(identity.username, identity.identities)
        try:
            self._users.record_session(
                UserProfile(
                    user_name=identity.username,
                    client_id=self._client_id,
                    email=identity.email,
                    given_name=identity.given_name,
                    family_name=identity.family_name,
                    provider=birthplace.provider,
                    sub=identity.sub,
                    linked=",".join(birthplace.linked),
                    # With the scope `profile`, the ID token contains every name that the pool has for the person.
                    told=NAME_COLUMNS,
                )
            )
        except TemporarilyUnavailable as error:
            log_event(
                "record_not_written", level="error", user=identity.username, detail=error.detail
            )

    def _end_replaced_session(self, cookies: Mapping[str, str]) -> None:
        """If the browser sent the cookie of an earlier session, revoke this earlier session, because the new session
        replaces it (S-47).

        After a hosted sign-in the browser usually does not send this cookie, because the cookie is SameSite=Strict and
        the redirect comes from another site.
        """
        try:
            replaced = self._sessions.open_even_expired(cookies.get(COOKIE))
        except (NoSession, TemporarilyUnavailable):
            return
        self._revoke(replaced.refresh_token)
        self._notes.end(replaced)

    def _revoke(self, refresh_token: str) -> None:
        try:
            self._oauth.revoke(refresh_token)
        except GatehouseError as error:
            log_event("revoke_failed", level="warning", detail=error.detail)
