"""A patch: the containers of Lambda functions share the unpacked files of their code.

MiniStack unpacks the whole zip for each new container. On a slow disk, the unpacking takes 0.2 to 1 s. On AWS a
container starts from code that is already prepared, and an edit of one file does not make a start slower.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

This patch unpacks each file once per stack, and makes a hard link to the file in each container. If a file's contents,
name or size have changed, the file is unpacked again. The files are read-only, as on AWS. The root user can still
write to the files. If root has changed a file, that file is unpacked again for new containers.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .emulator import Emulator

SEEN_WITH = "1.5.33"

_FOLDER = "function-code"
#: The modification time of the shared files, in seconds since the epoch. If a file has another time, the file was
#: changed.
_UNCHANGED = 1_000_000_000


def apply(emulator: Emulator) -> None:
    """Apply the patch: replace `zipfile` in the module that starts the containers."""
    emulator.containers.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _SharedZip})


class _SharedZip(zipfile.ZipFile):
    """A zip whose unpacked files are shared by several containers."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Unpack all files into the folder `path`. MiniStack uses no other argument."""
        shared = Path(tempfile.gettempdir(), _FOLDER)
        shared.mkdir(exist_ok=True)
        rest = []
        for info in self.infolist():
            try:
                os.link(self._shared(info, shared), self._prepared(info, path))
            except (OSError, ValueError):
                # A hard link is impossible if, for example, the file exists, the name is unsafe, or the file system has
                # no hard links.
                rest.append(info)
        super().extractall(path, rest, pwd)

    def _shared(self, info: zipfile.ZipInfo, folder: Path) -> Path:
        """Return the path of the shared copy of a file from the zip. If needed, unpack the file first."""
        name = zlib.crc32(info.filename.encode())
        found = folder / f"{name:08x}-{info.CRC:08x}-{info.file_size:x}"
        try:
            stat = found.stat()
            if (stat.st_mtime, stat.st_size) == (_UNCHANGED, info.file_size):
                return found
        except FileNotFoundError:
            pass
        # Several containers may start at the same time. So the file gets its final name only when it is complete.
        descriptor, unfinished = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
        file = Path(unfinished)
        file.write_bytes(self.read(info))
        file.chmod(0o444)
        os.utime(file, (_UNCHANGED, _UNCHANGED))
        return file.replace(found)

    @staticmethod
    def _prepared(info: zipfile.ZipInfo, folder: Any) -> Path:
        """Make the folder of an unpacked file, and return the file's path. Raises ValueError for an unsafe name."""
        parts = info.filename.split("/")
        if info.is_dir() or not {"", ".", ".."}.isdisjoint(parts):
            raise ValueError(info.filename)
        path = Path(folder, *parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
