"""Before anything is stopped or replaced, this module checks whether the project can be deployed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ..exact_package import MACHINES
from ..identity_stack import FUNCTIONS
from ..locked import NAME as LOCK
from ..locked import load_lock
from ..runtimes import runtime_of
from ..stages import LOCAL, load_stage
from ..team_functions import verify_functions
from .app_shape import load_shape
from .staged_copy import copy_code, naming_the_project, refreshed_settings


def require_deployable(
    project_dir: Path,
    copy: Path | None,
    candidate: Path,
    choose: Callable[[Path], None] = lambda copy: None,
) -> str:
    """Check the project's settings and the project's app, and return the app's shape. The running stack does not
    change. Raises OpsError.

    The check uses the addresses of `copy`, the deployed copy of the project. If `copy` is None, this function also
    checks the locked requirements and the team's Lambda functions. `candidate` is the folder for a new copy. `choose`
    writes the options of `up` into the new copy's settings.
    """
    shutil.rmtree(candidate, ignore_errors=True)
    try:
        copy_code(project_dir, candidate)
        text = (
            refreshed_settings(project_dir, copy)
            if copy
            else (project_dir / ".chalice" / "config.json").read_text(encoding="utf-8")
        )
        (candidate / ".chalice" / "config.json").write_text(text, encoding="utf-8")
        choose(candidate)
        with naming_the_project(candidate, project_dir):
            stage = load_stage(candidate, LOCAL)
            running = load_stage(copy, LOCAL).environment if copy else {}
            shape = load_shape(candidate, {**running, **stage.environment})
            if copy is None:
                # A deployment into a running stack does the two checks below itself, before the deployment changes
                # anything.
                load_lock(candidate / LOCK, runtime_of(stage.options), MACHINES[stage.architecture])
                verify_functions(stage, FUNCTIONS)
            return shape
    finally:
        shutil.rmtree(candidate, ignore_errors=True)
