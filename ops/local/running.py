"""The local stage while its stack runs: where its AWS is, with whose credentials, and from which copy it was deployed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..stages import LOCAL, Stage, load_stage
from .deployer import ROOT, local_aws_only
from .stack import info


@contextmanager
def running_stage(project_dir: Path, state_dir: Path | None = None) -> Iterator[Stage]:
    """Give the running stage, with this process's AWS calls led to it. Raises OpsError where none runs."""
    state_dir = state_dir or project_dir / ".local"
    found = info(project_dir, state_dir)
    root = {"AWS_ACCESS_KEY_ID": ROOT, "AWS_SECRET_ACCESS_KEY": ROOT}
    with local_aws_only(
        found["aws_endpoint_url"], found["region"], root, state_dir / "no-aws-files"
    ):
        yield load_stage(state_dir / "app", LOCAL)
