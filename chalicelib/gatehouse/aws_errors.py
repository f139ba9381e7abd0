"""What an AWS error says that may stand in a log: operation, code, and the right that was lacking. Never its message.

Messages quote keys, attributes and people (S-61). Only the right is read out of them, and only if it looks like one.
Errors are known by their attributes, so that nothing of botocore is loaded for it.
"""

from typing import Any

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:")
#: How IAM words it: "User: … is not authorized to perform: dynamodb:PutItem on resource: …".
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_BEFORE_RIGHT = "not authorized to perform: "


def facts_of(error: BaseException) -> dict[str, str]:
    """Return `aws_operation`, `aws_code` and, where a right was lacking, `lacks`; nothing for any other error."""
    response: Any = getattr(error, "response", None)
    described = response.get("Error") if isinstance(response, dict) else None
    if not isinstance(described, dict) or not hasattr(error, "operation_name"):
        return {}
    found = {"aws_operation": str(error.operation_name), "aws_code": str(described.get("Code", ""))}
    right = str(described.get("Message", "")).partition(_BEFORE_RIGHT)[2].split(" ", 1)[0]
    if ":" in right and _CHARACTERS.issuperset(right):
        found["lacks"] = right
    return found


def said_by(error: BaseException) -> str:
    """Return the same in one text for a detail, such as `AccessDeniedException, lacks dynamodb:PutItem`."""
    facts = facts_of(error)
    lacks = f", lacks {facts['lacks']}" if "lacks" in facts else ""
    return facts.get("aws_code", "") + lacks
