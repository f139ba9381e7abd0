"""An app's shape: the description of its routes and functions that Chalice sends to API Gateway and Lambda.

If two versions of an app have the same shape, a deployment replaces only the functions' code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import OpsError

_SHOWN_LINES = 6
_PROGRAM = """
import hashlib, json, sys
sys.path.insert(0, "")
from app import app
from chalice.deploy.swagger import TemplatedSwaggerGenerator
functions = [(each.name, each.handler_string) for each in app.handler_map.values() if hasattr(each, "handler_string")]
functions += [(each.name, each.handler_string) for each in app.pure_lambda_functions]
told = [TemplatedSwaggerGenerator().generate_swagger(app), sorted(app.handler_map), sorted(functions)]
print("\\n" + hashlib.sha256(json.dumps(told, sort_keys=True, default=vars).encode()).hexdigest())
"""


def load_shape(project_dir: Path, environment: Mapping[str, str]) -> str:
    """Import the project's `app.py` in a separate process, and return a digest of its shape.

    `environment` has the stage's variables. If the app does not load, raises OpsError. The message contains the error,
    and the last line of the project's own code that ran before the error.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=project_dir,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        why = _told(done.stderr.strip().splitlines(), project_dir) or ["no reason given"]
        raise OpsError("\n".join(["The app does not load:", *(f"  {line}" for line in why)]))
    return done.stdout.splitlines()[-1]


def _told(lines: list[str], project_dir: Path) -> list[str]:
    """Shorten a traceback to the error and the last line of the project's own code before the error.

    If the traceback has no line of the project, keep the end of the traceback, because a package may have raised the
    error.
    """
    marks = (f'  File "{project_dir}/', f'  File "{project_dir.resolve()}/')
    ours = f"{os.sep}chalicelib{os.sep}gatehouse{os.sep}"
    places = [at for at, line in enumerate(lines) if line.startswith(marks) and ours not in line]
    ends = [at for at, line in enumerate(lines) if not line.startswith((" ", "Traceback"))]
    if not places or not ends or ends[-1] < places[-1]:
        return lines[-_SHOWN_LINES:]
    error = next(at for at in ends if at > places[-1])
    return [*lines[places[-1] : places[-1] + 2], *lines[error:][:_SHOWN_LINES]]
