"""A copy of the project with `ops up --watch` and a separate stack, for tests that edit files."""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ops.local.authority import FOLDER_VARIABLE
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 60.0


@dataclass
class Watched:
    """The copied project, the data of `info --json`, and the output of `up`."""

    project: Path
    info: dict[str, Any]
    lines: "queue.Queue[str]"

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of the project's files."""
        path = self.project / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    def heard(self, wanted: str) -> str:
        """Wait for the next line of `up` that contains the text `wanted`, and return the line."""
        return _heard(self.lines, wanted)

    def shown(self, path: str) -> str:
        """Return the app's current response at a path."""
        url = str(self.info["app_url"]) + path
        return requests.get(url, timeout=30, verify=self.info["ca_file"] or True).text


@contextmanager
def watched(folder: Path, authority: Path, app: str | None = None) -> Iterator[Watched]:
    """Copy the project into `folder` and start the copy. If `app` is given, replace the copy's `app.py` by `app`. Stop
    the copy afterwards."""
    project = folder / "project"
    for name in ("chalicelib", "frontend", "ops", "vendor", ".chalice"):
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
    for name in ("requirements.txt", "app.py"):
        shutil.copy(ROOT / name, project)
    if app is not None:
        (project / "app.py").write_text(app, "utf-8")
    # The copy uses the checkout's .local, so that `up` need not install its parts again.
    (project / ".local").symlink_to(ROOT / ".local")
    up = [sys.executable, "-m", "ops", "up", "--watch", "--state-dir", str(folder / "state")]
    for option, port in zip(("--port", "--aws-port", "--okta-port"), free_ports(3), strict=True):
        up += [option, str(port)]
    with subprocess.Popen(
        up,
        cwd=project,
        env={**os.environ, FOLDER_VARIABLE: str(authority), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines: queue.Queue[str] = queue.Queue()
        listener = threading.Thread(target=_listen, args=(process, lines), daemon=True)
        listener.start()
        try:
            _heard(lines, "watching")
            info = json.loads((folder / "state" / "info.json").read_text("utf-8"))
            yield Watched(project, info, lines)
        finally:
            process.terminate()
            process.wait()
            listener.join()


def _listen(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put("")


def _heard(lines: "queue.Queue[str]", wanted: str) -> str:
    said = []
    while True:
        try:
            line = lines.get(timeout=_PATIENCE)
        except queue.Empty:
            raise AssertionError(f"`up` never said {wanted!r}:\n" + "".join(said)) from None
        said.append(line)
        if wanted in line:
            return line
        if not line:
            raise AssertionError("`up` has ended:\n" + "".join(said))
