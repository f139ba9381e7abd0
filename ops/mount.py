"""This module finds out how a project's app mounts Gatehouse. So people configure the mount in one place, `app.py`.

To read the mount, a separate process imports `app.py` with the stage's settings, as `chalice deploy` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from chalicelib.gatehouse.edge.urls import AppUrl, build_app_url
from chalicelib.gatehouse.routes.table import PUBLIC_ROUTES

from .errors import OpsError

_PROGRAM = """
import json, sys
sys.path.insert(0, "")
from app import app
gate = getattr(app, "gatehouse", None)
if gate is None:
    sys.exit("it does not mount Gatehouse; add `gate = Gatehouse(app)` (docs/adopt.md)")
sources = {each.name: each for each in app.event_sources}
names = [*sources, *(each.name for each in (*app.pure_lambda_functions, *app.builtin_auth_handlers))]
def source(event):
    found = [getattr(event, name, None) for name in ("queue_arn", "queue", "stream_arn", "stream", "topic", "bucket")]
    return next((each.rpartition(":")[2] if each.startswith("arn:aws:sqs") else each for each in found if each), "")
functions = [(name, source(sources.get(name))) for name in names]
print("\\n" + json.dumps({"prefix": gate.prefix, "public": sorted(gate.public_routes), "functions": functions}))
"""


class OwnFunction(NamedTuple):
    """A Lambda function of the app, other than the function behind the API.

    `source` is the name of the queue, or the ARN of the stream, that calls the function.
    """

    name: str
    source: str = ""


class Mount(NamedTuple):
    """The way in which an app mounts Gatehouse.

    `prefix` is a path such as `/account`, or empty. `public_routes` has a pair (method, path) for each public route,
    including the team's own routes. `functions` includes the team's own functions.
    """

    prefix: str = ""
    public_routes: frozenset[tuple[str, str]] = PUBLIC_ROUTES
    functions: tuple[OwnFunction, ...] = ()

    def page_for_lost(self, root: str) -> str | None:
        """Return the address of the page that people get for a mistyped path.

        If Gatehouse has a prefix, return None, because all paths without the prefix then belong to the team.
        """
        return None if self.prefix else root

    def url(self, root: str) -> AppUrl:
        """Return the addresses of the app. `root` is the address of the API's root."""
        return build_app_url({}, root, self.prefix)


def load_mount(project_dir: Path, environment: Mapping[str, str]) -> Mount:
    """Return the mount of the project's app. If the folder has no `app.py`, return a mount at the root.

    Raises OpsError.
    """
    if not (project_dir / "app.py").is_file():
        return Mount()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=project_dir,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OpsError(f"{project_dir / 'app.py'} does not load: {why}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Mount(
        told["prefix"],
        frozenset((method, path) for method, path in told["public"]),
        tuple(OwnFunction(name, source) for name, source in told["functions"]),
    )
