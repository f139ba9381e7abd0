"""A copy of the checkout, and a prompt in it, for tests that follow a page as a team does."""

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
# The schedule is of one minute; a cold function on a busy machine takes some seconds more.
_PATIENCE_SECONDS = 120.0


def copy_checkout(folder: Path) -> None:
    """Copy the checkout into `folder`, without what was installed or built."""
    for name in _FOLDERS:
        left_out = shutil.ignore_patterns(
            "__pycache__", "images", "deployed", "deployments", "node_modules"
        )
        shutil.copytree(ROOT / name, folder / name, ignore=left_out, symlinks=True)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)


def block_after(page: str, words: str) -> str:
    """The first block of code behind these words of a page."""
    behind = page[page.index(words) :]
    return re.findall(r"^```\w+\n(.*?)^```$", behind, re.MULTILINE | re.DOTALL)[0]


def edit_app(folder: Path, page: str) -> None:
    """Write the two lines of a page into app.py: the import, and the registration."""
    imported, registered = block_after(page, "Two lines of `app.py`").split("\n\n")
    app, registered = folder / "app.py", registered.rstrip()
    before = app.read_text()
    changed = before.replace("from chalicelib import whoami", imported)
    changed = changed.replace(_WHOAMI, f"{_WHOAMI}\n{registered}")
    assert len(changed) == len(before) + len("orders, ") + len(registered) + 1
    app.write_text(changed)


class Team:
    """Somebody who has followed a page, at a prompt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ops(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; `code` is the exit code that it must have."""
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
        """The function's log once it says what is wanted."""
        return until(
            lambda: self.ops("logs", "--stage", "local", "--function", function),
            lambda text: wanted in text,
        )


@contextmanager
def running(folder: Path) -> Iterator[Team]:
    """Run the project's local stack on free ports."""
    (folder / ".local").mkdir()
    for made in ("ministack-venv", "dependencies"):
        if (ROOT / ".local" / made).exists():  # else it is made anew
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
    """What `look` gives once it is good."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not good(found := look()):
        assert time.monotonic() < ends_at, found
        Event().wait(0.5)
    return found


def signed_in_session(info: Any) -> requests.Session:
    """A client of the stack's API for a person who is signed in."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would come before `verify`
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
    """The data of `ops info --json`."""
    return json.loads(team.ops("info", "--json"))
