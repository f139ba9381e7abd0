"""Tests that the Lambda zip is reproducible and small, and contains only the app."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.package import package, write_reproducible
from tests import secret_scan

PROJECT = Path(__file__).resolve().parents[2]
SECRET = re.compile(rb"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|us-east-1_[A-Za-z0-9]{9}\b")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the zip that `make package` builds."""
    return package(PROJECT, tmp_path_factory.mktemp("one"))


def test_same_checkout_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """The test builds the second zip at another time and with another umask."""
    before = os.umask(0o077)
    try:
        again = package(PROJECT, tmp_path)
    finally:
        os.umask(before)
    assert again.read_bytes() == built.read_bytes()


def test_order_date_and_mode_do_not_come_from_the_file_system(tmp_path: Path) -> None:
    """The test changes the order, the dates and the modes of the files, but the zip stays the same."""
    made = []
    for number, names in enumerate((("app.py", "a/b.py"), ("a/b.py", "app.py"))):
        source, target = tmp_path / f"{number}.zip", tmp_path / f"{number}-out.zip"
        with zipfile.ZipFile(source, "w") as packed:
            for name in names:
                entry = zipfile.ZipInfo(name, time.localtime(1e9 + number * 1e6)[:6])
                entry.external_attr = (0o100600 + number * 0o44) << 16
                packed.writestr(entry, f"# {name}")
        write_reproducible(source, target)
        made.append(target.read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as packed:
        assert packed.namelist() == ["a/b.py", "app.py"]
        assert {info.date_time[0] for info in packed.infolist()} == {1980}


def test_it_is_small_and_holds_the_app_and_what_it_imports(built: Path) -> None:
    """The zip must include cryptography. On the local AWS, the lack of this package would cause no error."""
    assert built.stat().st_size <= 10_000_000
    with zipfile.ZipFile(built) as packed:
        names = set(packed.namelist())
    assert {"app.py", "chalicelib/gatehouse/settings.py", "frontend/index.html"} <= names
    for package_name in ("cryptography", "jwt", "urllib3", "chalice", "segno"):
        assert f"{package_name}/__init__.py" in names


@pytest.mark.security("S-59")
def test_no_tests_no_ops_no_secret(built: Path) -> None:
    """The zip also lacks config.json, which names a stage's pool."""
    with zipfile.ZipFile(built) as packed:
        for name in packed.namelist():
            top = name.split("/")[0]
            assert top not in ("tests", "ops", "docs", ".chalice", "benchmarks"), name
            assert not name.endswith(("config.json", ".env")), name
            if top in ("app.py", "chalicelib", "frontend"):
                found = SECRET.search(packed.read(name))
                assert found is None or b"placeholder" in found.group(), (name, found)


def test_every_module_has_its_bytecode(built: Path, tmp_path: Path) -> None:
    """The bytecode is for this Python. Python loads the bytecode without a check of the source. Lambda cannot write
    bytecode itself."""
    with zipfile.ZipFile(built) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path)
    apart = [name for name in names if name.endswith(".py") and not name.startswith(GATEHOUSE)]
    first = [f"{GATEHOUSE}{name}" for name in ("__init__.py", "cold_start.py")]
    assert {name for name in names if name.endswith(".pyc")} == {
        *(cached(name) for name in (*apart, *first)),
        cached(f"{GATEHOUSE}modules.py"),
    }
    (tmp_path / "chalicelib/whoami.py").write_text("raise AssertionError('compiled')")
    assert said(tmp_path, "from chalicelib import whoami; print(whoami.__file__)")


GATEHOUSE = "chalicelib/gatehouse/"
TELL = (
    "import sys, app; found = {n: m for n, m in sys.modules.items() if n.startswith('chalicelib.gatehouse.')}; "
    "print(sorted(n for n, m in found.items() if type(m.__loader__).__name__ == '_OneFile'), len(found), "
    "all(m.__file__.endswith('.py') for m in found.values()), sys.modules['chalicelib.gatehouse.guard'].__path__)"
)


def cached(name: str) -> str:
    """Return the path at which Python expects a module's bytecode."""
    folder, _, file = name.rpartition("/")
    tagged = f"__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
    return f"{folder}/{tagged}" if folder else tagged


def said(folder: Path, program: str) -> str:
    """Run a program in the unpacked zip. Return the program's output."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("state", ["whole", "missing", "of another Python"])
def test_gatehouses_modules_are_in_one_file(built: Path, tmp_path: Path, state: str) -> None:
    """A container loads all modules of Gatehouse from one file. Without this file, or with another Python, the
    container loads the usual modules."""
    with zipfile.ZipFile(built) as packed:
        packed.extractall(tmp_path)
    file = tmp_path / cached(f"{GATEHOUSE}modules.py")
    if state == "whole":
        # Without the sources and the bytecode of the sources, Python can load only the one file.
        for source in (tmp_path / GATEHOUSE).rglob("*.py"):
            if source.name != "cold_start.py" and source.parent != tmp_path / GATEHOUSE:
                source.write_text("raise AssertionError('read')")
    elif state == "missing":
        file.unlink()
    else:
        file.write_bytes(b"0000" + file.read_bytes()[4:])
    loaded, _, rest = said(tmp_path, TELL).partition("] ")
    assert rest.endswith(f"True ['{tmp_path / GATEHOUSE}/guard']")
    names = loaded.count("chalicelib")
    # cold_start reads this value.
    assert names == (int(rest.split()[0]) - 1 if state == "whole" else 0)


def test_botocores_data_comes_with_its_notice(built: Path) -> None:
    """Botocore's licence requires the notice (Apache License 2.0, 4)."""
    with zipfile.ZipFile(built) as packed:
        notice = packed.read("chalicelib/gatehouse/aws_models/NOTICE").decode()
    assert "a shortened copy of botocore's data" in notice
    assert "Amazon.com, Inc. or its affiliates" in notice
    assert "Apache License" in notice


def locked(name: str) -> set[str]:
    """Return the names of the distributions in a lock file, in the spelling of site-packages."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    return {
        n.lower().replace("-", "_") for n in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    }


@pytest.mark.security("S-59")
@pytest.mark.security("S-66")
def test_nothing_is_in_it_that_the_lock_does_not_name(built: Path) -> None:
    """The zip has the app, Chalice itself, and the locked packages of requirements.txt. The zip has no development
    tools."""
    with zipfile.ZipFile(built) as packed:
        names = packed.namelist()
    distributions = {
        name.split("/")[0].split("-")[0].lower() for name in names if ".dist-info/" in name
    }
    assert distributions <= locked("requirements.txt")
    development = locked("requirements-dev.txt") - locked("requirements.txt") - {"chalice"}
    roots = {name.split("/")[0].removesuffix(".py").lower() for name in names}
    assert roots & development == set()
    hidden = [name for name in names if any(part.startswith(".") for part in name.split("/"))]
    assert hidden == []


@pytest.mark.security("S-59")
@pytest.mark.security("S-61")
def test_no_entry_tells_of_this_machine_or_holds_a_secret(built: Path, tmp_path: Path) -> None:
    """The zip contains no path of the checkout or of a home folder. In our own files, detect-secrets finds only values
    that the baseline lists."""
    private = {str(PROJECT).encode(), str(tmp_path.parent.parent).encode()}
    home = str(Path.home()).encode()
    own = []
    with zipfile.ZipFile(built) as packed:
        for name in packed.namelist():
            data = packed.read(name)
            assert not [path for path in private if path in data], name
            if name.split("/")[0] in ("app.py", "chalicelib", "frontend"):
                assert home + b"/" not in data, name
                packed.extract(name, tmp_path)
                own.append(name)
        comments = packed.comment + b"".join(
            info.extra + info.comment for info in packed.infolist()
        )
    assert comments == b""
    baseline = secret_scan.load_baseline()
    settings = {name: baseline[name] for name in ("plugins_used", "filters_used")}
    known = secret_scan.known(baseline)
    for name, findings in secret_scan.scan(settings, own, tmp_path).items():
        assert findings <= known.get(name, set()), name


@pytest.mark.parametrize("stray", ["ops/cli.py", ".env", "tests/a"])
def test_strays_are_refused(tmp_path: Path, stray: str) -> None:
    """The error names the stray files."""
    source = tmp_path / "in.zip"
    with zipfile.ZipFile(source, "w") as packed:
        packed.writestr(stray, "")
    with pytest.raises(OpsError, match=re.escape(stray)):
        write_reproducible(source, tmp_path / "out.zip")
