"""AWS clients whose requests and responses botocore's own models check."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber


class StubbedSession:
    """A boto3 session for expected calls. The session returns the responses that were passed to `expect`, in the same
    order. Any other call makes the test fail."""

    def __init__(self) -> None:
        self._session = boto3.Session("test", "test", region_name="eu-west-1")
        self._stubs: dict[str, tuple[Any, Stubber]] = {}

    def client(self, service: str, config: object = None) -> Any:
        """Return the stubbed client of a service."""
        return self._stub(service)[0]

    def expect(
        self, service: str, call: str, answer: dict[str, Any], request: dict[str, Any] | None = None
    ) -> None:
        """Expect a call, validated against the model. If `request` is given, the call's arguments must equal `request`."""
        self._stub(service)[1].add_response(call, answer, request)

    def refuse(self, service: str, call: str, code: str) -> None:
        """Expect a call, and answer with an error."""
        self._stub(service)[1].add_client_error(call, code)

    def verify(self) -> None:
        """Check that every expected call was made."""
        for _, stub in self._stubs.values():
            stub.assert_no_pending_responses()

    def _stub(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._stubs:
            client: Any = self._session.client(service)
            stub = Stubber(client)
            stub.activate()
            self._stubs[service] = client, stub
        return self._stubs[service]
