"""The errors that Gatehouse returns. Each error has a stable public code, an HTTP status, and `detail` for the log.

The code is part of the contract (docs/api.md). The message is a plain sentence for people and may change. `detail` is
logged, but never sent to the caller. The message and `detail` must not contain a token, a password, a code or a cookie.

The errors of signing in are in the module `sign_in_errors.py`. The module is imported when such an error is first used,
and not earlier, because a team's own routes do not need these errors.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .sign_in_errors import AccessDenied as AccessDenied
    from .sign_in_errors import AccountDisabled as AccountDisabled
    from .sign_in_errors import ChallengeExpired as ChallengeExpired
    from .sign_in_errors import CodeRequired as CodeRequired
    from .sign_in_errors import CookieTooLarge as CookieTooLarge
    from .sign_in_errors import InvalidChallengeCode as InvalidChallengeCode
    from .sign_in_errors import InvalidCode as InvalidCode
    from .sign_in_errors import InvalidCredentials as InvalidCredentials
    from .sign_in_errors import InvalidGrant as InvalidGrant
    from .sign_in_errors import InvalidPasskey as InvalidPasskey
    from .sign_in_errors import InvalidPassword as InvalidPassword
    from .sign_in_errors import InvalidToken as InvalidToken
    from .sign_in_errors import LoginExpired as LoginExpired
    from .sign_in_errors import LoginUnknown as LoginUnknown
    from .sign_in_errors import LoginUsed as LoginUsed
    from .sign_in_errors import ManagedByProvider as ManagedByProvider
    from .sign_in_errors import MfaAlreadyOn as MfaAlreadyOn
    from .sign_in_errors import MfaNotOn as MfaNotOn
    from .sign_in_errors import NoSession as NoSession
    from .sign_in_errors import PasskeyNotSupported as PasskeyNotSupported
    from .sign_in_errors import SealBroken as SealBroken
    from .sign_in_errors import SessionExpired as SessionExpired
    from .sign_in_errors import SignInError as SignInError
    from .sign_in_errors import SignUpNotAllowed as SignUpNotAllowed
    from .sign_in_errors import SignUpRefused as SignUpRefused
    from .sign_in_errors import TokenMismatch as TokenMismatch
    from .sign_in_errors import TooManyAttempts as TooManyAttempts
    from .sign_in_errors import TriggerRefused as TriggerRefused
    from .sign_in_errors import UnsupportedChallenge as UnsupportedChallenge

#: Our pre-sign-up trigger puts this text into each refusal. Our server recognizes a refusal by this text, because
#: Cognito's own text of the error may change.
REFUSAL_MARKER = "GATEHOUSE_REFUSED"
#: If a service that our pre-sign-up trigger needs did not answer, the trigger puts `OUTAGE_MARKER` into the refusal.
#: After such an outage, a second sign-up may succeed.
OUTAGE_MARKER = "GATEHOUSE_UNAVAILABLE"


class GatehouseError(Exception):
    """The base class of the errors. The answer has the body `{"error": code, "message": message}` and the status
    `status`. `detail` is for the log."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong on our side. Please try again."
    #: Whether the answer deletes the session cookie, because the session is over.
    clears_session: ClassVar[bool] = False
    #: Whether the answer deletes the challenge cookie, the cookie of a sign-in that waits for the next step.
    clears_challenge: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.retry_after = retry_after
        #: The Set-Cookie values of the error answer.
        self.set_cookies: tuple[str, ...] = ()

    @property
    def extra(self) -> Mapping[str, object]:
        """Return the members that the body has in addition to code and message."""
        return {}


class ConfigurationError(GatehouseError):
    """Settings are missing or contradict each other. `detail` lists all faulty settings, for the log only (S-63)."""

    code = "misconfigured"
    message = "The service is not set up correctly. Its operators can find the reason in the log."


class InvalidRequest(GatehouseError):
    """A request is malformed. `field` is the name of the wrong member or parameter. For any other fault, `field` is
    empty."""

    code = "invalid_request"
    status = 400
    message = "The request is not well formed."

    def __init__(self, detail: str = "", *, field: str = "") -> None:
        super().__init__(detail)
        self.field = field

    @property
    def extra(self) -> Mapping[str, object]:
        return {"field": self.field} if self.field else {}


class UnknownProvider(GatehouseError):
    code = "unknown_provider"
    status = 400
    message = "This way to sign in does not exist."


class Unauthorized(GatehouseError):
    code = "unauthorized"
    status = 401
    message = "Please sign in."


class InsufficientUserAuthentication(GatehouseError):
    """The person must authenticate again, and then call the route within `max_age` seconds (RFC 9470)."""

    code = "insufficient_user_authentication"
    status = 401
    message = "Please confirm that it is you."

    def __init__(self, detail: str = "", *, max_age: int) -> None:
        super().__init__(detail)
        self.max_age = max_age

    @property
    def extra(self) -> Mapping[str, object]:
        return {"max_age": self.max_age}

    @property
    def challenge(self) -> str:
        """Return the value of the header WWW-Authenticate. The body repeats the header's content, because API Gateway
        renames the header."""
        return (
            f'Bearer error="{self.code}", max_age={self.max_age}, '
            'error_description="More recent authentication is required"'
        )


class Forbidden(GatehouseError):
    code = "forbidden"
    status = 403
    message = "You do not have the right to do this."


class CrossSiteRequest(GatehouseError):
    """A route that uses cookies was called without proof that our own page made the call (S-28)."""

    code = "csrf"
    status = 403
    message = "This request did not come from the sign-in page."


class NotFound(GatehouseError):
    code = "not_found"
    status = 404
    message = "This address does not exist."


class PrefetchRefused(GatehouseError):
    """A browser prefetched an address that must be opened by a person, and that works only once
    (chalicelib/gatehouse/edge/prefetches.py)."""

    code = "prefetch_refused"
    status = 503
    message = "This address must not be prefetched."


class PayloadTooLarge(GatehouseError):
    code = "payload_too_large"
    status = 413
    message = "The request is too large."


class UnsupportedMediaType(GatehouseError):
    code = "unsupported_media_type"
    status = 415
    message = "The request must contain application/json."


class TemporarilyUnavailable(GatehouseError):
    """A service that we depend on does not answer. No data was lost, and the next attempt may succeed (S-35)."""

    code = "temporarily_unavailable"
    status = 503
    message = "Sign-in is not available at the moment. Please try again shortly."

    def __init__(self, detail: str = "", *, retry_after: int | None = 5) -> None:
        super().__init__(detail, retry_after=retry_after)


def __getattr__(name: str) -> Any:
    """Return an error class of `sign_in_errors.py` by name (PEP 562)."""
    if name.startswith("_"):  # Python itself looks up names that begin with `_`
        raise AttributeError(name)
    from . import sign_in_errors

    return getattr(sign_in_errors, name)
