"""Tests that imports follow the directions in docs/architecture.md. The tests check the contracts of `.importlinter`,
and further rules that import-linter cannot express."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "chalicelib" / "gatehouse"


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield each module of Gatehouse as a pair: its name without `chalicelib.gatehouse.`, and its syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield (
            name.removesuffix(".__init__").replace("__init__", "package"),
            ast.parse(path.read_text()),
        )


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the full names of all imports, including imports inside functions."""
    here = ["chalicelib", "gatehouse", *name.split(".")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{module}.{alias.name}"


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


MODULES = dict(modules())


def lint(project: Path) -> tuple[int, str]:
    """Check a project against its contracts. Return the exit code and the report."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--no-cache", "--no-logo"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_imports_run_one_way() -> None:
    code, said = lint(ROOT)
    assert code == 0, said
    assert "0 broken" in said


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in which no import breaks a contract."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "chalicelib" / "gatehouse")
    shutil.copy(ROOT / ".importlinter", folder)
    for package in ("chalicelib", "ops"):
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
    code, said = lint(folder)
    assert code == 0, said
    return folder


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("errors", "from . import settings", "Each layer imports only lower ones"),
        ("cognito/groups", "from ..store import users", "Each layer imports only lower ones"),
        ("new_room", "", "Each layer imports only lower ones"),
        ("edge/cookies", "from .. import settings", "edge and page are pure functions"),
        ("flows/mfa", "from ..edge import urls", "What is below the guard knows nothing of HTTP"),
        ("flows/mfa", "import chalice", "Only the gate, the guard and the routes know Chalice"),
        ("triggers/entry", "from ..flows import mfa", "The triggers leave the sign-in"),
        (
            "flows/mfa",
            "from .. import aws_clients",
            "Only the services and the container make clients",
        ),
        ("routes/me", "from .. import captcha", "Only a flow asks for a puzzle"),
        ("log", "import ops", "What runs in Lambda imports nothing that is not packaged"),
    ],
)
def test_each_contract_notices_an_import_against_it(
    copy: Path, module: str, line: str, contract: str
) -> None:
    """The test adds one forbidden import to a copy of the package."""
    file = copy / "chalicelib" / "gatehouse" / f"{module}.py"
    before = file.read_bytes() if file.exists() else None
    try:
        with file.open("a") as stream:
            stream.write(f"\n{line}\n")
        code, said = lint(copy)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
    broken = [kept for kept in said.splitlines() if " BROKEN" in kept]
    assert code == 1
    assert any(name.startswith(contract) for name in broken), said


@pytest.mark.security("S-76")
@pytest.mark.parametrize("command_line", [True, False])
def test_the_gate_keeps_chalice_to_the_lock(command_line: bool) -> None:
    """Chalice's command line imports the app before it packages the app, and this import checks the version of Chalice.
    Lambda loads none of the code for the check."""
    code = f"""
import sys
if {command_line}:
    import chalice.cli
from chalice.app import Chalice
from chalicelib.gatehouse import Gatehouse

Gatehouse(Chalice(app_name="orders"))
packager = sys.modules.get("chalice.deploy.packager")
print(hasattr(packager, "_gatehouse_exact"), any(name.split(".")[0] == "ops" for name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(command_line)] * 2


@pytest.mark.parametrize("name", [name for name in MODULES if name != "settings"])
def test_only_settings_reads_the_environment(name: str) -> None:
    """No other module mentions `os.environ` or `getenv`. A module may receive the environment as an argument, and may
    pass it on."""
    assert not {f for f in imports(name, MODULES[name]) if within(f, "os")} - {"os"}
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in [
                ("os", "environ"),
                ("os", "getenv"),
                ("os", "environb"),
            ]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "aws_session"])
def test_only_one_module_makes_clients(name: str) -> None:
    """Only one module uses botocore's session. The composition root gets its clients from that module."""
    makers = ("boto3", "botocore.session")
    assert not [
        f for f in imports(name, MODULES[name]) if any(within(f, maker) for maker in makers)
    ]


@pytest.mark.parametrize("name", MODULES)
def test_no_assert_is_a_check_of_input(name: str) -> None:
    """An assert may only narrow a type, because `python -O` removes asserts."""
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Assert):
            assert "is not None" in ast.unparse(node) or "isinstance" in ast.unparse(node)
