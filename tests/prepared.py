"""Installs missing programs and packages into `.local`. The module uses a lock, so that two processes never install at
the same time."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from ops.deploy import require_dependencies
from ops.local.environment import ministack_python
from ops.report import Reporter
from ops.stages import LOCAL, load_stage
from tests.lambda_runtime.environment import runtime_python

PROJECT = Path(__file__).resolve().parents[1]


def prepare_once() -> None:
    """Install the local AWS, the Lambda runtime's environment, and the wheels of the package, if they are missing."""
    report = Reporter(StringIO())
    ministack_python(PROJECT / ".local", report)
    runtime_python("{}.{}".format(*sys.version_info[:2]))
    require_dependencies(load_stage(PROJECT, LOCAL), report)
