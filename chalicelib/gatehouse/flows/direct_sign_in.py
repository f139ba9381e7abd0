"""The direct sign-in: our own endpoints accept email, password and the answers to Cognito's challenges (docs/adr/0006).

The answer is the same for every refused password (S-40). The throttle counts an attempt before the password is sent to
Cognito (S-41). The module does not depend on a web framework. Source: AWS "AdminInitiateAuth",
"AdminRespondToAuthChallenge", "Understanding API, OIDC, and managed login authentication".
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .. import captcha as captchas
from ..cognito.identities import NATIVE, birthplace_of
from ..cognito.oauth import TokenSet
from ..cognito.tokens import AccessClaims, IdentityClaims, TokenVerifier
from ..cognito.user_pool_api import Step, UserPoolApi, Visitor
from ..cognito.user_pool_calls import Refused
from ..errors import (
    ChallengeExpired,
    GatehouseError,
    InvalidChallengeCode,
    InvalidCode,
    InvalidCredentials,
    InvalidPasskey,
    InvalidPassword,
    InvalidRequest,
    InvalidToken,
    SignUpRefused,
    TemporarilyUnavailable,
)
from ..log import log_event
from ..sealed.challenges import Challenge, Challenges
from ..session.device_names import name_device
from ..store.passkey_notes import PasskeyNotes
from .attempts import CAPTCHA, CHALLENGE, PASSKEY, SIGN_IN, Attempts
from .challenge_steps import (
    CODE_RESPONSES,
    MFA_SETUP,
    NEW_PASSWORD,
    SELECT_MFA,
    TOTP,
    WEB_AUTHN,
    choice_of,
    public_name,
    read_step,
)
from .credentials import (
    PASSWORD_REQUIREMENTS,
    TotpKey,
    build_totp_key,
    parse_code,
    read_passkey_id,
    verify_new_password,
)
from .new_session import NewSessions
from .session_flow import Refreshed

#: The scope that the pre-token-generation trigger adds. Without this scope, every route would refuse the person.
REQUIRED_SCOPE = "api/read"


@dataclass(frozen=True)
class DirectlySignedIn(Refreshed):
    """A finished sign-in. `device` is the cookie value by which the throttle recognizes this browser."""

    device: str = field(repr=False)


@dataclass(frozen=True)
class Challenged:
    """The page's next step, and the sealed challenge. `totp` is the key of a new authenticator app."""

    body: Mapping[str, Any]
    challenge: Challenge
    sealed: str = field(repr=False)
    totp: TotpKey | None = None


@dataclass(frozen=True)
class CaptchaNeeded:
    """The page must send a solved CAPTCHA with the next attempt."""

    body: Mapping[str, Any]


@dataclass(frozen=True)
class ChallengeAnswer:
    """The page's answer to a challenge. Members that the challenge does not need are ignored."""

    name: str
    code: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    choice: str | None = None
    #: A passkey's AuthenticationResponseJSON, as text.
    credential: str | None = field(default=None, repr=False)


class DirectSignIn:
    """Signs people in with a passkey, or with a password and the answers to Cognito's challenges."""

    def __init__(
        self,
        *,
        api: UserPoolApi,
        tokens: TokenVerifier,
        challenges: Challenges,
        new_sessions: NewSessions,
        attempts: Attempts,
        captcha: captchas.SiteVerify | None,
        passkeys: PasskeyNotes,
        issuer_label: str,
    ) -> None:
        self._api = api
        self._tokens = tokens
        self._challenges = challenges
        self._new_sessions = new_sessions
        self._attempts = attempts
        self._captcha = captcha
        self._passkeys = passkeys
        self._issuer_label = issuer_label

    def sign_in(
        self,
        *,
        email: str,
        password: str,
        remember: bool,
        captcha_token: str | None,
        visitor: Visitor,
        cookies: Mapping[str, str],
    ) -> "DirectlySignedIn | Challenged | CaptchaNeeded":
        """Check a password. Raises InvalidCredentials, TooManyAttempts, UnsupportedChallenge, TemporarilyUnavailable."""
        self._tokens.load_keys()
        account = self._attempts.account_of(email, visitor)
        if (captcha := self._captcha_needed(account, captcha_token, visitor)) is not None:
            return captcha
        with self._attempts.guarded(SIGN_IN, account, visitor.ip):
            try:
                step = self._api.sign_in(email, password, visitor)
            except Refused as refused:
                self._attempts.failed()
                log_event("sign_in_failed", door="direct", detail=refused.code)
                raise InvalidCredentials(refused.code) from None
        if step.tokens is not None:
            signed_in = self._finish(step.tokens, email, remember, visitor, cookies)
            self._attempts.succeeded(SIGN_IN, account, visitor.ip)
            return signed_in
        start = Challenge(
            name="",
            session="",
            username=step.parameters.get("USER_ID_FOR_SRP") or email,
            email=email,
            remember=remember,
            expires_at=self._challenges.deadline(),
        )
        return self._challenged(step, start)

    def answer(
        self,
        given: ChallengeAnswer,
        *,
        cookie: str | None,
        visitor: Visitor,
        cookies: Mapping[str, str],
    ) -> "DirectlySignedIn | Challenged":
        """Answer the challenge in `cookie`, the value of this browser's challenge cookie.

        Raises ChallengeExpired, InvalidChallengeCode, InvalidPassword, TooManyAttempts and the errors of `sign_in`.
        """
        challenge = self._challenges.open(cookie)
        if given.name != public_name(challenge.name):
            raise InvalidRequest("the answer belongs to another challenge", field="name")
        send = self._prepare(challenge, given, visitor)
        self._tokens.load_keys()
        # Refuse a challenge that began before a password reset or a sign-out everywhere, because the person may have
        # entered the old password (S-67).
        self._new_sessions.refuse_ended(challenge.username, challenge.began_at)
        account = self._attempts.account_of(challenge.email, visitor)
        by_passkey = challenge.name == WEB_AUTHN
        with ExitStack() as once:
            # An attempt with a passkey was already counted when the challenge was requested.
            with (
                nullcontext()
                if by_passkey
                else self._attempts.guarded(CHALLENGE, account, visitor.ip)
            ):
                self._enter_once(once, challenge, given)
                try:
                    step = send()
                except Refused as refused:
                    if by_passkey:
                        once.close()  # a passkey's challenge can be answered only once (S-88)
                    raise self._refusal(refused, by_passkey) from None
            if challenge.name == NEW_PASSWORD:
                # The temporary password was mailed, so the person who replaces the temporary password has proved access
                # to the mailbox (S-68).
                self._new_sessions.record_proved(challenge.username)
            if step.tokens is None:
                return self._challenged(step, challenge)
            try:
                signed_in = self._finish(
                    step.tokens,
                    challenge.email,
                    challenge.remember,
                    visitor,
                    cookies,
                    challenge,
                    read_passkey_id(given.credential) if by_passkey else None,
                )
            except InvalidPasskey:
                once.close()
                raise
        for kind in (PASSKEY,) if by_passkey else (SIGN_IN, CHALLENGE):
            self._attempts.succeeded(kind, account, visitor.ip)
        return signed_in

    def _enter_once(self, once: ExitStack, challenge: Challenge, given: ChallengeAnswer) -> None:
        """Raise an error if the step, or the code of an authenticator app, was already used (S-74). If the `with` block
        of `once` ends with an error, the step and the code can be used again."""
        try:
            once.enter_context(self._attempts.step_once(challenge.session))
            code = parse_code(given.code or "")
            if challenge.name in (TOTP, MFA_SETUP) and code is not None:
                once.enter_context(self._attempts.app_code_once(challenge.username, code))
        except (ChallengeExpired, InvalidCode) as error:
            self._attempts.failed()
            log_event("challenge_failed", door="direct", detail=error.detail)
            if isinstance(error, InvalidCode):
                raise InvalidChallengeCode(error.detail) from None
            raise

    def _captcha_needed(
        self, account: str, token: str | None, visitor: Visitor
    ) -> CaptchaNeeded | None:
        if self._captcha is None:
            return None
        counted, source = self._attempts.counted(SIGN_IN, account, visitor.ip)
        needed = (
            counted >= captchas.REQUIRED_AFTER_ATTEMPTS
            or source >= captchas.REQUIRED_AFTER_SOURCE_ATTEMPTS
        )
        if not needed or (token and self._solved(self._captcha, token, visitor)):
            return None
        return CaptchaNeeded(self._captcha.challenge())

    def _solved(self, captcha: captchas.SiteVerify, token: str, visitor: Visitor) -> bool:
        """Ask the CAPTCHA's vendor whether the puzzle was solved. Until the vendor accepts a solution, each try counts
        against the source address, because even an invented token needs a call to the vendor."""
        if len(token) > captchas.MAX_TOKEN_LENGTH:
            return False
        host = urlsplit(f"//{visitor.server}").hostname or ""
        with self._attempts.guarded(CAPTCHA, None, visitor.ip):
            solved = captcha.verify(token, visitor.ip, host)
        if solved:
            self._attempts.succeeded(CAPTCHA, None, visitor.ip)
        return solved

    def _prepare(
        self, challenge: Challenge, given: ChallengeAnswer, visitor: Visitor
    ) -> Callable[[], Step]:
        """Check the form of an answer before the answer counts as an attempt. Return a function that sends the answer
        to Cognito."""

        def respond(responses: Mapping[str, str], session: str = challenge.session) -> Step:
            return self._api.respond(
                challenge.name, session, challenge.username, responses, visitor
            )

        if challenge.name == NEW_PASSWORD:
            password = given.password or ""
            verify_new_password(password)
            return lambda: respond({"NEW_PASSWORD": password})
        if challenge.name == SELECT_MFA:
            choice = choice_of(challenge.choices, given.choice or "")
            if choice is None:
                raise InvalidRequest("the challenge did not offer this choice", field="choice")
            return lambda: respond({"ANSWER": choice})
        if challenge.name == WEB_AUTHN:
            credential = given.credential or ""
            read_passkey_id(credential)
            return lambda: respond({"CREDENTIAL": credential})
        code = parse_code(given.code or "")
        if code is None:
            raise InvalidChallengeCode("not six digits")
        if challenge.name == MFA_SETUP:
            return lambda: respond({}, self._api.verify_totp(code, session=challenge.session))
        return lambda: respond({CODE_RESPONSES[challenge.name]: code})

    def _refusal(self, refused: Refused, by_passkey: bool) -> GatehouseError:
        """Return our error for a refused answer. A wrong code or password leaves the challenge open. Every other error
        ends the challenge."""
        self._attempts.failed()
        log_event("challenge_failed", door="direct", detail=refused.code)
        if by_passkey:
            return InvalidPasskey(refused.code)
        if refused.code in ("CodeMismatchException", "EnableSoftwareTokenMFAException"):
            return InvalidChallengeCode(refused.code)
        if refused.code in ("InvalidPasswordException", "PasswordHistoryPolicyViolationException"):
            return InvalidPassword(refused.code, requirements=PASSWORD_REQUIREMENTS)
        return ChallengeExpired(refused.code)

    def _challenged(self, step: Step, before: Challenge) -> Challenged:
        """Seal the next challenge. Raises UnsupportedChallenge for challenges that the page cannot answer (S-45)."""
        asked = read_step(step)
        session, totp = step.session, None
        if asked.name == MFA_SETUP:
            try:
                secret, session = self._api.associate_totp(session=step.session)
            except Refused as refused:
                raise ChallengeExpired(refused.code) from None
            totp = build_totp_key(secret, account=before.email, issuer=self._issuer_label)
        if not session:
            raise TemporarilyUnavailable("Cognito sent a challenge without a Session")
        challenge = before.next(asked.name, session, asked.choices)
        log_event("challenged", door="direct", challenge=asked.name)
        return Challenged(asked.body, challenge, self._challenges.seal(challenge), totp)

    def _finish(
        self,
        tokens: TokenSet,
        email: str,
        remember: bool,
        visitor: Visitor,
        cookies: Mapping[str, str],
        challenge: Challenge | None = None,
        passkey: str | None = None,
    ) -> DirectlySignedIn:
        """Check the tokens as after a hosted sign-in, and start a session. If a check fails, the tokens are revoked.

        `challenge` is the challenge that was answered. If the challenge does not contain the user's name in the pool,
        this method checks whether the user was signed out after the challenge began. `passkey` is the id of the passkey
        with which the person signed in.
        """
        assert tokens.refresh_token is not None
        with self._new_sessions.revoked_on_failure(tokens.refresh_token):
            try:
                identity, access = self._verify(tokens)
                if challenge is not None and challenge.username != identity.username:
                    self._new_sessions.refuse_ended(identity.username, challenge.began_at)
                if passkey is not None:
                    self._refuse_ended_passkey(identity.username, passkey)
                session, sealed = self._new_sessions.start(
                    identity,
                    tokens.refresh_token,
                    door="direct",
                    remember=remember,
                    device=name_device(visitor.user_agent),
                    provider=NATIVE,
                    cookies=cookies,
                )
            except InvalidToken as error:
                # The person made no mistake. The cause is that a trigger is missing, or that the signing keys do not
                # belong to the pool.
                raise TemporarilyUnavailable(
                    f"tokens of a direct sign-in: {error.detail}"
                ) from None
            # The answer is the same as after a refusal by the trigger.
            except SignUpRefused as error:
                raise InvalidCredentials(error.detail) from None
        device = self._attempts.known_device(email, identity.username)
        return DirectlySignedIn(tokens.access_token, access, identity, session, sealed, device)

    def _refuse_ended_passkey(self, user_name: str, passkey: str) -> None:
        """Refuse a passkey that is older than the last password reset by mail. Cognito itself still has such a passkey
        (S-102).

        Cognito checks the passkey first, so this check reveals nothing to a person who has no passkey of the account.
        """
        if self._passkeys.load(user_name).has_ended(passkey):
            self._attempts.failed()
            log_event("passkey_ended", user=user_name)
            raise InvalidPasskey("the passkey is older than the last password that was set by mail")

    def _verify(self, tokens: TokenSet) -> tuple[IdentityClaims, AccessClaims]:
        # An ID token of this flow has no nonce, because the token did not come through the browser.
        if tokens.id_token is None:
            raise InvalidToken("Cognito returned no ID token")
        identity = self._tokens.verify_id_token(
            tokens.id_token, nonce=None, access_token=tokens.access_token, from_cognito=True
        )
        access = self._tokens.verify_access_token(tokens.access_token, from_cognito=True)
        if access.sub != identity.sub:
            raise InvalidToken("ID token and access token name different people")
        if REQUIRED_SCOPE not in access.scope.split():
            raise InvalidToken(
                f"access token lacks {REQUIRED_SCOPE}: check that the trigger token_claims is attached"
            )
        if is_federated_only(identity):
            raise InvalidCredentials("people who sign in through a provider have no password here")
        return identity, access


def is_federated_only(identity: IdentityClaims) -> bool:
    """Whether the user was created by a sign-in through an identity provider. Cognito names such a user
    `<provider>_<subject>`.

    A native user who is linked to a provider keeps the native name, and the password.
    """
    return birthplace_of(identity.username, identity.identities).provider != NATIVE
