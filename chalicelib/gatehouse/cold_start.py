"""Makes cold starts faster.

Imports and botocore's models make many objects that are never freed. By default, Python's garbage collector runs after every
700 new objects, which takes a tenth of a cold start. Source: Python's `gc.set_threshold`.

Finding, opening and reading Gatehouse's modules one by one takes a tenth of a small route's cold start. So the zip also
has the bytecode of all modules in one file (`ops/bytecode.py`). If that file is missing, as on a developer's machine,
or was made for another Python, the modules are imported as usual.
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

    # A module's full name -> its path below the folder, where its code starts, and the code's length.
    Index = dict[str, tuple[str, int, int]]

#: The number of new objects after which the youngest generation is checked. Older generations are checked
#: proportionally less often. This costs a few MB at most.
NEW_OBJECTS = 50_000


def collect_less() -> None:
    """Make this process's garbage collector run less often; `Gatehouse` calls this as soon as it is made."""
    gc.set_threshold(NEW_OBJECTS)


def load_from_one_file(folder: str) -> None:
    """Load the modules of the package in `folder` from the file that has all their bytecode, if it exists."""
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
    """Finds and loads the modules of one package.

    The file and the sources are in the zip; `ops/package_contents.py` compares them before a deployment. Each module is
    loaded from the file once; Python imports it in the usual way if it is imported again.
    """

    def __init__(self, folder: str, file: int, first: int, index: "Index") -> None:
        self._folder = folder
        self._file = file
        self._first = first
        self._index = index

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> "ModuleSpec | None":
        """Return the spec of a module that the file has. Source: Python's `importlib.abc.MetaPathFinder`."""
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
