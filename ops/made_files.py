"""This module generates two kinds of files for the Lambda zip: bytecode, and a reduced copy of botocore's data. The
copy contains only the operations that Gatehouse calls.

The zip's other files determine the generated files. So a check can generate the files again, and compare the result
with the zip.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from . import service_models
from .bytecode import bytecode, is_bytecode
from .runtimes import Runtime


def is_made(name: str) -> bool:
    """Tell whether the file `name` of a zip is generated."""
    return is_bytecode(name) or name.startswith(f"{service_models.FOLDER}/")


def made_files(contents: Mapping[str, bytes], runtime: Runtime) -> dict[str, bytes]:
    """Return the generated files that belong in a zip with `contents`.

    A layer does not contain the app, so bytecode is the only generated part of a layer.
    """
    models = service_models.files() if service_models.READER in contents else {}
    return {**models, **bytecode(contents, runtime)}


def complete(package: Path, runtime: Runtime, prefix: str = "") -> None:
    """Write the generated files into a zip, and replace older generated files there. In a layer, all names begin with
    `prefix`.

    If the zip cannot be read, or contains a name twice, the zip stays unchanged. A later check refuses such a zip.
    """
    try:
        with zipfile.ZipFile(package) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
            contents = {
                name.removeprefix(prefix): packed.read(name)
                for name in names
                if not is_made(name.removeprefix(prefix))
            }
    except zipfile.BadZipFile:
        return
    if len(set(names)) < len(names):
        return
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, of in (contents | made_files(contents, runtime)).items():
            packed.writestr(prefix + name, of)
