"""Starts a separate local stack on free ports, for commands that take pictures of the page or measure the page. Tests
do not use this module."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.local.authority import FOLDER_VARIABLE
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def own_stack_info(*options: str) -> Iterator[dict[str, Any]]:
    """Start the stack with `options` of `ops up`, yield the data of `ops info --json`, and stop the stack."""
    app, aws, okta = free_ports(3)
    with tempfile.TemporaryDirectory() as state:
        ports = ["--port", str(app), "--aws-port", str(aws), "--okta-port", str(okta)]
        try:
            _ops("up", "--detach", *ports, *options, state=state)
            yield json.loads(_ops("info", "--json", state=state))
        finally:
            _ops("down", state=state)


def _ops(*arguments: str, state: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ops", *arguments, "--state-dir", state],
        cwd=ROOT,
        env={**os.environ, FOLDER_VARIABLE: str(Path(state) / "authority")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
