"""This module checks that a function's environment variables are not larger than Lambda allows. `ops` and a plain
`chalice deploy` use this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Lambda's limit for all variables of a function together. According to its error message, Lambda counts the bytes of
# compact JSON.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 4096


def problems_of_size(shared: Mapping[str, str], merged: Mapping[str, Any]) -> Iterator[str]:
    """Yield a problem for each function whose variables are too large. Without this check, Lambda would refuse such a
    function after other functions were already uploaded.

    `shared` are the variables of every function. `lambda_functions` in `merged` has the variables of single functions.
    """
    functions = {"every function": shared}
    for name, own in variables_of_functions(merged).items():
        functions[name] = {**shared, **{key: str(value) for key, value in own.items()}}
    for name, variables in functions.items():
        size = _bytes(variables)
        if size > _MOST_BYTES:
            big = sorted(variables, key=lambda key: len(variables[key].encode()), reverse=True)[:3]
            largest = ", ".join(f"{key} ({_bytes({key: variables[key]})})" for key in big)
            yield (
                f"environment variables of {name} take {size} bytes, but Lambda allows only {_MOST_BYTES}: shorten "
                f"the largest, {largest}"
            )
            if name == "every function":
                return


def variables_of_functions(merged: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each function's own variables, which Chalice merges with the stage's variables."""
    functions = merged.get("lambda_functions")
    blocks = functions.items() if isinstance(functions, dict) else ()
    return {
        name: block["environment_variables"]
        for name, block in blocks
        if isinstance(block, dict) and isinstance(block.get("environment_variables"), dict)
    }


def _bytes(variables: Mapping[str, str]) -> int:
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
