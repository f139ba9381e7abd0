"""The pages name what is there: every route, setting, log event and member of session.js."""

import ast
import re
from pathlib import Path

import pytest

from chalicelib.gatehouse.routes.table import TABLE
from ops import stage_rules

ROOT = Path(__file__).resolve().parents[2]
#: Gatehouse's own: what a team adds is described where the team likes.
ROUTES = sorted((route.method, route.path) for route in TABLE)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def trees() -> list[ast.Module]:
    files = sorted((ROOT / "chalicelib" / "gatehouse").rglob("*.py"))
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_api_page_names_every_route(method: str, path: str) -> None:
    """With its method, or beside a sibling as `/auth/direct/resend-code` · `forgot-password`."""
    line = re.compile(
        rf"`{method} {re.escape(path.rpartition('/')[0])}.*{re.escape(path.rpartition('/')[2])}"
    )
    assert any(line.search(text) for text in page("api.md").splitlines())


def test_operations_page_names_every_setting() -> None:
    """Whatever settings.py reads from the environment."""
    tree = ast.parse(
        (ROOT / "chalicelib" / "gatehouse" / "settings.py").read_text(encoding="utf-8")
    )
    constants = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    names = {c for c in constants if isinstance(c, str) and re.fullmatch(r"[A-Z]+(_[A-Z]+)*", c)}
    names -= {"AWS_CHALICE_CLI_MODE", "SESSION", "REMEMBER", "COGNITO"}
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in page("operations.md")} == set()


def test_operations_page_names_every_option() -> None:
    """Whatever ops takes in `gatehouse` of a stage, and nothing else."""
    table = page("operations.md").partition("## Options of a stage")[2].partition("\n## ")[0]
    first = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", first)) == stage_rules._OPTIONS


def test_operations_page_names_every_log_event_and_metric() -> None:
    """First arguments of log_event, log_exception and count_metric."""
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
    """And nothing that is not there."""
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
    """In the row of its package."""
    rows = page("architecture.md").partition("## Every module")[2].partition("\n## ")[0]
    code = ROOT / "chalicelib" / "gatehouse"
    lost = []
    for file in sorted(code.rglob("*.py")):
        package = f"{file.parent.name}/"
        (row,) = (line for line in rows.splitlines() if line.startswith(f"| `{package}` |"))
        if file.name != "__init__.py" and f"`{file.name}`" not in row:
            lost.append(str(file.relative_to(code)))
    assert lost == []
