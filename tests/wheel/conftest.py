"""Fixtures: a wheel of this checkout, built once, and a team that adopts the wheel once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.local.authority import Certificate
from ops.local.ports import free_ports
from tests.wheel.building import ROOT, build
from tests.wheel.team import ADOPT, Team


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the built wheel."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def team(wheel: Path, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Return a team that has put the wheel into its project, but has not followed docs/adopt.md yet."""
    team = Team(tmp_path_factory.mktemp("team"), certificate.ca_file.parent)
    team.put_wheel(wheel)
    return team


@pytest.fixture(scope="module")
def adopted(team: Team) -> Iterator[dict[str, Any]]:
    """Follow docs/adopt.md. Yield the data of `gatehouse info --json`. `up` runs with `--detach` and on free ports."""
    install, init, up, table = ADOPT.commands
    before = json.loads((team.project / ".chalice" / "config.json").read_text())
    team.type("python -m pytest -q -p no:cacheprovider tests")
    team.type(install)
    shown = team.type(init)
    team.change(ADOPT)
    for line in (line[1:] for line in ADOPT.added() if "-r " in line or ".local" in line):
        assert line in shown
    assert "nothing to add" in (again := team.type(init))
    assert "to add to" not in again
    after = json.loads((team.project / ".chalice" / "config.json").read_text())
    assert (
        after["stages"]["dev"].items()
        >= {
            "api_gateway_stage": "api",
            "autogen_policy": False,
            "iam_policy_file": "policy.json",
        }.items()
    )
    assert after["app_name"] == before["app_name"]
    app, aws, okta = free_ports(3)
    ports = ("--port", str(app), "--aws-port", str(aws), "--okta-port", str(okta))
    try:
        team.type(up, "--detach", *ports)
        team.type(table)
        yield json.loads(team.type("gatehouse info --json"))
    finally:
        team.type("gatehouse down")
