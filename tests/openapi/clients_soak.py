"""Tests of /openapi.json with two linters and with generated clients that call the API. `make soak` runs this file.

The document belongs to a team that has followed docs/your-routes.md, and includes the team's routes. The tools come from
npm and PyPI, with versions locked in this folder. The tests connect only to the local stack.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.javascript_check import install
from tests.lambda_runtime.environment import python_with
from tests.own_project import described, running
from tests.own_routes import follow

HERE = Path(__file__).parent
BIN = HERE / "node_modules" / ".bin"
#: These variables turn off Redocly's usage reports and its search for newer versions.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
#: The results that both clients must print, for a person without groups and without orders.
EXPECTED = {
    "health": "ok",
    "refused": "invalid_credentials",
    "listed": True,
    "users": "forbidden",
    "orders": True,
}


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("team")
    follow(folder)
    with running(folder) as team:
        yield described(team)


@pytest.fixture(scope="module")
def document(info: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a file with the stack's OpenAPI document."""
    install(HERE)
    answer = requests.get(f"{info['app_url']}openapi.json", verify=info["ca_file"])
    assert "/orders" in answer.json()["paths"]
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(answer.text)
    return path


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command. The command must succeed. Return the command's output."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **QUIET, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_redocly_finds_nothing(document: Path) -> None:
    """Redocly checks its recommended rules, including warnings. redocly.yaml lists the disabled rules and the reasons."""
    config = ("--config", HERE / "redocly.yaml")
    said = run(BIN / "redocly", "lint", document, *config, "--format", "json", cwd=document.parent)
    found = json.loads(said)
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, found["problems"]


def test_spectral_finds_nothing(document: Path) -> None:
    """Spectral checks its rules for OpenAPI, including warnings and hints. spectral.yaml lists the disabled rules and the
    reasons."""
    rules = ("--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint")
    run(BIN / "spectral", "lint", *rules, document, cwd=document.parent)


@pytest.mark.parametrize("linter", ["redocly", "spectral"])
def test_the_linters_would_find_something(document: Path, linter: str, tmp_path: Path) -> None:
    """Both linters report an operation without security and summary. Without these reports, the tests above would prove
    nothing."""
    broken = json.loads(document.read_text())
    operation = broken["paths"]["/orders"]["get"]
    for name in ("security", "summary", "description", "tags"):
        del operation[name]
    (tmp_path / "openapi.json").write_text(json.dumps(broken))
    options = {
        "redocly": ("--config", HERE / "redocly.yaml"),
        "spectral": ("--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint"),
    }[linter]
    with pytest.raises(AssertionError, match="operation"):
        run(BIN / linter, "lint", *options, tmp_path / "openapi.json", cwd=tmp_path)


def test_a_generated_typescript_client_calls_the_api(
    info: Any, document: Path, tmp_path: Path
) -> None:
    """openapi-typescript and openapi-fetch give types to paths, bodies and responses, including the team's routes. The
    compiler refuses mistakes."""
    for name in ("client.ts", "package.json", "tsconfig.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    run(BIN / "openapi-typescript", document, "--output", "api.d.ts", cwd=tmp_path)
    run(BIN / "tsc", "--project", ".", cwd=tmp_path)
    trusted = {"NODE_EXTRA_CA_CERTS": info["ca_file"]}
    person = info["demo_users"][0]
    command = ("node", "client.js", info["app_url"].rstrip("/"), *person.values())
    answers = json.loads(run(*command, cwd=tmp_path, environment=trusted))
    assert answers == {**EXPECTED, "me": person["email"]}


def test_a_generated_python_client_calls_the_api(info: Any, document: Path, tmp_path: Path) -> None:
    """openapi-python-client generates classes for bodies and responses, and omits no part of the document."""
    python = python_with(HERE / "requirements.txt", "openapi-clients", Path(sys.executable))
    options = ("--meta", "none", "--output-path", tmp_path / "made", "--fail-on-warning")
    generator = (python.parent / "openapi-python-client", "generate", "--path", document)
    path = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}  # the generator calls ruff
    run(*generator, *options, cwd=tmp_path, environment=path)
    shutil.copy(HERE / "client.py", tmp_path)
    person = info["demo_users"][0]
    where = (info["app_url"].rstrip("/"), info["ca_file"])
    answers = json.loads(run(python, "client.py", *where, *person.values(), cwd=tmp_path))
    assert answers == {**EXPECTED, "me": person["email"]}
