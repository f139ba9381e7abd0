"""Reads and caches secrets of Secrets Manager (S-59).

A value is cached for five minutes. During an outage of Secrets Manager, the container continues to use the cached
value, so that the outage does not sign people out.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from ..aws_errors import said_by
from ..errors import ConfigurationError, TemporarilyUnavailable
from ..log import log_event
from ..workers import Ahead

CACHE_SECONDS = 300
#: `renew=True` bypasses the cache at most once in this number of seconds. Otherwise, each forged cookie would cause a
#: call to Secrets Manager.
RENEW_INTERVAL_SECONDS = 30


class SecretsManager(Protocol):
    """The part of boto3's client that this module uses. The tests' fake client has the same method."""

    def get_secret_value(self, **arguments: Any) -> dict[str, Any]: ...


class SecretStore:
    """Reads JSON secrets by ARN. `clock` returns Unix seconds."""

    def __init__(self, client: SecretsManager, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._cached: dict[str, tuple[float, Mapping[str, object]]] = {}
        self._ahead: dict[str, Ahead[Mapping[str, object]]] = {}

    def begin(self, arn: str) -> None:
        """Start reading a secret in another thread if the cached value is old. The next `read` waits for the result."""
        if self._is_due(arn, CACHE_SECONDS) and arn not in self._ahead:
            self._ahead[arn] = Ahead(lambda: self._fetch(arn))

    def settle(self, arn: str) -> None:
        """Store the result of `begin`, unless another call has already stored the result."""
        if arn in self._ahead:
            with suppress(TemporarilyUnavailable, ConfigurationError):
                self.read(arn)

    def read(self, arn: str, *, renew: bool = False) -> Mapping[str, object]:
        """Return the secret's JSON object. Raises TemporarilyUnavailable or ConfigurationError."""
        now = self._clock()
        cached = self._cached.get(arn)
        if cached is not None and not self._is_due(
            arn, RENEW_INTERVAL_SECONDS if renew else CACHE_SECONDS
        ):
            return cached[1]
        ahead = self._ahead.pop(arn, None)
        try:
            value = ahead.take() if ahead is not None else self._fetch(arn)
        except TemporarilyUnavailable as error:
            if cached is None:
                raise
            log_event("secret_stale", level="warning", detail=error.detail)
            value = cached[1]
        self._cached[arn] = (now, value)
        return value

    def _is_due(self, arn: str, max_age: float) -> bool:
        cached = self._cached.get(arn)
        return cached is None or self._clock() - cached[0] >= max_age

    def _fetch(self, arn: str) -> Mapping[str, object]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_secret_value(SecretId=arn)
        except ClientError as error:
            raise TemporarilyUnavailable(f"Secrets Manager: {said_by(error)}") from None
        except BotoCoreError as error:
            raise TemporarilyUnavailable(f"Secrets Manager: {type(error).__name__}") from None
        try:
            value = json.loads(answer["SecretString"])
        except (KeyError, ValueError):
            value = None
        if not isinstance(value, dict):
            raise ConfigurationError("a secret is not a JSON object")
        return value
