"""The errors of sign-ins, sessions, accounts and triggers. Import these errors from `errors`."""

from collections.abc import Mapping

from .errors import GatehouseError

#: The maximum number of characters that the log shows of a claim or header parameter of a token.
_SHOWN_CHARACTERS = 80


class NoSession(GatehouseError):
    code = "no_session"
    status = 401
    message = "You are not signed in."
    clears_session = True


class SessionExpired(GatehouseError):
    code = "session_expired"
    status = 401
    message = "Your session has ended. Please sign in again."
    clears_session = True


class InvalidCredentials(GatehouseError):
    """The sign-in failed. The answer is the same for an unknown address, a wrong password, and a disabled, unconfirmed or
    locked account (S-40). Only `detail` distinguishes these cases."""

    code = "invalid_credentials"
    status = 401
    message = "Email or password is wrong, or the address is not confirmed yet."


class InvalidPasskey(InvalidCredentials):
    """A passkey's answer was refused, for any reason. The passkey's challenge cannot be used again (S-88)."""

    clears_challenge = True
    message = "This passkey cannot be used to sign in."


class CodeRequired(GatehouseError):
    """The password is right, but a code of the person's authenticator app is also required."""

    code = "code_required"
    status = 409
    message = "Please also enter a code from your authenticator app."


class PasskeyNotSupported(GatehouseError):
    """Cognito refuses a new passkey. The passkey is for another site or lacks user verification, or the person already
    has the maximum number of passkeys."""

    code = "passkey_refused"
    status = 400
    message = "This passkey cannot be registered."


class TooManyAttempts(GatehouseError):
    """The throttle refuses an attempt. `retry_after` is the time to wait, in seconds. The answer's body contains this
    number as well, for the page's countdown (S-41, S-44)."""

    code = "too_many_attempts"
    status = 429
    message = "Too many attempts. Please wait a moment, then try again."

    def __init__(self, detail: str = "", *, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)

    @property
    def extra(self) -> Mapping[str, object]:
        return {"retry_after": self.retry_after}


class InvalidCode(GatehouseError):
    """A mailed code is wrong, expired, or belongs to no account."""

    code = "invalid_code"
    status = 400
    message = "This code is wrong or has expired."


class InvalidChallengeCode(InvalidCode):
    """The answer to a challenge is wrong. The challenge can be answered again."""

    status = 401


class ChallengeExpired(GatehouseError):
    code = "challenge_expired"
    status = 401
    message = "The sign-in took too long. Please start again."
    clears_challenge = True


class UnsupportedChallenge(GatehouseError):
    """Cognito requires a step that only managed login supports. The sign-in on our page fails (S-45)."""

    code = "unsupported_challenge"
    status = 401
    message = "Please sign in to this account in another way."
    clears_challenge = True

    def __init__(self, detail: str = "", *, login_url: str = "") -> None:
        super().__init__(detail)
        self.login_url = login_url

    @property
    def extra(self) -> Mapping[str, object]:
        return {"login_url": self.login_url}


class InvalidPassword(GatehouseError):
    """The new password is not allowed. The page shows `requirements`."""

    code = "invalid_password"
    status = 400
    message = "This password cannot be used. Please choose a longer one."

    def __init__(self, detail: str = "", *, requirements: Mapping[str, object]) -> None:
        super().__init__(detail)
        self.requirements = requirements

    @property
    def extra(self) -> Mapping[str, object]:
        return {"requirements": dict(self.requirements)}


class SignUpNotAllowed(GatehouseError):
    code = "sign_up_refused"
    status = 403
    message = "This address may not sign up here."


class ManagedByProvider(GatehouseError):
    code = "managed_by_provider"
    status = 409
    message = "Your identity provider manages this part of your account."


class MfaAlreadyOn(GatehouseError):
    code = "mfa_already_on"
    status = 409
    message = "A second factor is already on."


class MfaNotOn(GatehouseError):
    code = "mfa_not_on"
    status = 409
    message = "This account has no authenticator app, so recovery codes are not needed."


class SignInError(GatehouseError):
    """A hosted sign-in failed at the callback. The browser is redirected to the page, with the error's code in the URL:
    `/?error=<code>`."""

    code = "login_failed"
    status = 400
    message = "The sign-in did not work. Please try again."


class LoginExpired(SignInError):
    code = "login_expired"
    message = "The sign-in took too long."


class LoginUsed(SignInError):
    """The browser opened a callback again: by the Back button, from a restored tab, or from a bookmark."""

    code = "login_used"
    message = "The sign-in is already finished."


class LoginUnknown(SignInError):
    """The callback came without the cookie of the sign-in. The sign-in began in another browser, or cookies are
    blocked."""

    code = "login_unknown"
    message = (
        "The sign-in began in another browser, or this browser did not keep the sign-in's cookie."
    )


class AccessDenied(SignInError):
    code = "access_denied"
    message = "The sign-in was cancelled or refused."


class AccountDisabled(SignInError):
    """The provider accepted the person, but a signal, an administrator or an operator has disabled the person's profile
    in the pool.

    Nobody gets this error without a successful sign-in at the provider. Therefore the error does not reveal to
    strangers which accounts exist (S-40).
    """

    code = "account_disabled"
    message = "This account is disabled here."


class SignUpRefused(SignInError):
    code = "sign_up_refused"
    message = "This address may not sign up here."


class InvalidToken(GatehouseError):
    """A token failed verification. `detail` never contains the token."""

    code = "login_failed"
    status = 401
    message = "The sign-in could not be verified."


class TokenMismatch(InvalidToken):
    """A claim or header parameter `name` of a token has the value `actual` instead of `expected`.

    Raise this error only for issuer, client, use, algorithm, key id and times. Other values may be personal or secret.
    """

    def __init__(self, name: str, expected: str, actual: object) -> None:
        found = repr(actual)
        if len(found) > _SHOWN_CHARACTERS:
            found = f"{found[:_SHOWN_CHARACTERS]}…"
        super().__init__(f"{name} must be {expected}, not {found}")
        self.name = name
        self.expected = expected
        self.actual = actual


class InvalidGrant(GatehouseError):
    """The token endpoint permanently refuses the code or refresh token (RFC 6749 5.2)."""

    code = "login_failed"
    status = 401
    message = "The sign-in is no longer valid."


class SealBroken(GatehouseError):
    """A sealed value is malformed, foreign, tampered with, or sealed with a removed key."""

    code = "no_session"
    status = 401
    message = "You are not signed in."


class CookieTooLarge(GatehouseError):
    """A value is too long for a cookie of 4096 bytes. Browsers would silently drop a longer cookie (S-31)."""

    code = "login_failed"
    status = 500
    message = "The sign-in could not be stored in this browser."


class TriggerRefused(GatehouseError):
    """A trigger got an event of another pool, or an event of a kind that we do not handle (S-58)."""

    code = "trigger_refused"
    message = "This event is not supported."
