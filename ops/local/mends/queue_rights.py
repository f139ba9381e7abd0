"""A patch: SendMessageBatch needs the right `sqs:SendMessage`, because AWS has no separate right for batches.

MiniStack requires `sqs:SendMessageBatch`.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

from typing import Any

from .emulator import Emulator, Function, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch: SendMessageBatch requires `sqs:SendMessage`."""
    replace(emulator.iam_actions, "extract_iam_action", _of_batch)


def _of_batch(original: Function) -> Function:
    def extract_iam_action(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        return "sqs:SendMessage" if found == "sqs:SendMessageBatch" else found

    return extract_iam_action
