"""docs/your-data.md on a local stack: queue and schedule call the functions, a missing right is told: `make soak`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from ops.local.authority import FOLDER_VARIABLE
from tests.own_data import ROOT, follow
from tests.ports import free_ports

# The schedule is of one minute; a cold function on a busy machine takes some seconds more.
_PATIENCE_SECONDS = 120.0


class Team:
    """Somebody who has followed the page, at a prompt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ops(self, *arguments: str) -> str:
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
        assert done.returncode == 0, done.stdout
        return done.stdout

    def log_until(self, function: str, wanted: str) -> str:
        """The function's log once it says what is wanted."""
        return until(
            lambda: self.ops("logs", "--stage", "local", "--function", function),
            lambda text: wanted in text,
        )


def until(look: Any, good: Any) -> Any:
    """What `look` gives once it is good."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not good(found := look()):
        assert time.monotonic() < ends_at, found
        Event().wait(0.5)
    return found


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    follow(folder)
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


@pytest.fixture(scope="module")
def info(team: Team) -> Any:
    return json.loads(team.ops("info", "--json"))


@pytest.fixture
def person(info: Any) -> requests.Session:
    """Somebody who is signed in."""
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


def test_what_a_queue_delivers_is_written_to_the_teams_table(
    team: Team, info: Any, person: requests.Session
) -> None:
    """A route writes and sends, with the API's role; the function writes, with its own; both are enforced."""
    root = info["app_url"].rstrip("/")
    made = person.post(f"{root}/orders", json={"article": "tea"}).json()
    order = until(
        lambda: person.get(f"{root}/orders/{made['order_id']}").json(),
        lambda found: found.get("state") == "packed",
    )
    assert order["packer"] == "warehouse-1"
    assert "job_done" in team.log_until("pack_order", "job_done")
    assert person.post(f"{root}/orders", json={}).json()["field"] == "article"


def test_a_schedule_fires_and_a_right_that_is_missing_is_named(team: Team) -> None:
    """The page's own example; `deploy --stage local` takes the right away."""
    team.log_until("count_orders", "orders_counted")
    file = team.folder / ".chalice" / "gatehouse.yaml"
    before = file.read_text()
    file.write_text(
        before.replace("  count_orders:\n    tables: {orders: read}\n", "  count_orders: {}\n")
    )
    team.ops("deploy", "--stage", "local")
    try:
        told = team.log_until("count_orders", "lacks=dynamodb:Scan")
        assert "aws_code=AccessDeniedException" in told
        assert "orders.py" in told
    finally:
        file.write_text(before)


def test_doctor_has_nothing_to_say(team: Team) -> None:
    """Of a team's own part neither."""
    team.ops("deploy", "--stage", "local")
    assert "all is well" in team.ops("doctor", "--stage", "local")


def test_a_plain_chalice_deploy_keeps_the_gateways_own_answers(team: Team, info: Any) -> None:
    """The envelope, the headers, and where people who are lost are led."""
    script = ROOT / "ops" / "local" / "chalice_cli.py"
    command = f"cd .local/app && exec {sys.executable} {script} deploy --stage local"
    before = requests.get(f"{info['app_url']}nowhere", verify=info["ca_file"])
    team.ops("run", "--stage", "local", "--", "sh", "-c", command)
    after = requests.get(f"{info['app_url']}nowhere", verify=info["ca_file"])
    assert after.json() == before.json()
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Refresh"):
        assert after.headers[name] == before.headers[name]
