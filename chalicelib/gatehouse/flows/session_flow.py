"""A session's life after the sign-in: refresh and sign-out (S-32 … S-38)."""

from dataclasses import dataclass, field

from ..cognito.oauth import OAuthClient, TokenSet
from ..cognito.tokens import AccessClaims, IdentityClaims, TokenVerifier
from ..errors import (
    ConfigurationError,
    CookieTooLarge,
    InvalidGrant,
    InvalidToken,
    SessionExpired,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..session.sessions import Session, Sessions


@dataclass(frozen=True)
class Refreshed:
    """A renewed session: the access token for the page's memory, who it is for, and the new cookie value."""

    access_token: str = field(repr=False)
    access: AccessClaims
    identity: IdentityClaims
    session: Session
    sealed: str = field(repr=False)


class SessionFlow:
    """Renews and ends sessions."""

    def __init__(self, *, oauth: OAuthClient, tokens: TokenVerifier, sessions: Sessions) -> None:
        self._oauth = oauth
        self._tokens = tokens
        self._sessions = sessions

    def refresh(self, cookie: str | None) -> Refreshed:
        """Renew the session of a cookie value.

        Raises NoSession or SessionExpired, which end it, and TemporarilyUnavailable, which does not (S-35).
        """
        session = self._sessions.open(cookie)
        try:
            self._tokens.load_keys()
            tokens = self._oauth.refresh(session.refresh_token)
        except InvalidGrant:
            # Revoked, expired, or rotated out and used again after the grace period: the token endpoint names no reason.
            log_event("refresh_refused", level="warning", user=session.username)
            raise SessionExpired("Cognito refuses the refresh token") from None
        try:
            return self._renew(session, tokens)
        except (InvalidToken, CookieTooLarge) as error:
            # The cookie's own token is rotated out by now: the session cannot go on, and nothing of it may stay alive.
            self._revoke(tokens.refresh_token or session.refresh_token, session.username)
            raise SessionExpired(f"refreshed tokens: {error.detail}") from None

    def _renew(self, session: Session, tokens: TokenSet) -> Refreshed:
        identity = self._tokens.verify_id_token(
            tokens.id_token, nonce=None, access_token=tokens.access_token
        )
        access = self._tokens.verify_access_token(tokens.access_token)
        if not identity.sub == access.sub == session.sub:
            raise InvalidToken("they belong to somebody else")
        renewed = self._sessions.renew(session, tokens.refresh_token or session.refresh_token)
        return Refreshed(
            tokens.access_token, access, identity, renewed, self._sessions.seal(renewed)
        )

    def sign_out(self, cookie: str | None) -> None:
        """Revoke the session's tokens. Raises NoSession.

        Whatever keeps us from revoking is logged, and the cookie still goes (S-36): a person who signs out is out.
        """
        user = None
        try:
            session = self._sessions.open_even_expired(cookie)
        except (TemporarilyUnavailable, ConfigurationError) as error:
            log_event("revoke_failed", level="error", user=user, detail=error.detail)
        else:
            user = session.username
            self._revoke(session.refresh_token, user)
        log_event("sign_out", user=user)

    def _revoke(self, refresh_token: str, user: str) -> None:
        try:
            self._oauth.revoke(refresh_token)
        except (TemporarilyUnavailable, ConfigurationError) as error:
            log_event("revoke_failed", level="error", user=user, detail=error.detail)
