"""The running emulator (MiniStack): its modules, and the patches' helper functions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# A response of MiniStack: status, headers and body.
Response = tuple[int, dict[str, Any], bytes]
Function = Callable[..., Any]

VERSION = "1.5.33"


@dataclass(frozen=True)
class Emulator:
    """MiniStack's modules. The attributes have the type `Any`, because MiniStack has no types."""

    app: Any
    cognito: Any
    lambda_functions: Any
    containers: Any
    rest_apis: Any
    templates: Any
    concurrency: Any
    scope: Any
    iam_actions: Any

    @classmethod
    def load(cls) -> Emulator:
        """Import MiniStack. The import works only in MiniStack's own interpreter."""
        return cls(
            app=importlib.import_module("ministack.app"),
            cognito=importlib.import_module("ministack.services.cognito"),
            lambda_functions=importlib.import_module("ministack.services.lambda_svc"),
            containers=importlib.import_module("ministack.core.lambda_runtime"),
            rest_apis=importlib.import_module("ministack.services.apigateway_v1"),
            templates=importlib.import_module("ministack.services.cloudformation.provisioners"),
            concurrency=importlib.import_module("ministack.core.concurrency"),
            scope=importlib.import_module("ministack.core.responses"),
            iam_actions=importlib.import_module("ministack.core.iam_actions"),
        )


def replace(module: Any, name: str, make: Callable[[Function], Function]) -> None:
    """Replace a module's function by the result of `make(original)`."""
    setattr(module, name, make(getattr(module, name)))


def first(query: Mapping[str, Any], name: str) -> str:
    """Return the first value of a name in a parsed query string. If the name is missing, return an empty string."""
    value = query.get(name, "")
    return str(value[0]) if isinstance(value, list) else str(value)
