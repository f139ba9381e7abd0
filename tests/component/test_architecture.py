"""Imports run one way, and only where docs/architecture.md says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "chalicelib" / "gatehouse"

#: Which parts of the package a part may import, besides itself. Cheap value modules (settings, errors, log) are for all.
BASE = frozenset({"settings", "errors", "log", "deadline", "email_domains"})
PURE_WEB = frozenset(
    {
        "web.cookies",
        "web.cors",
        "web.openapi",
        "web.path_parameters",
        "web.csrf",
        "web.gateway_events",
        "web.qr",
        "web.redirects",
        "web.urls",
        "web.bodies",
        "web.security_headers",
        "web.static_files",
        "web.catalogue",
        "web.conditional",
        "web.logo",
        "web.prefetches",
    }
)
STORES = frozenset({"cognito", "session", "store"})
ALLOWED = {
    "settings": frozenset({"errors", "brand", "setting", "setting_rules", "setting_values"}),
    "setting_rules": frozenset({"settings", "setting_values"}),
    "setting_values": frozenset({"email_domains"}),
    "setting": frozenset(),
    "brand": frozenset({"setting", "setting_values"}),
    "colours": frozenset(),
    "errors": frozenset(),
    "deadline": frozenset({"errors"}),
    "log": frozenset(),
    "store": BASE,
    "session": BASE,
    "cognito": BASE,
    "flows": BASE | STORES | {"captcha", "mail_requests", "sign_up_rules"},
    "services": BASE
    | STORES
    | {"flows", "captcha", "mail_requests", "aws_clients", "stage_secrets"},
    "stage_secrets": BASE | {"session", "store"},
    "aws_clients": frozenset({"errors", "deadline"}),
    # A route may name the value types and constants of what it calls; it makes nothing.
    "routes": BASE | STORES | PURE_WEB | {"services", "flows", "mail_requests"},
    "triggers": BASE | STORES | {"services", "sign_up_rules", "mail_requests"},
    "mail_requests": frozenset({"errors"}),
    "sign_up_rules": frozenset({"email_domains"}),
    "email_domains": frozenset(),
    "captcha": BASE | {"cognito.http_client"},
    "web.middleware": BASE
    | PURE_WEB
    | {"services", "routes.authorization", "routes.public", "session"},
    "cold_start": frozenset(),
    "app": frozenset({"routes", "triggers", "web.middleware", "cold_start"}),
} | {module: frozenset({"errors", "web.cors"}) for module in PURE_WEB}
ALLOWED["web.bodies"] |= {"email_domains"}
ALLOWED["web.openapi"] |= {"routes.public"}
ALLOWED["web.static_files"] |= {"brand", "colours", "web.catalogue", "web.logo"}

CHALICE = ("app", "routes", "web.middleware")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Give every module's name without `chalicelib.gatehouse.`, and its tree."""
    yield "app", ast.parse((ROOT / "app.py").read_text())
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
    """app → routes, triggers, web.middleware → services → flows → cognito, session, store → settings, errors, log."""
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
    """`ops` is never packaged. app.py reaches for it under Chalice's command line alone."""
    tree = MODULES[name]
    if name == "app":
        tree = ast.Module([node for node in tree.body if not is_command_line(node)], [])
    assert not [
        found
        for found in imports(name, tree)
        if found.split(".")[0] in ("ops", "tests", "benchmarks")
    ]


def is_command_line(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "'chalice.cli' in sys.modules"


@pytest.mark.security("S-76")
def test_the_app_keeps_chalice_to_the_lock() -> None:
    """Under its command line, which loads the app before it packages it; never in Lambda."""
    (guarded,) = [node for node in MODULES["app"].body if is_command_line(node)]
    assert isinstance(guarded, ast.If)
    assert [ast.unparse(node) for node in guarded.body] == [
        "from ops import exact_package",
        "exact_package.install()",
    ]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "settings"])
def test_only_settings_reads_the_environment(name: str) -> None:
    """No other module mentions os.environ or getenv."""
    for node in ast.walk(MODULES[name]):
        words = {getattr(node, "attr", None), getattr(node, "id", None)}
        assert not words & {"environ", "getenv", "environb"}, name


@pytest.mark.parametrize("name", [name for name in MODULES if name != "aws_clients"])
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
