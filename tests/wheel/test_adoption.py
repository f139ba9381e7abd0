"""Tests that an existing app can adopt Gatehouse by following docs/adopt.md exactly."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from tests.wheel.team import ADOPT, Team
from tests.wheel.visit import sign_in, walk

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_ten_lines_and_three_commands() -> None:
    """Before the first sign-in, the page has at most ten lines and three commands. The app's own table belongs to the
    team, and not to Gatehouse."""
    assert len(ADOPT.added()) <= 10
    assert [command.split()[0:2] for command in ADOPT.commands] == [
        ["pip", "install"],
        ["gatehouse", "init"],
        ["gatehouse", "up"],
        ["gatehouse", "run"],
    ]


def test_the_page_leads_to_a_sign_in_and_the_teams_own_tests_pass(
    adopted: dict[str, Any], team: Team, browser: Browser
) -> None:
    """A person signs in with Okta in Chromium, and can call the routes with the token. Then a teammate runs a plain
    `chalice deploy`."""
    team.type("python -m pytest -q -p no:cacheprovider tests")
    page, token = sign_in(browser, adopted)
    walk(adopted, token)
    team.chalice("deploy", "--stage", "local")
    walk(adopted, token)
    page.reload()
    page.get_by_role("heading", name="Hello, Alice").wait_for()
    page.close()


def test_what_operators_need_is_in_no_function(adopted: dict[str, Any], team: Team) -> None:
    """The deployed zip contains the runtime and the page. The zip contains neither the command line nor the local AWS."""
    (package,) = (team.project / ".local" / "app" / ".chalice" / "deployments").glob("*.zip")
    with zipfile.ZipFile(package) as packed:
        names = packed.namelist()
    assert "chalice_gatehouse/gate.py" in names
    assert "chalice_gatehouse/frontend/index.html" in names
    assert [name for name in names if name.startswith("chalice_gatehouse/ops")] == []
    assert {name.partition("/")[0] for name in names} & {"ops", "boto3", "tests", "wheels"} == set()
