"""This module compares a Lambda zip with a lock. Every dependency must be complete, and the zip must contain no other
packages.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.parser import BytesParser
from pathlib import Path

from packaging.utils import canonicalize_name

from .bytecode import bytecode, is_bytecode
from .locked import NAME, Locked
from .made_files import is_made
from .runtimes import Runtime
from .wheels import Wheel, is_for_operators

# Chalice adds these files to the zip, in addition to vendor/: the app, and two of Chalice's own files.
_APP = ("app.py", "chalicelib/")
_CHALICE = ("chalice/app.py", "chalice/__init__.py")
_SHOWN = 10


def differences(
    package: Path,
    wheels: Sequence[Wheel],
    vendor: Path,
    prefix: str = "",
    make: Callable[[Mapping[str, bytes]], Mapping[str, bytes]] = lambda _: {},
) -> list[str]:
    """List the differences between a zip and the expected wheels. The list is empty for a correct zip.

    `make` is a function. It takes the zip's source files, and returns the generated files of the zip.
    """
    try:
        with zipfile.ZipFile(package) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
            found = {name.removeprefix(prefix): packed.read(name) for name in names}
    except (zipfile.BadZipFile, OSError) as error:
        return [f"{package.name} cannot be read: {error}"]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    wanted = {
        name: contents
        for wheel in wheels
        for name, contents in wheel.files().items()
        # Chalice packages only some of its own modules, so the others may be missing.
        if not name.startswith("chalice/")
    }
    made = make({name: of for name, of in found.items() if not is_made(name)})
    vendored = {path.relative_to(vendor).as_posix() for path in _files(vendor)}
    strangers = sorted(
        name
        for name in found.keys() - wanted.keys() - made.keys() - vendored
        if is_made(name) or not (name.startswith(_APP) or name in _CHALICE)
    )
    return [
        *_named("is in the zip twice", twice),
        *_named("is missing", sorted((wanted.keys() | made.keys()) - found.keys())),
        *_named(
            f"differs from the wheel that {NAME} names",
            sorted(name for name in wanted.keys() & found.keys() if wanted[name] != found[name]),
        ),
        *_named(
            "differs from the file that is generated from the source",
            sorted(name for name in made.keys() & found.keys() if made[name] != found[name]),
        ),
        *_named(f"belongs to no package in {NAME}", strangers),
    ]


def misses(
    contents: Mapping[str, bytes], dependencies: Sequence[Locked], runtime: Runtime
) -> list[str]:
    """Compare the contents of a deployed zip with the lock, and list the differences.

    The function checks names and versions of the installed packages, and compares each file with its package's
    `RECORD`. If this Python has the same version as the runtime, the function also compares the bytecode with the
    source. The hashes of the wheels cannot be checked, because the zip contains only the unpacked files of the wheels.
    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    wanted: dict[str, str] = {locked.name: locked.version for locked in dependencies}
    found: dict[str, str] = {}
    for name in contents:
        if name.count("/") == 1 and name.endswith(".dist-info/METADATA"):
            metadata = BytesParser().parsebytes(contents[name], headersonly=True)
            found[canonicalize_name(str(metadata["Name"]))] = str(metadata["Version"])
    lacking = sorted(f"{name}=={wanted[name]}" for name in wanted.keys() - found.keys())
    others = sorted(
        f"{name} {found[name]} instead of {wanted[name]}"
        for name in wanted.keys() & found.keys()
        if wanted[name] != found[name]
    )
    strangers = sorted(f"{name}=={found[name]}" for name in found.keys() - wanted.keys())
    return [
        *_named("is missing", lacking),
        *_named("is present", others),
        *_named(f"is not in {NAME}", strangers),
        *_named("differs from its package's record", sorted(_unrecorded(contents))),
        *_named(
            "differs from the file that is generated from the source",
            sorted(_strange_bytecode(contents, runtime)),
        ),
    ]


def _strange_bytecode(contents: Mapping[str, bytes], runtime: Runtime) -> Iterator[str]:
    made = bytecode(contents, runtime)
    for name in contents:
        if made and is_bytecode(name) and contents[name] != made.get(name):
            yield name


def _unrecorded(contents: Mapping[str, bytes]) -> Iterator[str]:
    """Yield each file in a package's `RECORD` that is missing or different in the zip."""
    for record in contents:
        if record.count("/") != 1 or not record.endswith(".dist-info/RECORD"):
            continue
        text = contents[record].decode("utf-8", "replace")
        for row in csv.reader(io.StringIO(text)):
            name, digest = (row[0], row[1]) if len(row) > 1 else ("", "")
            if not digest or name.startswith("chalice/") or ".data/" in name:
                continue
            if is_for_operators(name) and name not in contents:
                continue
            kind, _, value = digest.partition("=")
            made = hashlib.new(kind, contents.get(name, b""))
            if base64.urlsafe_b64encode(made.digest()).rstrip(b"=").decode() != value:
                yield name


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder. Links are followed, because Chalice follows links in vendor/."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _named(what: str, names: Sequence[str]) -> list[str]:
    shown = [f"{name} {what}" for name in names[:_SHOWN]]
    more = len(names) - _SHOWN
    return [*shown, f"and {more} more like this"] if more > 0 else shown
