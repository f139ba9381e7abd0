"""Makes the same clients as boto3, but directly with botocore. The clients limit the time of a call, retry only safe
calls, and check AWS's answers.

botocore's own retries are off, because botocore cannot know which calls are safe to repeat. In addition, botocore
accepts non-JSON as an empty response, ignores a truncated body, and sets no time limit for a whole call. This module
reports an outage in all three cases: non-JSON, a truncated body, and a call that takes too long. Source: botocore's
`httpsession` (`enforce_content_length=False`) and `parsers` (`_parse_body_as_json`); DynamoDB developer guide, "Error
retries and exponential backoff".
"""

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from . import __version__
from .deadline import Budget, pause_before_retry
from .errors import TemporarilyUnavailable

#: Operations that change no data, so a retry does no harm. Most other operations are sent only once. For example, a
#: second AdminInitiateAuth would count as a second guess, a challenge's Session works only once, and a second
#: ForgotPassword would send a second mail.
_READS = frozenset(
    {
        "get_item",
        "scan",
        "query",
        "get_secret_value",
        "list_users",
        "admin_get_user",
        "admin_list_groups_for_user",
        "list_web_authn_credentials",
    }
)
#: Operations that set an absolute value, so a second call has the same result.
_SAME_TWICE = frozenset({"admin_set_user_password", "admin_set_user_mfa_preference"})
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
#: A DynamoDB page has 1 MB of data at most. The page's JSON is longer, because JSON adds a type name to each value.
MAX_ANSWER_BYTES = 4 * 1024 * 1024


class UnreadableAnswer(TemporarilyUnavailable):
    """AWS, or a proxy in front of AWS, sent an invalid answer."""


class AwsClients:
    """Makes clients by service name.

    A write to one of the `repeatable_tables` is safe to repeat (S-55). A write of the throttle's counts is not safe to
    repeat.
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
            # Without `user_agent`, botocore would build the User-Agent twice per call, and the additional work would
            # take a tenth of the time of a small call. CloudTrail shows the User-Agent.
            user_agent=f"chalice-gatehouse/{__version__}",
            # Skipping botocore's check of the arguments saves another tenth of a call's time. DynamoDB checks the
            # arguments itself.
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

    def own(self, service: str) -> Any:
        """Return a boto3 client for a team's own code. The client has all operations of the service and botocore's own
        retries.

        Gatehouse adds nothing but a time limit for each call, including calls inside paginators and waiters. A call
        that takes too long raises TemporarilyUnavailable.
        """
        client = self._own_session.create_client(
            service, region_name=self._region, config=self._own_config
        )
        return self._bound(service, client)

    def own_tables(self) -> Any:
        """Return boto3's `dynamodb` resource, with the same time limits as `own`. The resource converts DynamoDB's types
        to Python's types."""
        from .aws_session import new_tables

        resource = new_tables(self._own_session, self._region, self._own_config)
        self._bound("dynamodb", resource.meta.client)
        return resource

    def _bound(self, service: str, client: Any) -> Any:
        from .aws_session import share_connections

        share_connections(self._own_session, client, self._own_config)
        call: Any = client._make_api_call  # every method of a client calls `_make_api_call`
        limit = self._budget.limits.own
        client._make_api_call = lambda name, arguments: self._budget.run(
            f"{service} {name}", limit, lambda _: call(name, arguments)
        )
        return client

    @cached_property
    def _own_config(self) -> Any:
        from botocore.config import Config

        limits = self._budget.limits
        return Config(
            connect_timeout=limits.aws_connect,
            read_timeout=limits.own,
            retries={"mode": "standard", "total_max_attempts": 3},
        )

    @cached_property
    def _own_session(self) -> Any:
        from .aws_session import new_session

        return new_session(cut=False)

    @cached_property
    def _session(self) -> Any:
        """Make the session that Gatehouse's own clients share. A team's clients share another session."""
        from .aws_session import new_session

        return new_session()

    def may_repeat(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a call is safe to repeat. `name` is boto3's name of the method."""
        return (
            name in _READS
            or name in _SAME_TWICE
            or (name == "update_item" and arguments.get("TableName") in self._repeatable_tables)
        )

    def _try(self, seconds: float, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Make the call. If the call fails, repeat the call once, unless the error is permanent or the time is up."""
        ends_at = self._clock() + seconds
        try:
            return call(**arguments)
        except Exception as error:
            if not is_passing(error) or self._clock() >= ends_at:
                raise
        self._pause()
        return call(**arguments)


class BoundedClient:
    """A boto3 client whose calls have a time limit. A call raises boto3's errors or TemporarilyUnavailable."""

    def __init__(
        self, client: Any, run: Callable[[str, Callable[..., Any], Mapping[str, Any]], Any]
    ) -> None:
        self._client = client
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)
        return lambda **arguments: self._run(name, call, arguments)


def is_passing(error: Exception) -> bool:
    """Return whether the cause of the error is temporary, so that a repeated call may succeed."""
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
    """Raise UnreadableAnswer unless the body is a JSON object. For an operation without output, an empty body is valid,
    too.

    The function checks only the services that use JSON. We do not lock the version of botocore in Lambda's runtime, so
    a later version may use CBOR for a service. CBOR needs no check, because botocore's CBOR parser is strict.
    """
    if operation_model.has_streaming_output:
        return  # our code reads only the status of Lambda's Invoke
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
    """Return whether an empty body is valid. Cognito sends an empty body for operations without output, such as
    RevokeToken."""
    return str(operation_model.service_model.service_name) == "cognito-idp"
