"""This module builds the Lambda zip without deploying it (`make package OUT=DIR`). Chalice makes the zip from a copy of
the project.

The same checkout and the same runtime always give a zip with the same bytes. So two people can compare the zips that
they have built. If the versions in the zip would differ from the versions in requirements.txt, the module writes no
zip.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from .errors import OpsError
from .exact_package import MACHINES, cache_of, require_exact
from .local.chalice_cli import run_chalice
from .local.staged_copy import stage_copy
from .runtimes import OPTION, Runtime, runtime_of
from .stages import LOCAL, config_file, require_project
from .wheels import Target

NAME = "gatehouse.zip"
_STRAYS = ("tests", "ops", "docs", "benchmarks", ".chalice", ".git", ".local", ".venv", "vendor")
#: A placeholder for a pool's ARN. Chalice imports the app to package it, and the import needs such an ARN. The zip does
#: not contain the placeholder.
_PLACEHOLDER_POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_package"
_PLACEHOLDER_ROLE = "arn:aws:iam::000000000000:role/package"


def package(project_dir: Path, out: Path, python: str = "") -> Path:
    """Write the zip into `out` and return its path. Raises OpsError.

    The zip is for Lambda's runtime of version `python`, such as 3.13; the default is this Python's version.
    """
    require_project(project_dir)
    runtime = runtime_of({OPTION: python})
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(
            f"The folder {out} cannot be created: {error.strerror}. Choose another folder with "
            "--out."
        ) from error
    target = out / NAME
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "app"
        stage_copy(project_dir, copy)
        architecture = _choose(copy, runtime)
        built = Path(scratch) / "built"
        run_chalice(
            ["package", "--stage", LOCAL, str(built)],
            copy,
            cache_of(project_dir),
            {"AWS_DEFAULT_REGION": "us-east-1", "USER_POOL_ARN": _PLACEHOLDER_POOL},
        )
        made = Path(scratch) / NAME
        write_reproducible(built / "deployment.zip", made)
        require_exact(made, copy, Target(runtime, MACHINES[architecture]), cache_of(project_dir))
        shutil.move(made, target)
    return target


def _choose(copy: Path, runtime: Runtime) -> str:
    """Write the runtime and a role into the settings in the project's copy. Return the architecture from the settings.

    Chalice packages only functions that have a role. A new stage has no roles before `provision`, so this function
    writes a placeholder for a role.
    """
    path = config_file(copy)
    config = json.loads(path.read_text(encoding="utf-8"))
    stage = config["stages"][LOCAL]
    stage.setdefault("gatehouse", {})[OPTION] = runtime.python
    stage["iam_role_arn"] = _PLACEHOLDER_ROLE
    path.write_text(json.dumps(config), encoding="utf-8")
    return str({**config, **stage}.get("lambda_architecture", "x86_64"))


def write_reproducible(source: Path, target: Path) -> None:
    """Pack the files of the zip `source` into the zip `target`, so that the same files always give the same bytes.

    The entries are sorted. All entries have the same mode and the same date, the earliest date that a zip can contain.
    Raises OpsError for an entry that does not belong in the zip.
    """
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as packed:
        names = sorted(name for name in given.namelist() if not name.endswith("/"))
        strays = [name for name in names if _is_stray(name)]
        if strays:
            raise OpsError.listing(
                "These files do not belong in the Lambda zip; remove them from the project:", strays
            )
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # 3 means Unix. The mode below is a Unix mode
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, given.read(name), compresslevel=9)


def _is_stray(name: str) -> bool:
    parts = name.split("/")
    return parts[0] in _STRAYS or parts[-1].startswith(".env")
