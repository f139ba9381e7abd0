"""Tests that a team with Gatehouse can upgrade to a newer wheel by following docs/upgrade.md exactly. Part of `make
soak`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.wheel.building import build, newer
from tests.wheel.team import UPGRADE, Team
from tests.wheel.visit import call, sign_in, walk

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NEWER = "0.2.0"


def test_a_newer_wheel_takes_the_place_of_the_old_one(
    adopted: dict[str, Any], team: Team, browser: Browser
) -> None:
    """The upgrade takes three commands. The team's files, people and sessions stay, and doctor has no findings."""
    page, token = sign_in(browser, adopted)
    folder = team.folder / "newer"
    folder.mkdir()
    team.put_wheel(build(newer(folder, NEWER), team.folder / "built"))
    files = [path for path in team.project.rglob("*.py") if ".local" not in path.parts]
    before = {path: path.read_bytes() for path in files}
    for command in UPGRADE.commands:
        team.type(command)
    assert call(adopted, "GET", "account/health").json()["version"] == NEWER
    walk(adopted, token)
    page.reload()
    page.get_by_role("heading", name="Hello, Alice").wait_for()
    assert {path: path.read_bytes() for path in files} == before
    assert "all is well" in team.type("gatehouse doctor --stage local")
    page.close()
