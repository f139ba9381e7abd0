"""Lets a signed-in person turn the authenticator app on and off.

The module uses tokens of the server-only app client (see flows/reauthentication.py). Sources: AWS
"AssociateSoftwareToken", "SetUserMFAPreference".
"""

from contextlib import ExitStack
from dataclasses import dataclass, field

from ..cognito.oauth import TokenSet
from ..cognito.user_pool_api import Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    ChallengeExpired,
    CookieTooLarge,
    InvalidCode,
    InvalidCredentials,
    MfaAlreadyOn,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..sealed.challenges import ENROLMENT_PURPOSE, Challenges, Enrolment
from ..store.recovery_codes import RecoveryCodeStore
from .attempts import CHALLENGE, SIGN_IN, Attempts
from .challenge_steps import CODE_RESPONSES, SELECT_MFA
from .credentials import TotpKey, build_totp_key, read_code
from .reauthentication import Reauthentication

_WRONG_CODE = ("CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException")


@dataclass(frozen=True)
class Enrolling:
    """A key for the authenticator app, and the sealed enrolment. The app's first code completes the enrolment."""

    totp: TotpKey
    enrolment: Enrolment
    sealed: str = field(repr=False)


class Mfa:
    """Turns TOTP on and off. Every method needs the session cookie's value. `passkeys` is true if the stage offers
    passkeys."""

    def __init__(
        self,
        *,
        again: Reauthentication,
        challenges: Challenges,
        attempts: Attempts,
        recovery_codes: RecoveryCodeStore,
        issuer_label: str,
        passkeys: bool = False,
    ) -> None:
        self._again = again
        self._api = again.api
        self._challenges = challenges
        self._attempts = attempts
        self._recovery_codes = recovery_codes
        self._issuer_label = issuer_label
        self._passkeys = passkeys

    def set_up(self, *, password: str, session_cookie: str | None, visitor: Visitor) -> Enrolling:
        """Begin an enrolment with a new key. Raises NoSession, InvalidCredentials, MfaAlreadyOn, ManagedByProvider."""
        session, email = self._again.native(session_cookie)
        account = self._attempts.account_of(email, visitor)
        step = self._again.sign_in(session, account, password, visitor)
        if step.tokens is None:
            if step.challenge in CODE_RESPONSES or step.challenge == SELECT_MFA:
                self._attempts.succeeded(SIGN_IN, account, visitor.ip)
                raise MfaAlreadyOn("the password is right, but a second factor is required")
            raise InvalidCredentials(f"challenge {step.challenge[:40]}")
        tokens = step.tokens
        self._attempts.succeeded(SIGN_IN, account, visitor.ip)
        try:
            secret, _ = self._api.associate_totp(access_token=tokens.access_token)
            enrolment = Enrolment(
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token or "",
                sub=session.sub,
                username=session.username,
                expires_at=self._challenges.deadline(),
            )
            sealed = self._challenges.seal_enrolment(enrolment)
        except Refused as refused:
            self._again.revoke(tokens)
            raise TemporarilyUnavailable(f"AssociateSoftwareToken: {refused.code}") from None
        except (TemporarilyUnavailable, CookieTooLarge):
            self._again.revoke(tokens)
            raise
        totp = build_totp_key(secret, account=email, issuer=self._issuer_label)
        return Enrolling(totp, enrolment, sealed)

    def verify(
        self,
        *,
        code: str,
        session_cookie: str | None,
        enrolment_cookie: str | None,
        visitor: Visitor,
    ) -> None:
        """Complete the enrolment with the app's first code. Raises NoSession, SessionExpired, ChallengeExpired,
        InvalidCode."""
        session, enrolment = self._again.resumed(
            session_cookie, enrolment_cookie, ENROLMENT_PURPOSE
        )
        digits = read_code(code)
        # Wrong codes of the new authenticator app are counted by user name. They do not count as attempts at a sign-in.
        # The key of the new authenticator app was just made for this browser, so guesses of its code reveal no secret of
        # the account.
        with (
            self._attempts.guarded(CHALLENGE, session.username, visitor.ip),
            self._attempts.step_once(enrolment.access_token),
            self._attempts.app_code_once(session.username, digits),
        ):
            try:
                self._api.verify_totp(digits, access_token=enrolment.access_token)
                self._api.prefer_totp(enrolment.access_token, True, passkeys=self._passkeys)
            except Refused as refused:
                if refused.code in _WRONG_CODE:
                    self._attempts.failed()
                    raise InvalidCode(refused.code) from None
                raise ChallengeExpired(refused.code) from None
        self._attempts.succeeded(CHALLENGE, session.username, visitor.ip)
        self._again.revoke(TokenSet(enrolment.access_token, "", enrolment.refresh_token))
        log_event("mfa", user=session.username, on=True)

    def disable(
        self, *, password: str, code: str, session_cookie: str | None, visitor: Visitor
    ) -> None:
        """Turn the authenticator app off, with the password and a code of the app. Raises NoSession, InvalidCredentials,
        InvalidCode."""
        session, email = self._again.native(session_cookie)
        digits = read_code(code)
        account = self._attempts.account_of(email, visitor)
        with ExitStack() as once:
            tokens, _ = self._again.by_both_factors(
                once, session, account, password, digits, visitor
            )
            with self._again.revoked_after(tokens):
                # Remove the recovery codes before turning the app off. Otherwise remaining codes could turn off an
                # authenticator app that the person sets up later.
                self._recovery_codes.remove(session.username)
                try:
                    self._api.prefer_totp(tokens.access_token, False, passkeys=self._passkeys)
                except Refused as refused:
                    raise TemporarilyUnavailable(f"SetUserMFAPreference: {refused.code}") from None
        for kind in (SIGN_IN, CHALLENGE):
            self._attempts.succeeded(kind, account, visitor.ip)
        log_event("mfa", user=session.username, on=False)
