"""This module builds the running stack's Lambda zip again, with newer code and with the dependencies of the last
`chalice deploy`.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from ..bytecode import bytecode
from ..errors import OpsError
from ..program import PROGRAM
from ..runtimes import Runtime

_FASTEST = 1


class CodePackage:
    """The newest zip of a deployed copy of the project. The zip is unpacked once. After each edit, only the app's own
    files are packed again.
    """

    def __init__(self, copy: Path, runtime: Runtime) -> None:
        """Unpack the newest zip. Raises OpsError if `chalice deploy` has not made a zip yet."""
        self._runtime = runtime
        deployed = (copy / ".chalice" / "deployments").glob("*.zip")
        newest = max(deployed, key=lambda path: path.stat().st_mtime, default=None)
        if newest is None:
            raise OpsError(f"Nothing is deployed yet: run `{PROGRAM} up`.")
        app = self._app(copy)
        rest = io.BytesIO()
        with (
            zipfile.ZipFile(newest) as packed,
            zipfile.ZipFile(rest, "w", zipfile.ZIP_DEFLATED) as kept,
        ):
            for name in packed.namelist():
                if name not in app:
                    kept.writestr(name, packed.read(name))
        self._rest = rest.getvalue()

    def with_code(self, copy: Path) -> bytes:
        """Build a new zip with the app's code in the folder `copy`."""
        made = io.BytesIO(self._rest)
        made.seek(0, io.SEEK_END)
        with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as packed:
            for name, contents in self._app(copy).items():
                packed.writestr(name, contents)
        return made.getvalue()

    def _app(self, copy: Path) -> dict[str, bytes]:
        """Return the files that Chalice packs from the project, and the files' bytecode: name in the zip → contents."""
        vendor = copy / "vendor"
        found = {path.relative_to(vendor).as_posix(): path for path in _files(vendor)}
        found |= {path.relative_to(copy).as_posix(): path for path in _files(copy / "chalicelib")}
        found["app.py"] = copy / "app.py"
        sources = {name: path.read_bytes() for name, path in found.items()}
        return sources | bytecode(sources, self._runtime)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
