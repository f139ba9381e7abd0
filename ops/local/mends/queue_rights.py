"""A batch sent to a queue is allowed by the right to send one message, as on AWS, which knows no other right for it.

MiniStack asks for `sqs:SendMessageBatch`.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

from typing import Any

from .emulator import Emulator, Function, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Name the action of the batch."""
    replace(emulator.iam_actions, "extract_iam_action", _of_batch)


def _of_batch(original: Function) -> Function:
    def extract_iam_action(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        return "sqs:SendMessage" if found == "sqs:SendMessageBatch" else found

    return extract_iam_action
