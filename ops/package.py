"""The Lambda zip by itself: `make package OUT=DIR`, made by Chalice from a copy of the project.

The same checkout under the same Python gives the same bytes, so a zip can be compared with what
somebody else built.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from ops.errors import OpsError
from ops.local.chalice_cli import run_chalice
from ops.local.staged_copy import stage_copy
from ops.stages import LOCAL

NAME = "gatehouse.zip"
MAX_BYTES = 10_000_000
_STRAYS = ("tests", "ops", "docs", "benchmarks", ".chalice", ".git", ".local", ".venv", "vendor")
#: Chalice imports the app to package it; no stage's address gets into the zip.
_PLACEHOLDER_POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_package"


def package(project_dir: Path, out: Path) -> Path:
    """Write the zip into `out` and return its path. Raises OpsError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(
            f"{out} cannot be made: {error.strerror}. Name another with --out."
        ) from error
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "app"
        stage_copy(project_dir, copy)
        built = Path(scratch) / "built"
        run_chalice(
            ["package", "--stage", LOCAL, str(built)],
            copy,
            project_dir / ".local" / "dependencies",
            {"AWS_DEFAULT_REGION": "us-east-1", "USER_POOL_ARN": _PLACEHOLDER_POOL},
        )
        target = out / NAME
        write_reproducible(built / "deployment.zip", target)
    return target


def write_reproducible(source: Path, target: Path) -> None:
    """Pack `source` anew so that equal contents give equal bytes; nothing but the app may be in it.

    Entries are sorted, with the zip format's first date and one mode, instead of the order and the
    modes of somebody's file system. Raises OpsError for an entry that does not belong there, and
    for a zip that Lambda would take too long to start from.
    """
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as packed:
        names = sorted(name for name in given.namelist() if not name.endswith("/"))
        strays = [name for name in names if _is_stray(name)]
        if strays:
            raise OpsError.listing("These do not belong into the Lambda zip:", strays)
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the mode below counts
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, given.read(name), compresslevel=9)
    size = target.stat().st_size
    if size > MAX_BYTES:
        raise OpsError(
            f"The Lambda zip has {size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f}: "
            "what did requirements.txt bring in?"
        )


def _is_stray(name: str) -> bool:
    parts = name.split("/")
    return (
        parts[0] in _STRAYS
        or "__pycache__" in parts
        or name.endswith((".pyc", ".pyo"))
        or parts[-1].startswith(".env")
    )
