"""Tests of the wheel's contents and package name, and of the use of the wheel without the checkout."""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from chalicelib import gatehouse
from tests.wheel.building import ROOT, build

INFO = f"chalice_gatehouse-{gatehouse.__version__}.dist-info"
FOLDERS = {
    "chalicelib/gatehouse/": "chalice_gatehouse/",
    "frontend/": "chalice_gatehouse/frontend/",
    "ops/": "chalice_gatehouse/ops/",
}
#: A program that imports the public names in an environment without boto3, chalice's command line and the checkout.
IMPORTS = """
import importlib.util, json, sys
import chalice_gatehouse as package
found = {name: getattr(package, name).__module__ for name in package.__all__ if name != "__version__"}
for absent in ("boto3", "chalice.cli", "chalicelib", "ops"):
    top = absent.partition(".")[0]
    assert (importlib.util.find_spec(top) and importlib.util.find_spec(absent)) is None, absent
print(json.dumps([package.__file__, package.__version__, sorted(found), sorted(set(found.values()))]))
"""


def sources() -> dict[str, bytes]:
    """Return every file in the three folders that git tracks or would add. The keys of the result are the names in the
    wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *FOLDERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = {}
    for name in filter(None, listed):
        if (ROOT / name).exists():
            folder = next(each for each in FOLDERS if name.startswith(each))
            found[FOLDERS[folder] + name.removeprefix(folder)] = (ROOT / name).read_bytes()
    lock = (ROOT / "requirements.txt").read_bytes()
    return {**found, "chalice_gatehouse/ops/requirements.txt": lock}


def held(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_wheel_holds_runtime_page_and_operators_side_and_nothing_else(wheel: Path) -> None:
    """The wheel contains templates, fixes of the local AWS, texts, OpenAPI and the lock, but no tests, docs or
    examples."""
    metadata = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    wanted = set(sources()) | {f"{INFO}/{name}" for name in metadata}
    assert set(held(wheel)) == wanted


def test_only_the_packages_name_changes(wheel: Path) -> None:
    """Only Python files change, and only in the package's name. All other files are equal, byte for byte."""
    files, renamed = held(wheel), 0
    for name, source in sources().items():
        if files[name] == source:
            continue
        assert name.endswith(".py")
        before, after = (
            source.split(b"chalicelib.gatehouse"),
            files[name].split(b"chalice_gatehouse"),
        )
        assert before == after, name
        renamed += len(before) - 1
    assert renamed > 30


def test_nothing_in_the_wheel_imports_what_is_only_here(wheel: Path) -> None:
    """No module imports a top-level name of this repository, or uses the name that the package has in this repository."""
    for name, source in held(wheel).items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(source)):
            found = (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            )
            found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            tops = {each.partition(".")[0] for each in found}
            assert not tops & {"chalicelib", "ops", "tests", "benchmarks", "app"}, name


def test_the_same_checkout_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """If the bytes are equal, people can compare a wheel with another person's build."""
    assert build(ROOT, tmp_path).read_bytes() == wheel.read_bytes()


def test_it_needs_what_runs_in_lambda_and_no_more() -> None:
    """The wheel's dependencies are those in requirements.in, from which the lock is made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.in").read_text().splitlines()
    wanted = [line.partition("#")[0].strip() for line in lines]
    assert sorted(project["dependencies"]) == sorted(filter(None, wanted))


def closure(names: list[str]) -> set[str]:
    """Return all distributions that the distributions `names` need, with only the requested extras."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        needed = waiting.pop()
        key = f"{needed.name}{sorted(needed.extras)}"
        if key in found:
            continue
        found.add(key)
        for text in distribution(needed.name).requires or []:
            inner = Requirement(text)
            marker = inner.marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in ("", *needed.extras)
            ):
                waiting.append(inner)
    return {key.partition("[")[0] for key in found}


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python with the wheel, the wheel's dependencies, and the two files of Chalice that Chalice packages."""
    folder = tmp_path_factory.mktemp("bare")
    venv.EnvBuilder(symlinks=True).create(folder)
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in closure(project["dependencies"]):
        for file in distribution(name).files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), site / file)
    ours = Path(sysconfig.get_path("purelib")) / "chalice"
    (site / "chalice").mkdir()
    for name in ("__init__.py", "app.py"):
        shutil.copyfile(ours / name, site / "chalice" / name)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    return folder / "bin" / "python"


def run(python: Path, code: str, folder: Path) -> str:
    done = subprocess.run(
        [str(python), "-I", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_public_name_can_be_imported_outside_of_the_checkout(
    bare: Path, tmp_path: Path
) -> None:
    """As in Lambda, the environment has no boto3 and no command line of Chalice."""
    import json

    file, version, names, homes = json.loads(run(bare, IMPORTS, tmp_path))
    assert str(bare.parents[1]) in file
    assert version == gatehouse.__version__
    assert names == sorted(set(gatehouse.__all__) - {"__version__"})
    assert all(home.startswith("chalice_gatehouse.") for home in homes)


def test_page_and_openapi_travel_with_it(bare: Path, tmp_path: Path) -> None:
    """The wheel contains the page in each language, and the OpenAPI documents."""
    code = """
from chalice.app import Chalice
from chalice_gatehouse import Gatehouse
from chalice_gatehouse.page.static_files import FRONTEND, StaticFiles
StaticFiles()
gate = Gatehouse(Chalice(app_name="orders"))
print(FRONTEND, len(gate.openapi_document("https://x.example/")["paths"]))
"""
    where, paths = run(bare, code, tmp_path).split()
    assert where.endswith("/chalice_gatehouse/frontend")
    assert int(paths) > 20


def test_the_command_line_is_an_entry_point(wheel: Path) -> None:
    """The extra `cli` installs the command `gatehouse`, whose help uses this name."""
    files = held(wheel)
    assert b"gatehouse = chalice_gatehouse.ops.cli:main" in files[f"{INFO}/entry_points.txt"]
    metadata = files[f"{INFO}/METADATA"].decode()
    assert {"boto3", "chalice", "click"} <= set(
        re.findall(r"^Requires-Dist: ([\w-]+).*extra == 'cli'$", metadata, re.MULTILINE)
    )
