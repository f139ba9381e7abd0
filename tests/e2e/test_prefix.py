"""Gatehouse below a prefix of an app with its own page and /health, deployed like any other."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from ops.local.authority import FOLDER_VARIABLE, Certificate
from ops.local.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
APP = """
from chalice.app import Chalice

from chalicelib import whoami
from chalicelib.gatehouse import Gatehouse

app = Chalice(app_name="gatehouse")


@app.route("/health")
def health():
    return {"of": "the team"}


gate = Gatehouse(app, prefix="/account", public={("GET", "/"), ("GET", "/health")})
app.register_blueprint(whoami.routes)


@app.route("/")
def page():
    return {"page of": "the team"}
"""


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Any]:
    """A separate checkout with a separate stack."""
    folder = tmp_path_factory.mktemp("mounted")
    project, state = folder / "project", folder / "state"
    for name in ("chalicelib", "frontend", "ops", "vendor", ".chalice"):
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", project)
    (project / "app.py").write_text(APP)
    (project / ".local").symlink_to(ROOT / ".local")  # already built parts are kept

    def ops(*arguments: str) -> str:
        command = [sys.executable, "-m", "ops", *arguments]
        done = subprocess.run(
            [*command, "--state-dir", str(state)],
            cwd=project,
            env={**os.environ, FOLDER_VARIABLE: str(certificate.ca_file.parent)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    port, aws, okta = map(str, free_ports(3))
    try:
        ops("up", "--detach", "--port", port, "--aws-port", aws, "--okta-port", okta)
        yield json.loads(ops("info", "--json"))
    finally:
        ops("down")


def test_a_person_signs_in_and_out_below_the_prefix(page: Page, info: Any) -> None:
    """It covers the registered addresses, the page's modules, cookies and the redirects, and the team's own routes."""
    root = str(info["app_url"])
    assert info["page_url"] == f"{root}account"
    trust = info["ca_file"]
    for path, body in (("health", {"of": "the team"}), ("", {"page of": "the team"})):
        assert requests.get(root + path, timeout=30, verify=trust).json() == body
    assert requests.get(f"{root}account/health", timeout=30, verify=trust).json()["status"] == "ok"
    assert requests.get(f"{root}whoami", timeout=30, verify=trust).status_code == 401

    page.goto(info["page_url"])
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text("alice@example.com", exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    assert page.url == info["page_url"]
    page.reload()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    with page.expect_response(f"{root}account/auth/refresh") as answer:
        page.reload()
    token = answer.value.json()["access_token"]
    own = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{root}whoami", headers=own, timeout=30, verify=trust).status_code == 200
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Continue with Okta")).to_be_visible()
    assert page.url == info["page_url"]
