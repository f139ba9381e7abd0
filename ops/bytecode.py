"""Compiles the modules of a zip to bytecode.

Lambda unpacks the zip into a read-only folder, so without bytecode Python compiles every module again at each cold
start: a third of a cold sign-in. It is marked "unchecked" (PEP 552): Python does not compare it with its source,
because nothing changes there. Equal sources give equal bytes: version 2 of the format leaves out data that depends on
the process.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Mapping
from functools import lru_cache

from .runtimes import Runtime

_FORMAT = 2
_UNCHECKED = (1).to_bytes(4, "little")
#: Where Lambda unpacks a zip; tracebacks show this path.
_TASK = "/var/task"


def is_bytecode(name: str) -> bool:
    """Tell whether a file of a zip is bytecode."""
    return name.endswith((".pyc", ".pyo"))


def bytecode(contents: Mapping[str, bytes], runtime: Runtime) -> dict[str, bytes]:
    """Return the bytecode of a zip's modules by name; nothing for a runtime of another version than this Python."""
    if runtime.python != f"{sys.version_info.major}.{sys.version_info.minor}":
        return {}
    made = {name: _compiled(name, source) for name, source in contents.items()}
    return {_place(name): code for name, code in made.items() if code is not None}


def _place(name: str) -> str:
    folder, _, file = name.rpartition("/")
    tagged = f"__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
    return f"{folder}/{tagged}" if folder else tagged


@lru_cache(maxsize=4096)
def _compiled(name: str, source: bytes) -> bytes | None:
    if not name.endswith(".py"):
        return None
    try:
        code = compile(source, f"{_TASK}/{name}", "exec", dont_inherit=True)
        packed = marshal.dumps(code, _FORMAT)
    except (SyntaxError, ValueError):
        # The source is of another Python, or has what the old format cannot hold (slices, Python 3.14). Lambda then
        # uses the source.
        return None
    magic, digest = importlib.util.MAGIC_NUMBER, importlib.util.source_hash(source)
    return magic + _UNCHECKED + digest + packed
