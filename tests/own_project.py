"""A copy of the checkout with a command line, for tests that follow a documentation page as a team would."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import requests

from ops.local.authority import FOLDER_VARIABLE
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[1]
_FOLDERS = (".chalice", "chalicelib", "docs", "frontend", "ops", "tests", "vendor")
_FILES = (
    *("app.py", "pyproject.toml", ".importlinter", "requirements.txt", "requirements-dev.txt"),
    "requirements.in",
)
_WHOAMI = "app.register_blueprint(whoami.routes)"
# The maximum wait is long, because the schedule runs only once a minute, and a cold function on a busy machine takes
# some seconds more.
_PATIENCE_SECONDS = 120.0


def copy_checkout(folder: Path) -> None:
    """Copy the checkout into `folder`, without installed or built files."""
    for name in _FOLDERS:
        left_out = shutil.ignore_patterns(
            "__pycache__", "images", "deployed", "deployments", "node_modules"
        )
        shutil.copytree(ROOT / name, folder / name, ignore=left_out, symlinks=True)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)


def block_after(page: str, words: str) -> str:
    """Return the first code block after `words` in a page."""
    behind = page[page.index(words) :]
    return re.findall(r"^```\w+\n(.*?)^```$", behind, re.MULTILINE | re.DOTALL)[0]


def edit_app(folder: Path, page: str) -> None:
    """Add the page's two lines to app.py: the import, and the registration."""
    imported, registered = block_after(page, "Two lines of `app.py`").split("\n\n")
    app, registered = folder / "app.py", registered.rstrip()
    before = app.read_text()
    changed = before.replace("from chalicelib import whoami", imported)
    changed = changed.replace(_WHOAMI, f"{_WHOAMI}\n{registered}")
    assert len(changed) == len(before) + len("orders, ") + len(registered) + 1
    app.write_text(changed)


class Team:
    """A team that has followed a page, and now uses the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ops(self, *arguments: str, code: int = 0) -> str:
        """Run an `ops` command and return the output. `code` is the expected exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.folder,
            env={**os.environ, FOLDER_VARIABLE: str(self.folder / "authority")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def log_until(self, function: str, wanted: str) -> str:
        """Wait until the function's log contains `wanted`, and return the log."""
        return until(
            lambda: self.ops("logs", "--stage", "local", "--function", function),
            lambda text: wanted in text,
        )


@contextmanager
def running(folder: Path) -> Iterator[Team]:
    """Run the project's local stack on free ports, until the block ends."""
    (folder / ".local").mkdir()
    for made in ("ministack-venv", "dependencies"):
        if (ROOT / ".local" / made).exists():  # if the folder is missing, `up` makes it
            (folder / ".local" / made).symlink_to(ROOT / ".local" / made)
    app, aws, okta = free_ports(3)
    prompt = Team(folder)
    try:
        prompt.ops(
            *("up", "--detach", "--port", str(app), "--aws-port", str(aws)),
            *("--okta-port", str(okta)),
        )
        yield prompt
    finally:
        prompt.ops("down")


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Call `look` until `good` accepts the result. Return the accepted result."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not good(found := look()):
        assert time.monotonic() < ends_at, found
        Event().wait(0.5)
    return found


def signed_in_session(info: Any) -> requests.Session:
    """Return an HTTP client for the stack's API, signed in as a demo user."""
    session = requests.Session()
    session.trust_env = False  # `REQUESTS_CA_BUNDLE` would override `verify`
    session.verify = info["ca_file"]
    origin = info["app_url"].rstrip("/")
    answer = session.post(
        f"{origin}/auth/direct/sign-in",
        json={**info["demo_users"][0], "remember": False},
        headers={"X-Gatehouse": "1", "Origin": origin},
    )
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def described(team: Team) -> Any:
    """Return the data of `ops info --json`."""
    return json.loads(team.ops("info", "--json"))
