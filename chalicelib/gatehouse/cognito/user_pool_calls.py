"""Makes one call to Cognito's user-pool API, and sorts the errors into three kinds: errors about the person, errors of
a trigger, and outages.

Source: Amazon Cognito user pools API reference, "Errors" of each operation.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..aws_errors import said_by
from ..errors import REFUSAL_MARKER, TemporarilyUnavailable
from ..log import log_event

#: Errors about the person or the person's input. All other errors are outages or faults of the set-up.
_REFUSALS = frozenset(
    {
        "AliasExistsException",
        "CodeDeliveryFailureException",
        "CodeMismatchException",
        "EnableSoftwareTokenMFAException",
        "ExpiredCodeException",
        "InvalidParameterException",
        "InvalidPasswordException",
        "LimitExceededException",
        "MFAMethodNotFoundException",
        "NotAuthorizedException",
        "PasswordHistoryPolicyViolationException",
        "PasswordResetRequiredException",
        "RefreshTokenReuseException",
        "SoftwareTokenMFANotFoundException",
        "TooManyFailedAttemptsException",
        "UserNotConfirmedException",
        "UserNotFoundException",
        "UsernameExistsException",
        "WebAuthnChallengeNotFoundException",
        "WebAuthnClientMismatchException",
        "WebAuthnCredentialNotSupportedException",
        "WebAuthnOriginNotAllowedException",
        "WebAuthnRelyingPartyMismatchException",
    }
)
#: Errors of our trigger. The trigger runs after Cognito has checked the input.
_TRIGGER_FAULTS = frozenset(
    {
        "InvalidLambdaResponseException",
        "UnexpectedLambdaException",
        "UserLambdaValidationException",
    }
)


#: The error that almost every call returns while the pool is being recovered to a point in time.
_NOT_ENABLED = "OperationNotEnabledException"


class Refused(Exception):
    """Cognito refused the call. `code` is the exception's name. The exception's message is left out, because the
    message may contain data about the person."""

    def __init__(self, code: str, *, by_our_rules: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.by_our_rules = by_our_rules


class TriggerFault(TemporarilyUnavailable):
    """A trigger failed. Unlike in other outages, Cognito has already checked the password or the code."""


class SecretRefused(Exception):
    """The secret hash does not match, because the app client's secret was replaced after this container had loaded the
    old secret."""


def call_cognito(
    call: Callable[..., dict[str, Any]], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Make one call to Cognito, and raise one of our exceptions for each error. Raises Refused if the person's input or
    account causes the error, and other exceptions if our set-up or AWS causes the error."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        described = error.response.get("Error", {})
        code, message = str(described.get("Code", "")), str(described.get("Message", ""))
        # For a refusal, `said_by` is not called, so that a refusal takes no longer than a success (S-89).
        operation, said = error.operation_name, "" if code in _REFUSALS else said_by(error)
    except BotoCoreError as error:
        raise TemporarilyUnavailable(f"Cognito: {type(error).__name__}") from None
    if code == "NotAuthorizedException" and "secret hash" in message:
        raise SecretRefused
    if code == "UserLambdaValidationException" and REFUSAL_MARKER in message:
        raise Refused(code, by_our_rules=True)
    if code in _REFUSALS:
        raise Refused(code)
    if code == _NOT_ENABLED:
        log_event("user_pool_not_enabled", level="error", operation=operation, detail=code)
    if code in _TRIGGER_FAULTS:
        raise TriggerFault(f"Cognito {operation}: {code}")
    raise TemporarilyUnavailable(f"Cognito {operation}: {said}")
