"""Tests that the documentation pages mention every route, setting, log event and member of session.js."""

import ast
import re
from pathlib import Path

import pytest

from chalicelib.gatehouse.routes.table import TABLE
from chalicelib.gatehouse.settings import Settings
from tests import settings_page

ROOT = Path(__file__).resolve().parents[2]
#: Gatehouse's own routes, without the routes of a team.
ROUTES = sorted((route.method, route.path) for route in TABLE)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def trees() -> list[ast.Module]:
    files = sorted((ROOT / "chalicelib" / "gatehouse").rglob("*.py"))
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_api_page_names_every_route(method: str, path: str) -> None:
    """The page lists each route with its method, or together with a similar path, for example
    `/auth/direct/resend-code` · `forgot-password`."""
    line = re.compile(
        rf"`{method} {re.escape(path.rpartition('/')[0])}.*{re.escape(path.rpartition('/')[2])}"
    )
    assert any(line.search(text) for text in page("api.md").splitlines())


def test_operations_page_has_the_tables_of_settings_and_options() -> None:
    """`python -m tests.settings_page --write` updates the tables."""
    assert settings_page.with_tables(page("operations.md")) == page("operations.md")


def test_settings_are_declared_before_they_are_read() -> None:
    tree = ast.parse((ROOT / "chalicelib/gatehouse/settings.py").read_text(encoding="utf-8"))
    read = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "environ.get"
        and isinstance(node.args[0], ast.Constant)
    }
    known = {setting.variable for setting in Settings.every_setting()}
    assert "USER_POOL_ARN" in read
    assert read - known == {"AWS_CHALICE_CLI_MODE"}


def test_operations_page_names_every_log_event_and_metric() -> None:
    """Events and metrics are the first arguments of `log_event`, `log_exception` and `count_metric`."""
    names = {
        node.args[0].value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("log_event", "log_exception", "count_metric")
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in page("operations.md")} == set()


def test_clients_page_names_every_member_of_a_session() -> None:
    """The page lists exactly the members that a session has."""
    script = (ROOT / "frontend" / "session.js").read_text(encoding="utf-8")
    returned = script[script.rindex("\n  return {") :]
    members = set(
        re.findall(r"^    (?:async |get )?(\w+)(?:\(.*\) \{|: |,$)", returned, re.MULTILINE)
    )
    table = page("clients.md").partition("## What it does")[2].partition("`state.status`")[0]
    named = set(re.findall(r"^\| .*", table, re.MULTILINE))
    words = {w for row in named for w in re.findall(r"`(\w+)(?:\(|`)", row.split("|")[1])}
    assert members == words - {"createSession"}


def test_architecture_page_names_every_module() -> None:
    """For each package, the page has a row that names all modules of the package."""
    rows = page("architecture.md").partition("## Every module")[2].partition("\n## ")[0]
    code = ROOT / "chalicelib" / "gatehouse"
    lost = []
    for file in sorted(code.rglob("*.py")):
        package = f"{file.parent.name}/"
        (row,) = (line for line in rows.splitlines() if line.startswith(f"| `{package}` |"))
        if file.name != "__init__.py" and f"`{file.name}`" not in row:
            lost.append(str(file.relative_to(code)))
    assert lost == []
