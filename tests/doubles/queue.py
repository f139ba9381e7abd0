"""A test double of boto3's SQS client and of Lambda's event source mapping. One queue sends its messages to one
function.

The queue delivers a message again if the function reports the message as failed. Source: AWS Lambda developer guide,
"Using Lambda with Amazon SQS".
"""

from collections.abc import Callable
from typing import Any

from tests.doubles.browser import LambdaContext
from tests.doubles.service_model import check_request

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/gatehouse-dev-leaving"
_BATCH = 10


class QueueDouble:
    """A client of SQS. `bodies` lists every message that a caller has sent. With `holding`, messages wait until a test
    calls `run`."""

    def __init__(self, function: Callable[[Any, Any], dict[str, Any]]) -> None:
        self.function = function
        self.holding = False
        self.fault: Exception | None = None
        #: The number of refused messages in each batch. AWS may refuse some messages of a batch and accept the other
        #: messages.
        self.refuses = 0
        self.bodies: list[str] = []
        self.waiting: list[tuple[str, str]] = []

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
        check_request("sqs", "SendMessageBatch", arguments)
        if self.fault is not None:
            raise self.fault
        entries = arguments["Entries"]
        assert arguments["QueueUrl"] == URL
        assert 1 <= len(entries) <= _BATCH
        taken = entries[self.refuses :]
        for entry in taken:
            self.waiting.append((f"m{len(self.bodies)}", entry["MessageBody"]))
            self.bodies.append(entry["MessageBody"])
        if not self.holding:
            self.run()
        return {
            "Successful": [
                {"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x"} for entry in taken
            ],
            "Failed": [
                {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                for entry in entries[: self.refuses]
            ],
        }

    def run(self) -> None:
        """Pass each batch to the function once. If the function reports a message as failed, the message waits for the
        next call of `run`."""
        batches, self.waiting = self.waiting, []
        while batches:
            batch, batches = batches[:_BATCH], batches[_BATCH:]
            records = [{"messageId": name, "body": body} for name, body in batch]
            answer = self.function({"Records": records}, LambdaContext())
            again = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
            self.waiting += [(name, body) for name, body in batch if name in again]
