"""Extracts from an AWS error what may be logged: the operation, the code, and the missing permission, but never the error's
message.

Messages quote keys, attributes and people (S-61). Only the name of the missing permission is taken from a message, and only
if it has the form of a permission's name. Errors are recognized by their attributes, so botocore need not be loaded.
"""

from typing import Any

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:")
#: IAM's wording: "User: … is not authorized to perform: dynamodb:PutItem on resource: …".
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_BEFORE_RIGHT = "not authorized to perform: "


def facts_of(error: BaseException) -> dict[str, str]:
    """Return `aws_operation`, `aws_code` and, if a permission is missing, its name as `lacks`. The result is empty for an
    error that is not from AWS."""
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
    """Return the same facts as one text, for an error's `detail`: `AccessDeniedException, lacks dynamodb:PutItem`."""
    facts = facts_of(error)
    lacks = f", lacks {facts['lacks']}" if "lacks" in facts else ""
    return facts.get("aws_code", "") + lacks
