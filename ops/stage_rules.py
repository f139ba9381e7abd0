"""The rules for the settings of a stage. The checks have no side effects, and report all problems together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .stage_options import problems_of_options
from .stage_variables import problems_of_variables

# Names become parts of ARNs, of table names and of function names. A whole function name may have 64 characters.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
# https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
_ARCHITECTURES = ("x86_64", "arm64")
# Chalice's spelling of TLS 1.2. For any other spelling, Chalice silently uses its default.
_TLS = "TLS_1_2"


def problems_of(
    name: str, merged: Mapping[str, Any], region: str, *, local: bool, brand: Path | None = None
) -> list[str]:
    """List all problems of a stage. The list is empty if the stage can be used.

    `merged` is the top level of config.json, overridden by the stage's block. The environment variables of the two
    levels are merged in the same way as in Chalice. `lambda_functions` comes only from the stage's block, because
    Chalice reads a function's variables only from there. `brand` is the folder with the project's own logo, picture and
    texts for the page, or None.
    """
    return [
        *_of_names(name, merged),
        *_of_custom_domain(merged.get("api_gateway_custom_domain")),
        *problems_of_options(merged.get("gatehouse"), region, local=local),
        *problems_of_variables(name, merged, region, local=local, brand=brand),
    ]


def _of_names(name: str, merged: Mapping[str, Any]) -> Iterator[str]:
    yield from problems_of_name("the stage's name", name)
    yield from problems_of_name("app_name", merged.get("app_name"))
    if not isinstance(merged.get("api_gateway_stage"), str) or not merged["api_gateway_stage"]:
        yield 'api_gateway_stage is missing: set it to "api"'
    if merged.get("manage_iam_role") is not False:
        yield (
            "manage_iam_role must be false: each function gets its own role from the identity "
            "stack; a role from Chalice would be shared"
        )
    size = merged.get("minimum_compression_size")
    if merged.get("lambda_architecture", "x86_64") not in _ARCHITECTURES:
        yield f"lambda_architecture must be one of {', '.join(_ARCHITECTURES)}"
    if not isinstance(size, int) or isinstance(size, bool):
        yield "minimum_compression_size is missing: set it to 1024"


def problems_of_name(what: str, value: Any) -> Iterator[str]:
    """Yield the problems of a stage's name or an app's name."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        yield (
            f"{what} must be 1-24 lower-case letters, digits or hyphens, starting with a "
            f"letter, not {value!r}"
        )


def _of_custom_domain(domain: Any) -> Iterator[str]:
    if isinstance(domain, dict) and domain.get("tls_version", _TLS) != _TLS:
        yield f'tls_version of api_gateway_custom_domain must be "{_TLS}", or missing'
