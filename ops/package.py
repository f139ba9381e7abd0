"""The Lambda zip by itself: `make package OUT=DIR`, made by Chalice from a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.errors import OpsError
from ops.local.staged_copy import stage_copy
from ops.stages import LOCAL

NAME = "gatehouse.zip"
_CHALICE = Path(__file__).resolve().parent / "local" / "chalice_cli.py"
_SHOWN_LINES = 20
#: Chalice imports the app to package it; no stage's address gets into the zip.
_PLACEHOLDER_POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_package"


def package(project_dir: Path, out: Path) -> Path:
    """Write the zip into `out` and return its path. Raises OpsError."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "app"
        stage_copy(project_dir, copy)
        built = Path(scratch) / "built"
        done = subprocess.run(
            [sys.executable, str(_CHALICE), "package", "--stage", LOCAL, str(built)],
            cwd=copy,
            env={
                **os.environ,
                "AWS_DEFAULT_REGION": "us-east-1",
                "USER_POOL_ARN": _PLACEHOLDER_POOL,
                "GATEHOUSE_DEPENDENCY_CACHE": str(project_dir / ".local" / "dependencies"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            tail = "\n".join(done.stdout.splitlines()[-_SHOWN_LINES:])
            raise OpsError(f"`chalice package` failed:\n{tail}")
        target = out / NAME
        shutil.copyfile(built / "deployment.zip", target)
    return target
