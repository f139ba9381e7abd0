"""This module finds the running local stage: its AWS endpoint, its credentials, and the deployed copy of the
project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

from ..stages import LOCAL, Stage, load_stage
from ..wheels import CALLERS_BUNDLE
from .chalice_cli import CACHE
from .deployer import ROOT, local_aws_only
from .stack import info
from .staged_copy import naming_the_project, refresh_copy

# The environment variable `REQUESTS_CA_BUNDLE` has the path of a file. `requests` and pip trust the certificate
# authorities in this file. A new file must keep the old authorities, because pip must still trust the package index.
_BUNDLE = "REQUESTS_CA_BUNDLE"


@contextmanager
def running_stage(project_dir: Path, state_dir: Path | None = None) -> Iterator[Stage]:
    """Return the running stage, and direct this process's AWS calls to this stage. Raises OpsError if no local stack is
    running.
    """
    state_dir = state_dir or project_dir / ".local"
    found = info(project_dir, state_dir)
    root = {"AWS_ACCESS_KEY_ID": ROOT, "AWS_SECRET_ACCESS_KEY": ROOT}
    with local_aws_only(
        found["aws_endpoint_url"], found["region"], root, state_dir / "no-aws-files"
    ):
        if found["ca_file"]:
            _trust_also(Path(found["ca_file"]), state_dir / "trusted.pem")
        os.environ[CACHE] = str(project_dir / ".local" / "dependencies")
        with naming_the_project(state_dir / "app", project_dir):
            yield load_stage(state_dir / "app", LOCAL)


def _trust_also(authority: Path, bundle: Path) -> None:
    """Let this process and its children trust the app's certificate, in addition to the certificates that they trust
    already. The certificates that pip trusts do not change.
    """
    theirs = os.environ.get(CALLERS_BUNDLE, os.environ.get(_BUNDLE, ""))
    known = theirs if Path(theirs).is_file() else certifi.where()
    wanted = Path(known).read_bytes() + b"\n" + authority.read_bytes()
    # Do not write an unchanged file again, because another command may be reading it.
    if not bundle.exists() or bundle.read_bytes() != wanted:
        bundle.write_bytes(wanted)
    os.environ.update({_BUNDLE: str(bundle), CALLERS_BUNDLE: theirs})


def refresh(project_dir: Path, stage: Stage) -> Stage:
    """Update the copy of the project from which the stage was deployed. The stage's addresses stay the same."""
    refresh_copy(project_dir, stage.project_dir)
    return load_stage(stage.project_dir, LOCAL)
