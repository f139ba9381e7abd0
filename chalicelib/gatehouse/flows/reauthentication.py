"""Asks a signed-in person for the password again. With the password, the server signs the person in at a separate app
client (S-05).

For every change to a person's second factor or passkeys, Cognito requires an access token with the scope
`aws.cognito.signin.user.admin`. Browsers must not get such a token, so the server uses a second app client, the
server-only client, which has no OAuth flows. The tokens of the server-only client leave the server only in sealed form,
and are revoked after use. Sources: AWS "Scopes, M2M, and resource servers", "RevokeToken".
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..cognito.identities import NATIVE
from ..cognito.oauth import TokenSet
from ..cognito.user_pool_api import Step, UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    ChallengeExpired,
    InvalidCode,
    InvalidCredentials,
    ManagedByProvider,
    TemporarilyUnavailable,
    UnsupportedChallenge,
)
from ..log import log_event
from ..sealed.challenges import Challenges, Enrolment
from ..session.sessions import Session
from ..store.users import UserStore
from .attempts import CHALLENGE, SIGN_IN, Attempts
from .challenge_steps import CODE_RESPONSES, SELECT_MFA, TOTP
from .living_sessions import LivingSessions


class Reauthentication:
    """Signs a person in again. `api` makes the calls of the server-only client."""

    def __init__(
        self,
        *,
        api: UserPoolApi,
        living: LivingSessions,
        challenges: Challenges,
        users: UserStore,
        attempts: Attempts,
    ) -> None:
        self.api = api
        self._living = living
        self._challenges = challenges
        self._users = users
        self._attempts = attempts

    def native(self, cookie: str | None) -> tuple[Session, str]:
        """Return the session and the person's address. Raises NoSession, SessionExpired, and ManagedByProvider for
        federated people."""
        session = self._living.open(cookie)
        record = self._users.load(session.username)
        if record is not None and record.provider not in ("", NATIVE):
            raise ManagedByProvider("the person signed in through an identity provider")
        return session, record.Email if record is not None else session.username

    def resumed(
        self, session_cookie: str | None, cookie: str | None, purpose: str
    ) -> tuple[Session, Enrolment]:
        """Return the session, and the data of an earlier step. In that step, the person entered the password, and the
        data was then sealed.

        Raises NoSession, SessionExpired and ChallengeExpired. ChallengeExpired means that the data belongs to another
        person, or that the person's sessions were ended after the earlier step. A person's sessions are ended by a new
        password, by a reset, or by a sign-out everywhere (S-85). A reset on Cognito's managed login pages does not end
        sessions, but it also causes ChallengeExpired (S-102).
        """
        session = self._living.open(session_cookie)
        enrolment = self._challenges.open_enrolment(cookie, purpose)
        if enrolment.sub != session.sub:
            raise ChallengeExpired("the enrolment belongs to another person")
        record = self._users.load(session.username)
        if record is not None and record.ends_tokens_of(enrolment.began_at):
            raise ChallengeExpired("the sessions of the person were ended in the meantime")
        if record is not None and record.has_new_password_since(enrolment.began_at):
            raise ChallengeExpired("the person set a new password by mail in the meantime")
        return session, enrolment

    def sign_in(self, session: Session, account: str, password: str, visitor: Visitor) -> Step:
        """Check the password. A wrong password counts as a failed sign-in, so this route allows no additional guesses
        (S-71)."""
        with self._attempts.guarded(SIGN_IN, account, visitor.ip):
            try:
                return self.api.sign_in(session.username, password, visitor)
            except Refused as refused:
                self._attempts.failed()
                raise InvalidCredentials(refused.code) from None

    def second_factor(self, step: Step, session: Session, digits: str, visitor: Visitor) -> Step:
        """Answer Cognito's challenge with a code of the authenticator app. Raises InvalidCode. Raises
        UnsupportedChallenge if Cognito sent a challenge of another kind."""
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

    def by_both_factors(
        self,
        once: ExitStack,
        session: Session,
        account: str,
        password: str,
        digits: str,
        visitor: Visitor,
    ) -> tuple[TokenSet, bool]:
        """Check the password and, if Cognito requires a code of the authenticator app, the code. Return the tokens, and
        whether Cognito required a code.

        If the `with` block of `once` ends with an error, the code can be used again. Raises InvalidCredentials,
        InvalidCode and TooManyAttempts. Raises UnsupportedChallenge if Cognito sends a challenge of another kind.
        """
        step = self.sign_in(session, account, password, visitor)
        asked = step.tokens is None
        if asked:
            with self._attempts.guarded(CHALLENGE, account, visitor.ip):
                once.enter_context(self._attempts.app_code_once(session.username, digits))
                step = self.second_factor(step, session, digits, visitor)
        if step.tokens is None:
            raise UnsupportedChallenge(f"challenge {step.challenge[:40]}")
        return step.tokens, asked

    @contextmanager
    def revoked_after(self, tokens: TokenSet) -> Iterator[None]:
        """Revoke the tokens after the `with` body, even if the body raises an error."""
        try:
            yield
        finally:
            self.revoke(tokens)

    def revoke(self, tokens: TokenSet) -> None:
        """Revoke the server-only client's tokens. Tokens that cannot be revoked expire within an hour."""
        try:
            self.api.revoke(tokens.refresh_token or "")
        except (Refused, TemporarilyUnavailable) as error:
            log_event("revoke_failed", level="warning", detail=str(error))
