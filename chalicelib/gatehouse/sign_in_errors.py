"""The errors of signing in, of sessions, accounts and triggers. Everybody gets them from `errors`."""

from collections.abc import Mapping

from .errors import GatehouseError

#: A token's own words are not quoted at greater length in the log.
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
    """Unknown, wrong, disabled, unconfirmed, locked: one answer for all of them (S-40). `detail` tells them apart."""

    code = "invalid_credentials"
    status = 401
    message = "Email or password is not right, or the address is not confirmed yet."


class TooManyAttempts(GatehouseError):
    """The throttle's answer; `retry_after` in seconds, also in the body for the page's countdown (S-41, S-44)."""

    code = "too_many_attempts"
    status = 429
    message = "Too many attempts. Please wait a moment, then try again."

    def __init__(self, detail: str = "", *, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)

    @property
    def extra(self) -> Mapping[str, object]:
        return {"retry_after": self.retry_after}


class InvalidCode(GatehouseError):
    """A code that was mailed: wrong, expired, or for nobody."""

    code = "invalid_code"
    status = 400
    message = "This code is not right, or it has expired."


class InvalidChallengeCode(InvalidCode):
    """A wrong answer to a challenge; the challenge stands."""

    status = 401


class ChallengeExpired(GatehouseError):
    code = "challenge_expired"
    status = 401
    message = "The sign-in took too long. Please start again."
    clears_challenge = True


class UnsupportedChallenge(GatehouseError):
    """Cognito asks for something that this page cannot do; managed login can (S-45: fail closed)."""

    code = "unsupported_challenge"
    status = 401
    message = "This account needs another way to sign in."
    clears_challenge = True

    def __init__(self, detail: str = "", *, login_url: str = "") -> None:
        super().__init__(detail)
        self.login_url = login_url

    @property
    def extra(self) -> Mapping[str, object]:
        return {"login_url": self.login_url}


class InvalidPassword(GatehouseError):
    """A new password that may not be one. `requirements` are for the page."""

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
    message = "Your identity provider manages this."


class MfaAlreadyOn(GatehouseError):
    code = "mfa_already_on"
    status = 409
    message = "A second factor is on already."


class SignInError(GatehouseError):
    """A hosted sign-in that ends at the callback; the code goes to the page as `/?error=<code>`."""

    code = "login_failed"
    status = 400
    message = "The sign-in did not work. Please try again."


class LoginExpired(SignInError):
    code = "login_expired"
    message = "The sign-in took too long."


class LoginUsed(SignInError):
    """A callback that comes once more: Back, a restored tab, a bookmark."""

    code = "login_used"
    message = "The sign-in was finished before."


class LoginUnknown(SignInError):
    """A callback of a sign-in of which this browser knows nothing: begun in another one, or its cookies are blocked."""

    code = "login_unknown"
    message = "The sign-in was not started in this browser, or the browser did not keep its cookie."


class AccessDenied(SignInError):
    code = "access_denied"
    message = "The sign-in was cancelled or refused."


class SignUpRefused(SignInError):
    code = "sign_up_refused"
    message = "This address may not sign up here."


class InvalidToken(GatehouseError):
    """A token failed verification. `detail` never holds the token."""

    code = "login_failed"
    status = 401
    message = "The sign-in could not be verified."


class TokenMismatch(InvalidToken):
    """A token says `actual` where it must say `expected`, in the claim or header parameter `name`.

    Only for what tells nothing of a person and is no secret: issuer, client, use, algorithm, key id, times.
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
    """The token endpoint refuses the code or refresh token for good (RFC 6749 5.2)."""

    code = "login_failed"
    status = 401
    message = "The sign-in is no longer valid."


class SealBroken(GatehouseError):
    """A sealed value is malformed, foreign, tampered with, or sealed under a key that is gone."""

    code = "no_session"
    status = 401
    message = "You are not signed in."


class CookieTooLarge(GatehouseError):
    """A cookie would not fit into 4096 bytes, so browsers would drop it silently (S-31)."""

    code = "login_failed"
    status = 500
    message = "The sign-in could not be stored in this browser."


class TriggerRefused(GatehouseError):
    """A trigger's event is not for this pool or not one that we handle (S-58)."""

    code = "trigger_refused"
    message = "This event is not handled here."
