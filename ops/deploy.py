"""This module deploys a stage in four steps: download the locked dependencies, provision the identity stack, run
`chalice deploy`, and run the second pass (ops/connect.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from . import aws
from .adopt import adopt_api
from .connect import connect
from .errors import OpsError
from .exact_package import MACHINES, cache_of, locked_wheels
from .identity_stack import provision
from .plan import Plan
from .report import Reporter
from .runtimes import OPTION, near_end, runtime_of
from .stages import Stage, load_stage
from .wheels import Target

CHALICE = (
    sys.executable,
    "-c",
    "import sys; from chalice.cli import main; sys.argv[0] = 'chalice'; sys.exit(main())",
)
"""`python -m chalice` does not exist, so this code runs Chalice's `main` function with the same interpreter."""


def deploy(
    project_dir: Path,
    stage_name: str,
    report: Reporter,
    chalice: Sequence[str] = CHALICE,
    approved: Plan | None = None,
) -> str:
    """Provision the stage, deploy it with Chalice, and connect its parts. Return the app's root URL.

    If the caller passes a plan as `approved`, the stack either changes exactly as the plan shows, or does not change.

    After a failure, a second run is safe, because each step first checks which resources exist.
    """
    stage = load_stage(project_dir, stage_name)
    require_dependencies(stage, report)
    session = aws.session(stage)
    provision(session, stage, {}, report, approved=approved)
    # Load the stage again, because config.json now has the stack's outputs. `load_stage` also checks, before the
    # upload, that the variables are not too large.
    stage = load_stage(project_dir, stage_name)
    adopt_api(session, stage, report)
    run_chalice(project_dir, ["deploy", "--stage", stage_name], stage.region, report, chalice)
    return connect(session, stage, report)


def require_dependencies(stage: Stage, report: Reporter) -> None:
    """Download the packages that requirements.txt locks, before anything changes on AWS. Raises OpsError.

    Chalice later puts the downloaded packages into the zip.
    """
    runtime = runtime_of(stage.options)
    report.step(f"Dependencies for {runtime.identifier}")
    target = Target(runtime, MACHINES[stage.architecture])
    locked_wheels(stage.project_dir, target, cache_of(stage.project_dir))
    warning = near_end(runtime, datetime.now(timezone.utc).date())
    if warning:
        report.note(f"note: {warning} Choose a newer runtime with {OPTION} (docs/operations.md).")
    report.done()


def run_chalice(
    project_dir: Path,
    arguments: list[str],
    region: str,
    report: Reporter,
    chalice: Sequence[str] = CHALICE,
) -> None:
    """Run Chalice's own command line, and show its output. Raises OpsError if Chalice fails."""
    report.step(f"chalice {' '.join(arguments)}")
    with subprocess.Popen(
        [*chalice, *arguments],
        cwd=project_dir,
        env=_environment(region),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            report.note(line.rstrip())
    if process.returncode != 0:
        raise OpsError(
            f"`chalice {' '.join(arguments)}` failed with exit code {process.returncode}; its "
            "last lines above give the reason. Fix the cause and run this command again."
        )
    report.done()


def _environment(region: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        # Without `PYTHONDONTWRITEBYTECODE`, Chalice would package this machine's bytecode with the app.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
