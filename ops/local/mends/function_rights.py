"""A patch: a caller of CreateFunction needs a right for the ARN of the new function, and GetFunctionConcurrency needs
its own right.

MiniStack reads a function's name only from the request's path. The path of CreateFunction contains no name, so
MiniStack requires a right to every function. On AWS, the resource of CreateFunction is the new function. MiniStack also
confuses GetFunctionConcurrency with PutFunctionConcurrency.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

import json
from typing import Any

from .emulator import Emulator, Function, replace

SEEN_WITH = "1.5.33"

_PATH = "functions"
_LIMIT = {"GET": "GetFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}


def apply(emulator: Emulator) -> None:
    """Apply the patch: set the resource of CreateFunction, and the IAM actions of the two calls
    GetFunctionConcurrency and DeleteFunctionConcurrency.
    """
    replace(emulator.iam_actions, "extract_resource_arn", _extract)
    replace(emulator.iam_actions, "_lambda_action", _of_limit)


def _of_limit(original: Function) -> Function:
    def action(method: str, path: str) -> Any:
        if path.rstrip("/").endswith("/concurrency") and method in _LIMIT:
            return _LIMIT[method]
        return original(method, path)

    return action


def _extract(original: Function) -> Function:
    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> Any:
        found = original(service, method, path, headers, body, *rest)
        if service != "lambda" or method != "POST" or path.rstrip("/").split("/")[-1] != _PATH:
            return found
        _, region, account = rest
        try:
            name = json.loads(body)["FunctionName"]
        except (ValueError, KeyError, TypeError):
            return found
        return f"arn:aws:lambda:{region}:{account}:function:{name}"

    return extract_resource_arn
