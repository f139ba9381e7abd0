"""The running emulator, as the mends see it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# MiniStack answers a request with status, headers and body.
Response = tuple[int, dict[str, Any], bytes]
Function = Callable[..., Any]

VERSION = "1.5.33"


@dataclass(frozen=True)
class Emulator:
    """MiniStack's modules. Untyped, as MiniStack is."""

    app: Any
    cognito: Any
    lambda_functions: Any
    rest_apis: Any
    templates: Any
    concurrency: Any
    scope: Any
    iam_actions: Any

    @classmethod
    def load(cls) -> Emulator:
        """Import MiniStack; to be run by the interpreter that has it."""
        return cls(
            app=importlib.import_module("ministack.app"),
            cognito=importlib.import_module("ministack.services.cognito"),
            lambda_functions=importlib.import_module("ministack.services.lambda_svc"),
            rest_apis=importlib.import_module("ministack.services.apigateway_v1"),
            templates=importlib.import_module("ministack.services.cloudformation.provisioners"),
            concurrency=importlib.import_module("ministack.core.concurrency"),
            scope=importlib.import_module("ministack.core.responses"),
            iam_actions=importlib.import_module("ministack.core.iam_actions"),
        )


def replace(module: Any, name: str, make: Callable[[Function], Function]) -> None:
    """Put `make(original)` in the place of a module's function."""
    setattr(module, name, make(getattr(module, name)))


def first(query: Mapping[str, Any], name: str) -> str:
    """Read one value of a parsed query string; a missing one is empty."""
    value = query.get(name, "")
    return str(value[0]) if isinstance(value, list) else str(value)
