"""The running local stage: its AWS endpoint, its credentials, and the copy of the project that was deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..stages import LOCAL, Stage, load_stage
from .chalice_cli import CACHE
from .deployer import ROOT, local_aws_only
from .stack import info
from .staged_copy import naming_the_project, refresh_copy


@contextmanager
def running_stage(project_dir: Path, state_dir: Path | None = None) -> Iterator[Stage]:
    """Return the running stage, and direct this process's AWS calls to it. Raises OpsError if none runs."""
    state_dir = state_dir or project_dir / ".local"
    found = info(project_dir, state_dir)
    root = {"AWS_ACCESS_KEY_ID": ROOT, "AWS_SECRET_ACCESS_KEY": ROOT}
    with local_aws_only(
        found["aws_endpoint_url"], found["region"], root, state_dir / "no-aws-files"
    ):
        if found["ca_file"]:
            os.environ["REQUESTS_CA_BUNDLE"] = found["ca_file"]
        os.environ[CACHE] = str(project_dir / ".local" / "dependencies")
        with naming_the_project(state_dir / "app", project_dir):
            yield load_stage(state_dir / "app", LOCAL)


def refresh(project_dir: Path, stage: Stage) -> Stage:
    """Update the copy from which the stage was deployed; its addresses stay the same."""
    refresh_copy(project_dir, stage.project_dir)
    return load_stage(stage.project_dir, LOCAL)
