"""Makes one call to Cognito's user-pool API, and sorts the errors into three kinds: about the person, about a trigger,
and outages.

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
#: Errors of our trigger, which runs after Cognito has checked the input.
_TRIGGER_FAULTS = frozenset(
    {
        "InvalidLambdaResponseException",
        "UnexpectedLambdaException",
        "UserLambdaValidationException",
    }
)


#: The error while the pool is being recovered to a point in time. During a recovery the pool refuses almost all calls.
_NOT_ENABLED = "OperationNotEnabledException"


class Refused(Exception):
    """Cognito refused the call. `code` is the exception's name. The exception's message is left out, because the message
    may quote the person."""

    def __init__(self, code: str, *, by_our_rules: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.by_our_rules = by_our_rules


class TriggerFault(TemporarilyUnavailable):
    """A trigger failed. Unlike other outages, a trigger's failure happens after Cognito has checked the password or
    code."""


class SecretRefused(Exception):
    """The secret hash does not match, because the app client's secret was replaced after this container had loaded the
    old secret."""


def call_cognito(
    call: Callable[..., dict[str, Any]], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Make one call and sort the errors. Raises Refused for an error that the person's input or account causes. All other
    exceptions mean that our set-up or AWS causes the error."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        described = error.response.get("Error", {})
        code, message = str(described.get("Code", "")), str(described.get("Message", ""))
        # AWS's message is not read for a refusal, so a refusal takes no longer than a success (S-89).
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
