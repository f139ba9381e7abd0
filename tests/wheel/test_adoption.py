"""An app that knows nothing of Gatehouse adopts it by docs/adopt.md, to the letter, and upgrades by docs/upgrade.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from ops.local.authority import Certificate
from ops.local.ports import free_ports
from tests.wheel.conftest import build
from tests.wheel.team import Page, Team, newer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ADOPT = Page.read("adopt.md")
UPGRADE = Page.read("upgrade.md", until="\n## A copy")
NEWER = "0.2.0"


def test_ten_lines_and_three_commands() -> None:
    """Up to the first sign-in; the table is the team's own."""
    assert len(ADOPT.added()) <= 10
    assert [command.split()[0:2] for command in ADOPT.commands] == [
        ["pip", "install"],
        ["gatehouse", "init"],
        ["gatehouse", "up"],
        ["gatehouse", "run"],
    ]


@pytest.fixture(scope="module")
def team(wheel: Path, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Who has put the wheel into the project."""
    team = Team(tmp_path_factory.mktemp("team"), certificate.ca_file.parent)
    team.put_wheel(wheel)
    return team


@pytest.fixture(scope="module")
def adopted(team: Team) -> Iterator[dict[str, Any]]:
    """Follow the page; give what `gatehouse info --json` says. `up` is detached, on ports that are free here."""
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


def sign_in(browser: Browser, info: dict[str, Any]) -> tuple[Any, str]:
    """Sign in with Okta, in Chromium, from the app's page; return the page and the access token that it got."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(info["page_url"])
    page.get_by_role("link", name="Continue with Okta").click()
    with page.expect_response(lambda answer: answer.url.endswith("/account/auth/refresh")) as got:
        page.get_by_text("alice@example.com", exact=True).click()
    page.get_by_role("heading", name="Hello, Alice").wait_for()
    return page, str(got.value.json()["access_token"])


def call(info: dict[str, Any], method: str, path: str, token: str = "", **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = info["app_url"] + path
    return requests.request(
        method, url, headers=headers, verify=info["ca_file"], timeout=30, **more
    )


def walk(info: dict[str, Any], token: str) -> None:
    """The team's own routes: 200, 401, 403; what was open stays open."""
    assert call(info, "GET", "health").json() == {"status": "ok"}
    assert call(info, "GET", "orders").status_code == 401
    made = call(info, "POST", "orders", token, json={"item": "tea", "count": 2})
    assert made.status_code == 200, made.text
    listed = call(info, "GET", "orders", token)
    assert listed.status_code == 200
    assert listed.headers["Access-Control-Allow-Origin"] == "*"
    assert made.json() in listed.json()["orders"]
    deleted = call(info, "DELETE", f"orders/{made.json()['id']}", token)
    assert (deleted.status_code, deleted.json()["error"]) == (403, "forbidden")
    preflight = call(info, "OPTIONS", "orders")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert call(info, "GET", "account/me", token).json()["Email"] == "alice@example.com"


def test_the_page_leads_to_a_sign_in_and_the_teams_own_tests_pass(
    adopted: dict[str, Any], team: Team, browser: Browser
) -> None:
    """Okta in Chromium; routes by the token; then a teammate's plain `chalice deploy`; then a newer wheel."""
    team.type("python -m pytest -q -p no:cacheprovider tests")
    page, token = sign_in(browser, adopted)
    walk(adopted, token)

    team.chalice("deploy", "--stage", "local")
    walk(adopted, token)
    page.reload()
    page.get_by_role("heading", name="Hello, Alice").wait_for()

    folder = team.folder / "newer"
    folder.mkdir()
    team.put_wheel(build(newer(folder, NEWER), team.folder / "built"))
    own = {
        path: path.read_bytes() for path in team.project.rglob("*.py") if ".local" not in path.parts
    }
    for command in UPGRADE.commands:
        team.type(command)
    assert call(adopted, "GET", "account/health").json()["version"] == NEWER
    walk(adopted, token)
    page.reload()
    page.get_by_role("heading", name="Hello, Alice").wait_for()
    assert {path: path.read_bytes() for path in own} == own
    assert "all is well" in team.type("gatehouse doctor --stage local")
    page.close()


def test_what_operators_need_is_in_no_function(adopted: dict[str, Any], team: Team) -> None:
    """The zip that was deployed: the runtime and the page, not the command line or the local AWS."""
    import zipfile

    (package,) = (team.project / ".local" / "app" / ".chalice" / "deployments").glob("*.zip")
    with zipfile.ZipFile(package) as packed:
        names = packed.namelist()
    assert "chalice_gatehouse/gate.py" in names
    assert "chalice_gatehouse/frontend/index.html" in names
    assert [name for name in names if name.startswith("chalice_gatehouse/ops")] == []
    assert {name.partition("/")[0] for name in names} & {"ops", "boto3", "tests", "wheels"} == set()
