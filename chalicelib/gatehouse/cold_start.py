"""Makes cold starts faster.

Imports and botocore's models make many objects that are never freed. By default, Python's garbage collector runs after
every 700 new objects, and so takes a tenth of the time of a cold start. Source: Python's `gc.set_threshold`.

In the cold start of a small route, Python spends a tenth of the time on finding, opening and reading single modules.
The deployed zip therefore contains an additional file with the bytecode of all modules (`ops/bytecode.py`). If that
file is missing, as on a developer's machine, the modules are imported as usual. A file that was made for another
version of Python is ignored.
"""

import gc
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec  # `importlib` itself would be one more import
from _frozen_importlib_external import MAGIC_NUMBER
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    # The key is a module's full name. The value is the module's path below the folder, the offset of the module's code
    # in the file, and the length of the code.
    Index = dict[str, tuple[str, int, int]]

#: The number of new objects after which the garbage collector checks the youngest generation. Older generations are
#: checked proportionally less often. A number above Python's default costs a few MB of memory at most.
NEW_OBJECTS = 50_000


def collect_less() -> None:
    """Make this process's garbage collector run less often. The constructor of `Gatehouse` calls this function."""
    gc.set_threshold(NEW_OBJECTS)


def load_from_one_file(folder: str) -> None:
    """Load the modules of the package in `folder` from the file with the bytecode of all modules, if that file exists."""
    place = f"{folder}/__pycache__/modules.{sys.implementation.cache_tag}.pyc"
    try:
        file = os.open(place, os.O_RDONLY)  # the file stays open
    except OSError:
        return
    head = os.read(file, len(MAGIC_NUMBER) + 4)
    if not head.startswith(MAGIC_NUMBER):
        os.close(file)
        return
    size = int.from_bytes(head[len(MAGIC_NUMBER) :], "little")
    index = marshal.loads(os.read(file, size))  # noqa: S302 # nosec B302
    sys.meta_path.insert(0, _OneFile(folder, file, len(head) + size, index))


class _OneFile:
    """Finds the modules of one package in the file with the bytecode, and loads the modules.

    The zip contains the file with the bytecode, and the modules' sources. Before a deployment,
    `ops/package_contents.py` compares the file with the sources. Each module is loaded from the file once. If a module
    is imported again, Python imports the module in the usual way.
    """

    def __init__(self, folder: str, file: int, first: int, index: "Index") -> None:
        self._folder = folder
        self._file = file
        self._first = first
        self._index = index

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> "ModuleSpec | None":
        """Return the spec of a module in the file. Source: Python's `importlib.abc.MetaPathFinder`."""
        found = self._index.pop(name, None)
        if found is None:
            return None
        origin = f"{self._folder}/{found[0]}"
        loader: Any = self  # typeshed requires a subclass of importlib's loader
        spec = ModuleSpec(name, loader, origin=origin, loader_state=found)
        if origin.endswith("/__init__.py"):
            spec.submodule_search_locations = [origin.removesuffix("/__init__.py")]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        """Let Python create the module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code. Source: Python's `importlib.abc.Loader`."""
        spec: Any = module.__spec__
        module.__file__ = spec.origin
        _, start, length = spec.loader_state
        code = os.pread(self._file, length, self._first + start)
        exec(marshal.loads(code), vars(module))  # noqa: S102, S302 # nosec B102, B302
