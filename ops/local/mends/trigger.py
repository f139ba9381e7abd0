"""A patch that invokes a user pool's Lambda trigger as Cognito does.

- Cognito waits 5 seconds for a trigger, and tries up to three times. After a failure, Cognito reports "<Trigger> failed
  with error <text>."
  https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
- The function's resource policy must allow the user pool to invoke the function.
  https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import contextvars
import fnmatch
import threading
from collections.abc import Mapping
from typing import Any

from .emulator import Emulator

SEEN_WITH = "1.5.33"

SECONDS_PER_TRY = 5.0
TRIES = 3
_SERVICE = "cognito-idp.amazonaws.com"


class TriggerFailedError(Exception):
    """The error for a trigger that refused the operation, failed, or could not be reached. `code` is the name of
    Cognito's exception.
    """

    def __init__(self, message: str, code: str = "UserLambdaValidationException") -> None:
        super().__init__(message)
        self.code = code


def build_event(
    emulator: Emulator,
    pool: Mapping[str, Any],
    source: str,
    user: Mapping[str, Any],
    client_id: str,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the event that a trigger gets about an existing user."""
    attributes = dict(emulator.cognito._attr_list_to_dict(user["Attributes"]))
    attributes["cognito:user_status"] = user["UserStatus"]
    request: dict[str, Any] = {"userAttributes": attributes}
    if metadata:
        request["clientMetadata"] = dict(metadata)
    return {
        "version": "1",
        "triggerSource": source,
        "region": emulator.cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user["Username"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "request": request,
        "response": {},
    }


def invoke(
    emulator: Emulator, pool: Mapping[str, Any], trigger: str, event: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Run a trigger and return its `response`; return None if the pool has no such trigger."""
    configured = (pool.get("LambdaConfig") or {}).get(trigger)
    arn = configured.get("LambdaArn") if isinstance(configured, Mapping) else configured
    if not arn:
        return None
    name = trigger.removesuffix("Config")
    functions = emulator.lambda_functions
    record, config, _ = functions._get_func_record_for_ref(arn)
    if not record or not config:
        raise TriggerFailedError(f"{name} invocation failed: no function {arn}.", _UNREACHABLE)
    if not _lets_in(record.get("policy") or {}, pool, emulator.scope.get_account_id()):
        message = f"{name} invocation failed due to error AccessDeniedException."
        raise TriggerFailedError(message, _UNREACHABLE)
    function = functions._execution_record_for_config(record, config)
    for _ in range(TRIES):
        result = _within(
            SECONDS_PER_TRY, functions._execute_function_with_config_scope, function, dict(event)
        )
        if result is not None:
            break
    else:
        raise TriggerFailedError(f"{name} invocation failed: it did not answer.", _UNREACHABLE)
    body = result.get("body")
    if result.get("error"):
        detail = body.get("errorMessage") if isinstance(body, Mapping) else body
        raise TriggerFailedError(f"{name} failed with error {detail}.")
    if not isinstance(body, Mapping):
        raise TriggerFailedError("Unrecognizable lambda output", "InvalidLambdaResponseException")
    return dict(body.get("response") or {})


_UNREACHABLE = "UnexpectedLambdaException"


def _lets_in(policy: Mapping[str, Any], pool: Mapping[str, Any], account: str) -> bool:
    return any(
        statement.get("Effect") == "Allow"
        and statement.get("Principal") == {"Service": _SERVICE}
        and statement.get("Action") in ("lambda:InvokeFunction", "lambda:*")
        and _holds(statement.get("Condition") or {}, str(pool["Arn"]), account)
        for statement in policy.get("Statement") or []
    )


def _holds(condition: Mapping[str, Any], pool_arn: str, account: str) -> bool:
    source_arn = (condition.get("ArnLike") or {}).get("AWS:SourceArn", "*")
    source_account = (condition.get("StringEquals") or {}).get("AWS:SourceAccount", account)
    return fnmatch.fnmatchcase(pool_arn, source_arn) and source_account == account


def _within(seconds: float, function: Any, *arguments: Any) -> dict[str, Any] | None:
    """Run a blocking call in a separate thread. Return None if the call takes longer than `seconds`."""
    results: list[dict[str, Any]] = []
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=lambda: results.append(context.run(function, *arguments)), daemon=True
    )
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
