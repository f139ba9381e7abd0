"""Secrets Manager, read once per container and again when it matters (S-59).

A value is kept for five minutes. If Secrets Manager fails later, the container goes on with the value that it has: an
outage there must not sign everybody out.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from ..errors import ConfigurationError, TemporarilyUnavailable
from ..log import log_event
from ..workers import Ahead

CACHE_SECONDS = 300
#: `renew=True` asks past the cache, but no more often than this: forged cookies must not become calls.
RENEW_INTERVAL_SECONDS = 30


class SecretsManager(Protocol):
    """The one call that is made; boto3's client and the tests' fake both have it."""

    def get_secret_value(self, **arguments: Any) -> dict[str, Any]: ...


class SecretStore:
    """JSON secrets by ARN. `clock` gives Unix seconds."""

    def __init__(self, client: SecretsManager, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._cached: dict[str, tuple[float, Mapping[str, object]]] = {}
        self._ahead: dict[str, Ahead[Mapping[str, object]]] = {}

    def begin(self, arn: str) -> None:
        """Begin to read a secret, if that is due; the next `read` takes what comes of it."""
        if self._is_due(arn, CACHE_SECONDS) and arn not in self._ahead:
            self._ahead[arn] = Ahead(lambda: self._fetch(arn))

    def settle(self, arn: str) -> None:
        """Keep what was begun and never read."""
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
            code = error.response.get("Error", {}).get("Code", "")
            raise TemporarilyUnavailable(f"Secrets Manager: {code}") from None
        except BotoCoreError as error:
            raise TemporarilyUnavailable(f"Secrets Manager: {type(error).__name__}") from None
        try:
            value = json.loads(answer["SecretString"])
        except (KeyError, ValueError):
            value = None
        if not isinstance(value, dict):
            raise ConfigurationError("a secret is not a JSON object")
        return value
