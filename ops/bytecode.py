"""This module compiles the Python files of a Lambda zip to bytecode.

Lambda unpacks the zip into a read-only folder. Without bytecode in the zip, Python would compile every module again at
each cold start. If a sign-in caused a cold start, a third of the time would be spent on the compilation. The bytecode
is marked "unchecked" (PEP 552), so Python does not compare the bytecode with its source. A comparison is not needed,
because no file changes in that folder. Gatehouse's own modules are combined in one file, which `cold_start.py` reads.
If Python had to find each module separately, the search would take a tenth of a small route's cold start. Equal sources
give equal bytes in every process (`_marshalled`).
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType

from .runtimes import Runtime

_UNCHECKED = (1).to_bytes(4, "little")
#: The folder into which Lambda unpacks a zip; tracebacks show this path.
_TASK = "/var/task"
#: The module of Gatehouse that reads the one file with the bytecode of all other modules.
_READER = "cold_start.py"
_ITS_FUNCTION = b"def load_from_one_file("
#: The versions of Python for which we checked that many processes make the same bytes. For other versions of Python,
#: the bytecode is in version 2 of the marshal format. That format contains no data that depends on the process.
_COMPARED = ((3, 11), (3, 12), (3, 13))
_PLAIN_FORMAT = 2
#: The last character of Latin-1. For each character up to `_LAST_SHARED`, Python has only one object.
_LAST_SHARED = "\xff"
#: The attributes of a code object whose values are other objects. Source: Python's data model, "Code objects".
_PARTS = (
    *("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars"),
    *("co_filename", "co_name", "co_qualname", "co_linetable", "co_exceptiontable"),
)


def is_bytecode(name: str) -> bool:
    """Tell whether the file `name` is bytecode."""
    return name.endswith((".pyc", ".pyo"))


def bytecode(contents: Mapping[str, bytes], runtime: Runtime) -> dict[str, bytes]:
    """Return the bytecode files of a zip's modules, by file name. The result is empty if the runtime and this process
    have different versions of Python.
    """
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
    """Return Gatehouse's folders in the zip: `chalicelib/gatehouse/`, or the folder of the wheel's package."""
    readers = [name for name in contents if name.endswith(f"/{_READER}")]
    return [name.removesuffix(_READER) for name in readers if _ITS_FUNCTION in contents[name]]


def _read_first(folder: str) -> tuple[str, str]:
    """Return the modules that load the combined file. The combined file does not contain these modules."""
    return f"{folder}__init__.py", f"{folder}{_READER}"


def _one_file(folder: str, codes: Mapping[str, bytes]) -> bytes:
    """Return the file that `cold_start.py` reads: magic number, length of the index, index, and the modules' code."""
    index, end = {}, 0
    for name, code in codes.items():
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        index[module] = (name.removeprefix(folder), end, len(code))
        end += len(code)
    packed = marshal.dumps(index, _PLAIN_FORMAT)
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
        # Python may store equal constants as one object, depending on the strings that Python already knows. The first
        # compilation makes all strings of the source known, so only the second compilation gives the same result in
        # every process.
        codes = [compile(source, f"{_TASK}/{name}", "exec", dont_inherit=True) for _ in range(2)]
        return _marshalled(codes[1])
    except (SyntaxError, ValueError):
        # Compiling fails if the source needs another Python version, or if version 2 of the format cannot store a constant
        # (slices in Python 3.14). Lambda then compiles the source.
        return None


def _marshalled(code: CodeType) -> bytes:
    """Return the same bytes for equal code in every process. Raises ValueError.

    The newest version of the marshal format stores a string only once, even if several functions use it. So modules are
    smaller and load faster. But the bytes then depend on the process, because the format marks interned strings, and
    objects that have several references in the process. To remove this dependence, the function first adds a reference
    to every object, and interns the characters that Python shares among all modules.
    """
    if sys.version_info[:2] not in _COMPARED:
        return marshal.dumps(code, _PLAIN_FORMAT)
    held: list[object] = []
    _hold(code, held, set())
    return marshal.dumps(code)


def _hold(value: object, held: list[object], seen: set[int]) -> None:
    """Add `value` and all objects in `value` to `held`."""
    if id(value) in seen:
        return
    seen.add(id(value))
    held.append(value)
    if isinstance(value, CodeType):
        for part in _PARTS:
            _hold(getattr(value, part), held, seen)
    elif isinstance(value, tuple | frozenset):
        for each in value:
            _hold(each, held, seen)
    elif isinstance(value, slice):
        _hold((value.start, value.stop, value.step), held, seen)
    elif isinstance(value, str) and len(value) == 1 and value <= _LAST_SHARED:
        sys.intern(value)
