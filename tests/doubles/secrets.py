"""Secrets Manager in memory, with the one operation that Gatehouse uses."""

import json
from collections.abc import Mapping
from typing import Any

from tests.doubles.aws_errors import client_error


class SecretsManagerDouble:
    """A client of Secrets Manager that counts reads. While `fault` is set, reads fail."""

    def __init__(self, secrets: Mapping[str, object]) -> None:
        self._texts = {arn: json.dumps(value) for arn, value in secrets.items()}
        self.fault: Exception | None = None
        self.reads: list[str] = []

    def put(self, arn: str, value: object) -> None:
        """Replace a secret's JSON value."""
        self._texts[arn] = json.dumps(value)

    def put_text(self, arn: str, text: str) -> None:
        """Replace a secret by any text, including invalid JSON."""
        self._texts[arn] = text

    def get_secret_value(self, **arguments: Any) -> dict[str, Any]:
        if set(arguments) != {"SecretId"}:
            raise AssertionError(f"unexpected arguments: {sorted(arguments)}")
        arn = arguments["SecretId"]
        self.reads.append(arn)
        if self.fault is not None:
            raise self.fault
        if arn not in self._texts:
            raise client_error("ResourceNotFoundException", "GetSecretValue")
        return {"ARN": arn, "SecretString": self._texts[arn]}
