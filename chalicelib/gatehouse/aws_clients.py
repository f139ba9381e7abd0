"""boto3's clients, made by botocore itself: how long a call may take, what may be tried twice, and what counts as an answer.

botocore's own retries are off: they do not know what may happen twice. It also takes bytes that are no JSON for an answer
without members, reads past a missing end, and has no limit for a whole call; all three end here as outages.
Source: botocore's `httpsession` (`enforce_content_length=False`) and `parsers` (`_parse_body_as_json`); DynamoDB developer
guide, "Error retries and exponential backoff".
"""

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from . import __version__
from .deadline import Budget, pause_before_retry
from .errors import TemporarilyUnavailable

#: Reads: asked twice, they answer twice. Everything else is sent once: a second AdminInitiateAuth is a second guess, a
#: challenge's Session serves once, a second ForgotPassword is a second mail.
_READS = frozenset(
    {
        "get_item",
        "scan",
        "get_secret_value",
        "list_users",
        "admin_get_user",
        "admin_list_groups_for_user",
    }
)
#: Writes that say what shall be, and so do the same twice.
_SAME_TWICE = frozenset({"admin_set_user_password"})
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
#: DynamoDB's pages hold 1 MB at most; the rest is for the names of types around every value.
MAX_ANSWER_BYTES = 4 * 1024 * 1024


class UnreadableAnswer(TemporarilyUnavailable):
    """AWS, or something in front of it, answered with what is no answer."""


class AwsClients:
    """Makes clients by service name.

    Writes to `repeatable_tables` may happen twice (S-55); the throttle's counts may not.
    """

    def __init__(
        self,
        region: str,
        budget: Budget,
        *,
        repeatable_tables: frozenset[str] = frozenset(),
        pause: Callable[[], None] = pause_before_retry,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._region = region
        self._budget = budget
        self._repeatable_tables = repeatable_tables
        self._pause = pause
        self._clock = clock

    def __call__(self, service: str) -> "BoundedClient":
        """Return a client for `dynamodb`, `secretsmanager`, `cognito-idp` or `lambda`."""
        from botocore.config import Config

        from .aws_session import share_connections

        limits = self._budget.limits
        slow = service == "cognito-idp"
        limit = limits.cognito if slow else limits.aws
        config = Config(
            connect_timeout=limits.aws_connect,
            read_timeout=limit if slow else limits.aws_read,
            retries={"mode": "standard", "total_max_attempts": 1},
            # botocore would put its own together twice at each call: a tenth of a small one. CloudTrail shows it.
            user_agent=f"chalice-gatehouse/{__version__}",
            # Another tenth, of the stores' calls: all their arguments are texts by name, and DynamoDB looks at them itself.
            parameter_validation=service != "dynamodb",
        )
        make: Any = self._session.create_client
        client = make(service, region_name=self._region, config=config)
        share_connections(self._session, client, config)
        client.meta.events.register("before-parse", _verify_answer)

        def run(name: str, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
            if not self.may_repeat(name, arguments):
                return self._budget.run(f"{service} {name}", limit, lambda _: call(**arguments))
            return self._budget.run(
                f"{service} {name}", limit, lambda seconds: self._try(seconds, call, arguments)
            )

        return BoundedClient(client, run)

    @cached_property
    def _session(self) -> Any:
        """What clients share."""
        from .aws_session import new_session

        return new_session()

    def may_repeat(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Tell whether a call, by boto3's name, does no harm when it happens twice."""
        return (
            name in _READS
            or name in _SAME_TWICE
            or (name == "update_item" and arguments.get("TableName") in self._repeatable_tables)
        )

    def _try(self, seconds: float, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Call, and call again unless that is useless, or nobody waits any more."""
        ends_at = self._clock() + seconds
        try:
            return call(**arguments)
        except Exception as error:
            if not is_passing(error) or self._clock() >= ends_at:
                raise
        self._pause()
        return call(**arguments)


class BoundedClient:
    """A boto3 client whose calls end in time. They raise what boto3 raises, and TemporarilyUnavailable."""

    def __init__(
        self, client: Any, run: Callable[[str, Callable[..., Any], Mapping[str, Any]], Any]
    ) -> None:
        self._client = client
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)
        return lambda **arguments: self._run(name, call, arguments)


def is_passing(error: Exception) -> bool:
    """Tell whether the same call may succeed a moment later."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        return status >= 500 or status == 429 or code in _THROTTLED
    if isinstance(error, exceptions.SSLError):
        return False
    outages = (exceptions.HTTPClientError, exceptions.ConnectionError, UnreadableAnswer)
    return isinstance(error, outages)


def _verify_answer(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Raise UnreadableAnswer unless the body is a JSON object, or nothing where the operation tells nothing.

    Nobody locks the botocore of Lambda's runtime: a later one may speak CBOR to a service, and reads that strictly itself.
    """
    if operation_model.has_streaming_output:
        return  # a body that nobody has read, nor will: Lambda's Invoke is judged by its status alone
    body: bytes = response_dict["body"]
    name = operation_model.name
    if len(body) > MAX_ANSWER_BYTES:
        raise UnreadableAnswer(f"{name} answered more than {MAX_ANSWER_BYTES} bytes")
    if operation_model.service_model.resolved_protocol != "json":
        return
    if not body and (response_dict["status_code"] >= 300 or _tells_nothing(operation_model)):
        return
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise UnreadableAnswer(f"{name} answered {response_dict['status_code']} without JSON")


def _tells_nothing(operation_model: Any) -> bool:
    """Cognito answers some operations with an empty body (RevokeToken, AdminUserGlobalSignOut); the others never do."""
    return str(operation_model.service_model.service_name) == "cognito-idp"
