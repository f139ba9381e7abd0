"""A double of Lambda behind boto3's client. The double calls the app's own functions in this process, and callers do
not wait for the functions' results."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.doubles.browser import LambdaContext
from tests.doubles.service_model import check_answer, check_request


class LambdaDouble:
    """A client of Lambda. `functions` maps names to handlers. `events` lists the accepted events, and `failed` lists
    the errors of handlers.

    An asynchronous call returns 202 even if the handler fails. With `holding`, events wait until a test calls `run`.
    """

    def __init__(self, functions: Mapping[str, Callable[[Any, Any], Any]]) -> None:
        self.functions = functions
        self.fault: Exception | None = None
        self.holding = False
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.failed: list[Exception] = []
        self._waiting: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        check_request("lambda", "Invoke", arguments)
        if self.fault is not None:
            raise self.fault
        assert arguments["InvocationType"] == "Event"
        name = arguments["FunctionName"]
        assert name in self.functions, f"no function {name}"
        event = json.loads(arguments["Payload"])
        self.events.append((name, event))
        self._waiting.append((name, event))
        if not self.holding:
            self.run()
        answer = {"StatusCode": 202}
        check_answer("lambda", "Invoke", answer)
        return answer

    def run(self) -> None:
        """Run the functions with the events that are waiting."""
        while self._waiting:
            name, event = self._waiting.pop(0)
            try:
                self.functions[name](event, LambdaContext())
            except Exception as error:  # noqa: BLE001 - Lambda hides the error from the caller, and would call again
                self.failed.append(error)
