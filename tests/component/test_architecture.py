"""Imports run one way, and only where docs/architecture.md says so."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "chalicelib" / "gatehouse"

#: Which parts of the package a part may import, besides itself. Cheap value modules (settings, errors, log) are for all.
BASE = frozenset({"settings", "errors", "log", "deadline", "email_domains"})
#: Pure modules of the guard's, which describing the API needs, too.
PURE_GUARD = frozenset({"guard.cors", "guard.csrf"})
STORES = frozenset({"cognito", "sealed", "session", "store"})
ALLOWED = {
    "settings": frozenset({"errors", "brand", "email_domains"}),
    "brand": frozenset({"colours"}),
    "colours": frozenset(),
    "errors": frozenset(),
    "deadline": frozenset({"errors"}),
    "log": frozenset(),
    "store": BASE,
    "sealed": BASE,
    "session": BASE | {"sealed"},
    "cognito": BASE,
    "cognito.http_client": BASE | {"tls"},
    "flows": BASE | STORES | {"captcha", "mail_requests", "sign_up_rules"},
    "services": BASE
    | STORES
    | {"flows", "captcha", "mail_requests", "aws_clients", "stage_secrets"},
    "stage_secrets": BASE | {"sealed", "store"},
    "aws_clients": frozenset({"errors", "deadline", "aws_session"}),
    "aws_session": frozenset({"aws_models", "tls"}),
    "aws_models": frozenset(),
    "tls": frozenset(),
    # A route may name the value types and constants of what it calls; it makes nothing.
    "routes": BASE
    | STORES
    | PURE_GUARD
    | {"edge", "page", "services", "flows", "mail_requests", "guard.authorization"},
    "routes.table": frozenset(),
    "triggers": BASE | STORES | {"services", "sign_up_rules", "mail_requests"},
    "mail_requests": frozenset({"errors"}),
    "sign_up_rules": frozenset({"email_domains"}),
    "email_domains": frozenset(),
    "captcha": BASE | {"cognito.http_client"},
    "guard": BASE | {"edge", "services", "sealed", "session", "cognito", "flows"},
    "edge": frozenset({"errors", "email_domains"}),
    "page": frozenset({"errors", "brand", "colours"}),
    "cold_start": frozenset(),
    "command_line": frozenset(),
    "testing": BASE | {"services", "gate"},
    "gate": frozenset(
        {
            "cold_start",
            "command_line",
            "guard",
            "routes",
            "triggers",
            "services",
            "log",
            "cognito.claims",
        }
    ),
}

CHALICE = ("app", "gate", "routes", "guard")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Give every module of Gatehouse: its name without `chalicelib.gatehouse.`, and its tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield (
            name.removesuffix(".__init__").replace("__init__", "package"),
            ast.parse(path.read_text()),
        )


def imports(name: str, tree: ast.Module) -> Iterator[str]:
    """Give the full names of everything that is imported, also inside functions."""
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


def part_of(name: str) -> str | None:
    """Return the longest key of ALLOWED that a module belongs to."""
    parts = [part for part in ALLOWED if within(name, part)]
    return max(parts, key=len) if parts else None


MODULES = dict(modules())


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name)])
def test_imports_run_one_way(name: str) -> None:
    """gate → routes, triggers → guard → services → flows → cognito, session, store → settings, errors, log."""
    part = part_of(name)
    assert part is not None
    for imported in imports(name, MODULES[name]):
        inner = imported.removeprefix("chalicelib.gatehouse.")
        if inner == imported or inner.startswith("__version__"):
            continue
        assert any(within(inner, allowed) for allowed in ALLOWED[part] | {part}), (
            f"{name} imports {inner}"
        )


def test_every_module_has_a_place() -> None:
    """A new part must be given one in ALLOWED before it can be imported."""
    empty = {name for name, tree in MODULES.items() if not tree.body or name == "package"}
    assert {name for name in MODULES if part_of(name) is None} - empty == set()


@pytest.mark.parametrize("name", MODULES)
def test_only_the_door_knows_chalice(name: str) -> None:
    """Flows, stores and triggers are free of the framework."""
    if not any(within(name, part) for part in CHALICE):
        assert not [found for found in imports(name, MODULES[name]) if within(found, "chalice")]


@pytest.mark.parametrize("name", MODULES)
def test_nothing_in_lambda_imports_ops_or_tests(name: str) -> None:
    """`ops` is never packaged."""
    assert not [
        found
        for found in imports(name, MODULES[name])
        if found.split(".")[0] in ("ops", "tests", "benchmarks")
    ]


@pytest.mark.security("S-76")
@pytest.mark.parametrize("command_line", [True, False])
def test_the_gate_keeps_chalice_to_the_lock(command_line: bool) -> None:
    """Under Chalice's command line, which loads the app before it packages it; in Lambda nothing of it is loaded."""
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
    """No other module mentions os.environ or getenv; one may be handed a mapping that it hands on."""
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
    """botocore's session appears where the composition root gets its clients from, and nowhere else."""
    makers = ("boto3", "botocore.session")
    assert not [
        f for f in imports(name, MODULES[name]) if any(within(f, maker) for maker in makers)
    ]


@pytest.mark.parametrize("name", MODULES)
def test_no_assert_is_a_check_of_input(name: str) -> None:
    """At most a type's narrowing: `python -O` must not switch a defence off."""
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Assert):
            assert "is not None" in ast.unparse(node) or "isinstance" in ast.unparse(node)
