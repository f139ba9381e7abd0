"""Extracts the loggable parts of an AWS error: the operation, the code, and the missing permission. The error's message
is never logged.

Messages quote keys, attributes and people (S-61). From a message, the module extracts only the name of the missing
permission. The module recognizes AWS errors by their attributes, and so does not have to load botocore.
"""

from typing import Any

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:")
#: IAM's wording: "User: … is not authorized to perform: dynamodb:PutItem on resource: …".
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_BEFORE_RIGHT = "not authorized to perform: "


def facts_of(error: BaseException) -> dict[str, str]:
    """Return `aws_operation` and `aws_code` and, if a permission is missing, the permission's name as `lacks`. Return
    an empty dictionary for an error that is not from AWS."""
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
    """Return the code and the missing permission as one text, such as `AccessDeniedException, lacks dynamodb:PutItem`.
    Our code puts the text into an error's `detail`."""
    facts = facts_of(error)
    lacks = f", lacks {facts['lacks']}" if "lacks" in facts else ""
    return facts.get("aws_code", "") + lacks
