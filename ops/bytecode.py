"""Compiles the modules of a zip to bytecode.

Lambda unpacks the zip into a read-only folder. Without bytecode, Python would compile every module again at each cold
start, which takes a third of a cold sign-in's time. The bytecode is marked "unchecked" (PEP 552): Python does not
compare it with its source, because no file changes there. Gatehouse's own modules are in one file, which
`cold_start.py` reads: finding each module separately would take a tenth of a small route's cold start. Equal sources
give equal bytes, in every process (`_marshalled`).
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

from .runtimes import Runtime

_UNCHECKED = (1).to_bytes(4, "little")
#: Where Lambda unpacks a zip; tracebacks show this path.
_TASK = "/var/task"
#: The module of Gatehouse that reads the combined file of all other modules.
_READER = "cold_start.py"
_ITS_FUNCTION = b"def load_from_one_file("
#: Python has only one object for each character up to this one (Latin-1).
_LAST_SHARED = "\xff"
#: The attributes of a code object that are objects. Source: Python's data model, "Code objects".
_PARTS = (
    *("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars"),
    *("co_filename", "co_name", "co_qualname", "co_linetable", "co_exceptiontable"),
)


def is_bytecode(name: str) -> bool:
    """Tell whether a file of a zip is bytecode."""
    return name.endswith((".pyc", ".pyo"))


def bytecode(contents: Mapping[str, bytes], runtime: Runtime) -> dict[str, bytes]:
    """Return the bytecode of a zip's modules by name; an empty dict if the runtime has another Python version."""
    if runtime.python != f"{sys.version_info.major}.{sys.version_info.minor}":
        return {}
    made = {name: _compiled(name, source) for name, source in contents.items()}
    found = {name: code for name, code in made.items() if code is not None}
    files: dict[str, bytes] = {}
    for folder in _gatehouses(contents):
        names = [name for name in sorted(found) if name.startswith(folder)]
        own = {name: found.pop(name) for name in names if name not in _read_first(folder)}
        files[_place(f"{folder}modules.py")] = _one_file(folder, own)
    return files | {_place(name): _header(contents[name]) + code for name, code in found.items()}


def _gatehouses(contents: Mapping[str, bytes]) -> list[str]:
    """Return Gatehouse's folders in the zip: `chalicelib/gatehouse/`, or the wheel's package."""
    readers = [name for name in contents if name.endswith(f"/{_READER}")]
    return [name.removesuffix(_READER) for name in readers if _ITS_FUNCTION in contents[name]]


def _read_first(folder: str) -> tuple[str, str]:
    """Return the modules that load the combined file; it does not contain them."""
    return f"{folder}__init__.py", f"{folder}{_READER}"


def _one_file(folder: str, codes: Mapping[str, bytes]) -> bytes:
    """Return the file that `cold_start.py` reads: magic number, length of the index, index, and the modules' code."""
    index, end = {}, 0
    for name, code in codes.items():
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        index[module] = (name.removeprefix(folder), end, len(code))
        end += len(code)
    packed = _marshalled(index)
    length = len(packed).to_bytes(4, "little")
    return b"".join((importlib.util.MAGIC_NUMBER, length, packed, *codes.values()))


def _header(source: bytes) -> bytes:
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)


def _place(name: str) -> str:
    folder, _, file = name.rpartition("/")
    tagged = f"__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
    return f"{folder}/{tagged}" if folder else tagged


@lru_cache(maxsize=4096)
def _compiled(name: str, source: bytes) -> bytes | None:
    if not name.endswith(".py"):
        return None
    try:
        # Which parts become one object depends on the strings that Python already knew. Only the second time, it knows
        # all of them in every process.
        codes = [compile(source, f"{_TASK}/{name}", "exec", dont_inherit=True) for _ in range(2)]
    except (SyntaxError, ValueError):  # the source needs another Python: Lambda then compiles it
        return None
    return _marshalled(codes[1])


def _marshalled(value: Any) -> bytes:
    """Return the same bytes for equal values, in every process.

    Python writes a string that several functions share only once. Then the modules are smaller and load faster. But it
    marks each object that has several references in this process, and each interned string. So here all objects get a
    second reference, and the characters that Python shares among all modules are interned.
    """
    held: list[Any] = []
    _hold(value, held, set())
    return marshal.dumps(value)


def _hold(value: Any, held: list[Any], seen: set[int]) -> None:
    """Add `value` and all objects in it to `held`."""
    if id(value) in seen:
        return
    seen.add(id(value))
    held.append(value)
    if isinstance(value, CodeType):
        for part in _PARTS:
            _hold(getattr(value, part), held, seen)
    elif isinstance(value, dict):
        _hold(tuple(value.items()), held, seen)
    elif isinstance(value, tuple | frozenset):
        for each in value:
            _hold(each, held, seen)
    elif isinstance(value, slice):
        _hold((value.start, value.stop, value.step), held, seen)
    elif isinstance(value, str) and len(value) == 1 and value <= _LAST_SHARED:
        sys.intern(value)
