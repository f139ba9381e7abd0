"""Checks whether the project can be deployed, before anything is stopped or replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ..errors import OpsError
from ..stages import LOCAL, load_stage
from .app_shape import load_shape
from .staged_copy import copy_code, refreshed_settings


def require_deployable(
    project_dir: Path,
    copy: Path | None,
    candidate: Path,
    choose: Callable[[Path], None] = lambda copy: None,
) -> str:
    """Check settings and app without changing anything that runs; return the app's shape. Raises OpsError.

    The check uses the addresses of `copy`, the copy that runs now (None if nothing runs). `candidate` is the folder for
    a new copy; `choose` writes the options of `up` into the settings there.
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
        try:
            stage = load_stage(candidate, LOCAL)
        except OpsError as error:
            raise OpsError(str(error).replace(str(candidate), str(project_dir))) from None
        running = load_stage(copy, LOCAL).environment if copy else {}
        return load_shape(candidate, {**running, **stage.environment})
    finally:
        shutil.rmtree(candidate, ignore_errors=True)
