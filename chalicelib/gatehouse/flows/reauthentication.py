"""Whoever is signed in gives the password again, and the server signs in at a client of its own (S-05).

Cognito wants an access token with `aws.cognito.signin.user.admin` for what a person changes about the sign-in itself, and no
browser of ours gets one. The second app client has no OAuth and no browser; its tokens are revoked as soon as they have
served. Source: AWS "Scopes, M2M, and resource servers", "RevokeToken".
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..cognito.identities import NATIVE
from ..cognito.oauth import TokenSet
from ..cognito.user_pool_api import Step, UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    InvalidCode,
    InvalidCredentials,
    ManagedByProvider,
    TemporarilyUnavailable,
    UnsupportedChallenge,
)
from ..log import log_event
from ..session.sessions import Session, Sessions
from ..store.users import UserStore
from .attempts import SIGN_IN, Attempts
from .challenge_steps import CODE_RESPONSES, SELECT_MFA, TOTP


class Reauthentication:
    """Signs a person in again. `api` speaks for the server-only client."""

    def __init__(
        self, *, api: UserPoolApi, sessions: Sessions, users: UserStore, attempts: Attempts
    ) -> None:
        self.api = api
        self._sessions = sessions
        self._users = users
        self._attempts = attempts

    def native(self, cookie: str | None) -> tuple[Session, str]:
        """Return the session and the person's address. Raises NoSession, and ManagedByProvider for federated people."""
        session = self._sessions.open(cookie)
        record = self._users.load(session.username)
        if record is not None and record.provider not in ("", NATIVE):
            raise ManagedByProvider("signed in by an identity provider")
        return session, record.Email if record is not None else session.username

    def sign_in(self, session: Session, account: str, password: str, visitor: Visitor) -> Step:
        """Check the password on the allowance of the account's sign-ins: it is the same password that is guessed (S-71)."""
        with self._attempts.guarded(SIGN_IN, account, visitor.ip):
            try:
                return self.api.sign_in(session.username, password, visitor)
            except Refused as refused:
                self._attempts.failed()
                raise InvalidCredentials(refused.code) from None

    def second_factor(self, step: Step, session: Session, digits: str, visitor: Visitor) -> Step:
        """Answer with a code of the app. Raises InvalidCode, and UnsupportedChallenge where something else is asked."""
        name = step.parameters.get("USER_ID_FOR_SRP") or session.username
        try:
            if step.challenge == SELECT_MFA:
                chosen = {"ANSWER": TOTP}
                step = self.api.respond(SELECT_MFA, step.session, name, chosen, visitor)
            if step.challenge != TOTP:
                raise UnsupportedChallenge(f"challenge {step.challenge[:40]}")
            answer = {CODE_RESPONSES[TOTP]: digits}
            return self.api.respond(TOTP, step.session, name, answer, visitor)
        except Refused as refused:
            self._attempts.failed()
            raise InvalidCode(refused.code) from None

    @contextmanager
    def revoked_after(self, tokens: TokenSet) -> Iterator[None]:
        """Revoke tokens when the body is through with them."""
        try:
            yield
        finally:
            self.revoke(tokens)

    def revoke(self, tokens: TokenSet) -> None:
        """End the server-only client's tokens; if that fails they end by themselves within the hour."""
        try:
            self.api.revoke(tokens.refresh_token or "")
        except (Refused, TemporarilyUnavailable) as error:
            log_event("revoke_failed", level="warning", detail=str(error))
