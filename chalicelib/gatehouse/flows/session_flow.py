"""Refreshes and ends sessions after the sign-in (S-32 … S-38)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..cognito.identities import NATIVE
from ..cognito.oauth import GrantRefused, OAuthClient, TokenSet
from ..cognito.tokens import AccessClaims, IdentityClaims, TokenVerifier
from ..cognito.user_pool_calls import Refused
from ..errors import (
    ConfigurationError,
    CookieTooLarge,
    GatehouseError,
    InvalidGrant,
    InvalidToken,
    SessionExpired,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..session.sessions import BY_API, BY_EITHER, BY_ENDPOINT, Session, Sessions
from ..store.session_rows import id_of_old_session
from .living_sessions import LivingSessions
from .session_notes import SessionNotes

if TYPE_CHECKING:
    from ..cognito.user_pool_api import UserPoolApi
    from ..store.users import UserStore

#: Errors of GetTokensFromRefreshToken for a token that is no longer valid.
_DEAD = frozenset({"NotAuthorizedException", "RefreshTokenReuseException", "UserNotFoundException"})


@dataclass(frozen=True)
class Refreshed:
    """A renewed session: the access token for the page, the person, and the new cookie value."""

    access_token: str = field(repr=False)
    access: AccessClaims
    identity: IdentityClaims
    session: Session
    sealed: str = field(repr=False)


class RefreshPostponed(TemporarilyUnavailable):
    """Cognito has renewed the session's tokens, but the new tokens cannot be verified at the moment. The session
    continues with the new tokens.

    The answer with this error sets the new cookie, because the refresh token in the old cookie stops working at the end
    of the grace period.
    """

    def __init__(self, detail: str, session: Session, sealed: str) -> None:
        super().__init__(detail)
        self.session = session
        self.sealed = sealed


class SessionFlow:
    """Renews and ends sessions. The clients for the user-pool API and for the users table are made at first use."""

    def __init__(
        self,
        *,
        oauth: OAuthClient,
        load_api: "Callable[[], UserPoolApi]",
        tokens: TokenVerifier,
        sessions: Sessions,
        living: LivingSessions,
        notes: SessionNotes,
        load_users: "Callable[[], UserStore]",
    ) -> None:
        self._oauth = oauth
        self._load_api = load_api
        self._tokens = tokens
        self._sessions = sessions
        self._living = living
        self._notes = notes
        self._load_users = load_users

    def refresh(self, cookie: str | None) -> Refreshed:
        """Renew the session whose cookie value is `cookie`.

        Raises NoSession or SessionExpired if the session is over. Raises TemporarilyUnavailable in an outage; the
        session then continues (S-35). RefreshPostponed is a kind of TemporarilyUnavailable that contains the session's
        new cookie.

        The session's row is checked before the refresh token is used, so that an ended session gets no new token. If
        the table does not answer, the refresh token is not used. Therefore the same cookie works after the outage
        (docs/adr/0012-sessions.md).
        """
        session = self._sessions.open(cookie)
        self._tokens.load_keys()
        self._refuse_ended(session)
        tokens, renewed_by = self._request(session)
        refresh_token = tokens.refresh_token or session.refresh_token
        renewed = self._sessions.renew(session, refresh_token, renewed_by)
        try:
            sealed = self._sessions.seal(renewed)
            identity, access = self._verify(session, tokens, sealed, renewed)
            if not session.id:
                own_id = id_of_old_session(session.refresh_token)
                renewed = self._notes.begin(renewed, own_id, provider=identity.provider, device="")
                sealed = self._sessions.seal(renewed)
        except (InvalidToken, CookieTooLarge) as error:
            # Rotation has already replaced the refresh token in the cookie, so the session cannot continue. Revoke the
            # new tokens.
            self._end(replace(session, refresh_token=refresh_token))
            raise SessionExpired(f"refreshed tokens: {error.detail}") from None
        return Refreshed(tokens.access_token, access, identity, renewed, sealed)

    def _refuse_ended(self, session: Session) -> None:
        """If the session was ended by another browser or by the server, revoke the session's refresh token and raise
        SessionExpired (S-83).

        Raises TemporarilyUnavailable if the tables do not answer.
        """
        if not self._living.goes_on(session, self._sessions.idle_deadline(session)):
            log_event("refresh_refused", user=session.username, detail="the session was ended")
            self._revoke(session.refresh_token, session.username)
            raise SessionExpired("the session was ended by another browser or by the server")

    def _request(self, session: Session) -> tuple[TokenSet, str]:
        """Return new tokens, and the API that renewed the tokens. Raises SessionExpired or TemporarilyUnavailable.

        Public reports disagree on whether the token endpoint accepts refresh tokens that the user-pool API issued
        (aws-amplify/amplify-js issue 8981, aws/aws-sdk-js-v3 issue 7162). If the endpoint refuses the token of a direct
        sign-in, GetTokensFromRefreshToken is tried next. After a timeout, GetTokensFromRefreshToken is not tried,
        because the endpoint may already have rotated the token.
        """
        refused: GatehouseError | None = None
        if session.renewed_by != BY_API:
            try:
                return self._oauth.refresh(session.refresh_token), BY_ENDPOINT
            except (InvalidGrant, GrantRefused) as error:
                refused = error
            if session.renewed_by != BY_EITHER:
                raise self._ended(session, refused)
        try:
            return self._load_api().refresh(session.refresh_token), BY_API
        except Refused as error:
            if error.code in _DEAD or isinstance(refused, InvalidGrant):
                raise self._ended(session, InvalidGrant(error.code)) from None
            raise TemporarilyUnavailable(f"GetTokensFromRefreshToken: {error.code}") from None

    def _ended(self, session: Session, refused: GatehouseError) -> GatehouseError:
        """Return the error to raise after Cognito refused a refresh. If Cognito refused the token itself, the error is
        SessionExpired."""
        if not isinstance(refused, InvalidGrant):
            return refused
        # The token was revoked, or has expired, or was rotated and then used again after the grace period. Cognito does
        # not say which of these cases it is.
        log_event("refresh_refused", level="warning", user=session.username)
        return SessionExpired("Cognito refuses the refresh token")

    def _verify(
        self, session: Session, tokens: TokenSet, sealed: str, renewed: Session
    ) -> tuple[IdentityClaims, AccessClaims]:
        try:
            access = self._tokens.verify_access_token(tokens.access_token, from_cognito=True)
            if tokens.id_token is None:
                identity = self._identity_of(access)
            else:
                identity = self._tokens.verify_id_token(
                    tokens.id_token,
                    nonce=None,
                    access_token=tokens.access_token,
                    from_cognito=True,
                )
        except TemporarilyUnavailable as error:
            raise RefreshPostponed(error.detail, renewed, sealed) from None
        if not identity.sub == access.sub == session.sub:
            raise InvalidToken("the tokens belong to another person")
        return identity, access

    def _identity_of(self, access: AccessClaims) -> IdentityClaims:
        """Return the person's data after a refresh, if Cognito returned no ID token. The groups come from the access
        token. All other data comes from the users table.

        If the table does not answer, the session continues, and the page shows no names until the next refresh.
        """
        record = None
        try:
            record = self._load_users().load(access.username)
        except TemporarilyUnavailable as error:
            log_event("record_not_read", level="error", user=access.username, detail=error.detail)
        return IdentityClaims(
            sub=access.sub,
            username=access.username,
            email=record.Email if record else "",
            given_name=record.given_name if record else "",
            family_name=record.family_name if record else "",
            groups=access.groups,
            provider=(record.provider if record else "") or NATIVE,
        )

    def sign_out(self, cookie: str | None) -> None:
        """Revoke the session's tokens. Raises NoSession.

        If the tokens cannot be revoked, the error is logged, and the cookie is still deleted (S-36).
        """
        user = None
        try:
            session = self._sessions.open_even_expired(cookie)
        except (TemporarilyUnavailable, ConfigurationError) as error:
            log_event("revoke_failed", level="error", user=user, detail=error.detail)
        else:
            user = session.username
            self._end(session)
        log_event("sign_out", user=user)

    def _end(self, session: Session) -> None:
        self._revoke(session.refresh_token, session.username)
        self._notes.end(session)

    def _revoke(self, refresh_token: str, user: str) -> None:
        try:
            self._oauth.revoke(refresh_token)
        except (TemporarilyUnavailable, ConfigurationError) as error:
            log_event("revoke_failed", level="error", user=user, detail=error.detail)
