"""Tests that the package contains exactly the packages that requirements.txt locks. If the packages differ, `ops` and
plain Chalice make no package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest

from ops import deploy as deploying
from ops.bytecode import bytecode
from ops.deploy import CHALICE, require_dependencies
from ops.errors import OpsError
from ops.exact_package import require_exact
from ops.local.chalice_cli import CACHE
from ops.local.staged_copy import stage_copy
from ops.locked import NAME, load_lock
from ops.package import package
from ops.package_contents import misses
from ops.package_size import UNZIPPED
from ops.runtimes import RUNTIMES
from ops.stages import LOCAL, load_stage
from ops.wheels import Target
from tests.ops_e2e.distributions import BREAKS, line, source, wheel
from tests.unit.ops.fakes import reporter

PROJECT = Path(__file__).resolve().parents[2]
TARGET = Target(RUNTIMES["3.12"], "x86_64")


@dataclass
class Shelf:
    """An index of local files, and a project that locks some of these files."""

    folder: Path
    project: Path
    out: Path

    def lock(self, *lines: str) -> None:
        """Write requirements.txt."""
        (self.project / "requirements.txt").write_text("".join(lines), encoding="utf-8")

    def chalice(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Chalice's own command line in the project, as a teammate would."""
        return subprocess.run(
            [*CHALICE, *arguments],
            cwd=self.project,
            env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def give_a_role(self) -> None:
        """Set the role that the identity stack would set. Without a role, Chalice does not start a deployment."""
        path = self.project / ".chalice" / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["iam_role_arn"] = "arn:aws:iam::111122223333:role/api"
        path.write_text(json.dumps(config), encoding="utf-8")

    def packaged(self) -> list[Path]:
        """Return every zip that Chalice has made and could upload."""
        return sorted((self.project / ".chalice").glob("deployments/*.zip"))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return a copy of the project with `ops`. The only index is a folder."""
    folder, project = tmp_path / "index", tmp_path / "project"
    folder.mkdir()
    stage_copy(PROJECT, project)
    shutil.copytree(PROJECT / "ops", project / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    for name in [name for name in os.environ if name.startswith(("PIP_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return Shelf(folder, project, tmp_path / "out")


def cannot_be_built(shelf: Shelf) -> str:
    """Lock a package without a wheel. The package's source needs a compiler."""
    shelf.lock(line(wheel(shelf.folder, "whole")), line(source(shelf.folder, "broken", BREAKS)))
    return "broken==1.0 has no wheel, and its build fails"


def missing_hash(shelf: Shelf) -> str:
    """Lock a version without a hash."""
    wheel(shelf.folder, "bare")
    shelf.lock(line(wheel(shelf.folder, "whole")), "bare==1.0\n")
    return "bare==1.0 has no hash"


def another_hash(shelf: Shelf) -> str:
    """Lock a hash that differs from the hash of the file in the index."""
    locked = line(wheel(shelf.folder, "swapped"))
    wheel(shelf.folder, "swapped", text="x = 'other'\n")
    shelf.lock(locked)
    return "DO NOT MATCH THE HASHES"


def not_locked(shelf: Shelf) -> str:
    """Lock a package, but not the package's dependency."""
    wheel(shelf.folder, "inner")
    shelf.lock(line(wheel(shelf.folder, "outer", needs=["inner>=1", "extra-only; extra == 'x'"])))
    return "outer==1.0 needs inner, which is not in requirements.txt"


def locked_too_old(shelf: Shelf) -> str:
    """Lock a version that is too old for another locked package."""
    inner = line(wheel(shelf.folder, "inner"))
    shelf.lock(inner, line(wheel(shelf.folder, "outer", needs=["inner>=2"])))
    return "outer==1.0 needs inner>=2, not 1.0"


def for_another_machine(shelf: Shelf) -> str:
    """Lock a package whose only wheel Lambda cannot load."""
    tag = "cp311-cp311-macosx_11_0_arm64"
    shelf.lock(line(wheel(shelf.folder, "foreign", tag=tag)))
    return "foreign==1.0 has no wheel"


def nowhere(shelf: Shelf) -> str:
    """Lock a package that the index does not have."""
    shelf.lock("ghost==1.0 --hash=sha256:" + "0" * 64 + "\n")
    return "ghost==1.0 has no wheel"


BAD = [
    *(cannot_be_built, missing_hash, another_hash, not_locked, locked_too_old),
    *(for_another_machine, nowhere),
]
Seed = Callable[[Shelf], str]


@pytest.mark.security("S-76")
@pytest.mark.parametrize("seed", BAD, ids=lambda seed: seed.__name__)
def test_a_lock_that_cannot_be_kept_ends_before_aws_is_asked(
    shelf: Shelf, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ops deploy` names the fault, and creates no resource."""
    said = seed(shelf)
    asked: list[Any] = []
    monkeypatch.setattr(deploying.aws, "session", asked.append)
    with pytest.raises(OpsError) as raised:
        deploying.deploy(shelf.project, LOCAL, reporter()[0])
    assert said in str(raised.value)
    assert asked == []


@pytest.mark.security("S-76")
@pytest.mark.parametrize("seed", [cannot_be_built, missing_hash], ids=lambda seed: seed.__name__)
def test_such_a_lock_gives_no_package(shelf: Shelf, seed: Seed) -> None:
    """`ops package` leaves no file, not even the file of an earlier run."""
    said = seed(shelf)
    shelf.out.mkdir()
    (shelf.out / "gatehouse.zip").write_bytes(b"of yesterday")
    with pytest.raises(OpsError) as raised:
        package(shelf.project, shelf.out)
    assert said in str(raised.value)
    assert list(shelf.out.iterdir()) == []


@pytest.mark.security("S-76")
@pytest.mark.parametrize("seed", [cannot_be_built, missing_hash], ids=lambda seed: seed.__name__)
def test_a_plain_chalice_deploy_uploads_nothing(shelf: Shelf, seed: Seed) -> None:
    """Chalice prints the reason and ends with exit code 1. Without our check, Chalice would leave the dependency out
    and end with 0."""
    said = seed(shelf)
    shelf.give_a_role()
    done, heard = plain_deploy(shelf)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert heard == []
    assert shelf.packaged() == []


@pytest.mark.parametrize("of", ["the stage", "one function"])
def test_a_plain_chalice_deploy_measures_the_variables_first(shelf: Shelf, of: str) -> None:
    """If the environment variables are too large, Lambda would refuse the variables only after the package and other
    functions have changed. Chalice prints the same message as `ops`."""
    shelf.give_a_role()
    path = shelf.project / ".chalice" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    stage = config["stages"][LOCAL]
    if of == "one function":
        stage["lambda_functions"] = {"leaving": {}}
        stage = stage["lambda_functions"]["leaving"]
    stage.setdefault("environment_variables", {})["ORDERS"] = "x" * 4096
    path.write_text(json.dumps(config), encoding="utf-8")
    done, heard = plain_deploy(shelf)
    assert done.returncode == 1
    named = "leaving" if of == "one function" else "every function"
    assert f"environment variables of {named} take " in done.stderr
    assert "Lambda allows only 4096: shorten the largest, ORDERS (" in done.stderr
    assert "Traceback" not in done.stderr
    assert heard == []
    assert shelf.packaged() == []


def test_a_plain_chalice_deploy_measures_the_package_before_the_upload(shelf: Shelf) -> None:
    """Lambda would refuse the package only after the upload, with an error that does not name the large file."""
    shelf.give_a_role()
    shelf.lock(line(wheel(shelf.folder, "whole")))
    large = shelf.project / "chalicelib" / "model.bin"
    with large.open("wb") as file:
        file.truncate(UNZIPPED)
    done, heard = plain_deploy(shelf)
    assert done.returncode == 1
    assert "size of the unpacked files: 25" in done.stderr
    assert "The largest parts: chalicelib (25" in done.stderr
    assert "Traceback" not in done.stderr
    assert heard == []
    assert shelf.packaged() == []


def plain_deploy(shelf: Shelf) -> tuple[subprocess.CompletedProcess[str], list[bytes]]:
    """Run a plain `chalice deploy`. Return the result, and the requests that Chalice sent to AWS."""
    heard: list[bytes] = []

    class Listener(BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(200))

    server = ThreadingTCPServer(("127.0.0.1", 0), Listener)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        done = shelf.chalice(
            "deploy",
            *("--stage", LOCAL),
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_address[1]}",
            AWS_ACCESS_KEY_ID="a",
            AWS_SECRET_ACCESS_KEY="b",
            AWS_DEFAULT_REGION="us-east-1",
            USER_POOL_ARN="arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a",
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    return done, heard


def chalice_package(shelf: Shelf) -> subprocess.CompletedProcess[str]:
    """Run a plain `chalice package`."""
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "USER_POOL_ARN": "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a",
    }
    return shelf.chalice("package", "--stage", LOCAL, str(shelf.out), **environment)


@pytest.mark.security("S-76")
def test_a_package_of_an_earlier_run_is_looked_at_too(shelf: Shelf) -> None:
    """Chalice uses an existing zip again if the name matches. Chalice builds an incomplete zip again."""
    shelf.lock(line(wheel(shelf.folder, "whole")), line(source(shelf.folder, "built")))
    assert chalice_package(shelf).returncode == 0
    (made,) = shelf.packaged()
    names = zipfile.ZipFile(made).namelist()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("app.py", "")
    done = chalice_package(shelf)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(shelf.out / "deployment.zip") as packed:
        assert sorted(packed.namelist()) == sorted(names)
        assert {"whole.py", "built.py", "whole-1.0.dist-info/RECORD"} <= set(names)


@pytest.mark.security("S-76")
def test_a_wheel_that_changed_in_the_cache_is_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    """`ops` checks the wheels' hashes at each use, and not only after a download."""
    shelf.lock(line(wheel(shelf.folder, "whole")), line(source(shelf.folder, "built")))
    stage = replace(load_stage(shelf.project, LOCAL), options={"python_version": "3.12"})
    require_dependencies(stage, reporter()[0])
    kept = {path.name: path for path in (tmp_path / "cache").rglob("*.whl")}
    assert {name.split("-")[0] for name in kept} == {"whole", "built"}
    before = {name: path.read_bytes() for name, path in kept.items()}
    for path in kept.values():
        path.write_bytes(b"tampered")
    require_dependencies(stage, reporter()[0])
    assert {path.name: path.read_bytes() for path in (tmp_path / "cache").rglob("*.whl")} == before


def with_entry(name: str, contents: str) -> Callable[[Path, list[zipfile.ZipInfo]], None]:
    """Return a function that adds one entry to a zip."""

    def change(path: Path, _: list[zipfile.ZipInfo]) -> None:
        with zipfile.ZipFile(path, "a") as packed:
            packed.writestr(name, contents)

    return change


def without(
    end: str, instead: bytes | None = None
) -> Callable[[Path, list[zipfile.ZipInfo]], None]:
    """Return a function that changes a zip. The function removes or replaces the entry whose name ends with `end`."""

    def change(path: Path, _: list[zipfile.ZipInfo]) -> None:
        with zipfile.ZipFile(path) as packed:
            contents = {name: packed.read(name) for name in packed.namelist()}
        with zipfile.ZipFile(path, "w") as packed:
            for name, of in contents.items():
                if not name.endswith(end):
                    packed.writestr(name, of)
                elif instead is not None:
                    packed.writestr(name, instead)

    return change


def cut(path: Path, _: list[zipfile.ZipInfo]) -> None:
    """Cut off the end of a zip, as an interrupted run would."""
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.security("S-76")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_entry("stray.py", "x = 2"), "stray.py belongs to no package"),
        (with_entry("stray-2.0.dist-info/METADATA", "Name: stray"), "belongs to no package"),
        (cut, "cannot be read"),
        (with_entry("chalicelib/__pycache__/a.pyc", "x"), "a.pyc belongs to no package"),
        (without("endpoints.json"), "endpoints.json is missing"),
        (
            without("secretsmanager/service-2.json", b"{}"),
            "differs from the file that is generated from the source",
        ),
    ],
)
def test_a_package_that_differs_is_refused(shelf: Shelf, change: Any, said: str) -> None:
    """`ops` refuses the zip. Each case has one fault: a foreign or incomplete file, bytecode without a source, or
    missing or wrong data for botocore."""
    shelf.lock(line(wheel(shelf.folder, "whole")))
    made = package(shelf.project, shelf.out, "3.12")
    cache = Path(os.environ[CACHE])
    require_exact(made, shelf.project, TARGET, cache)
    change(made, [])
    with pytest.raises(OpsError, match=said):
        require_exact(made, shelf.project, TARGET, cache)


@pytest.mark.security("S-76")
def test_bytecode_that_its_source_does_not_make_is_refused(shelf: Shelf) -> None:
    """Python would run the bytecode without a check of the source, on this machine and in Lambda."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    target = replace(TARGET, runtime=RUNTIMES[python])
    shelf.lock(line(wheel(shelf.folder, "whole")))
    made, cache = package(shelf.project, shelf.out, python), Path(os.environ[CACHE])
    require_exact(made, shelf.project, target, cache)
    dependencies = load_lock(shelf.project / NAME, target.runtime, target.machine)
    assert misses(entries(made), dependencies, target.runtime) == []
    place = f"__pycache__/whole.{sys.implementation.cache_tag}.pyc"
    other = bytecode({"whole.py": b"x = 'mine'"}, target.runtime)[place]
    without(place, other)(made, [])
    with pytest.raises(
        OpsError, match=r"whole.*pyc differs from the file that is generated from the source"
    ):
        require_exact(made, shelf.project, target, cache)
    assert misses(entries(made), dependencies, target.runtime) == [
        f"{place} differs from the file that is generated from the source"
    ]


def entries(path: Path) -> dict[str, bytes]:
    """Read all entries of a zip."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.security("S-76")
def test_vendor_does_not_stand_in_for_a_locked_file(shelf: Shelf) -> None:
    """Chalice would put the file of `vendor` and the locked file into the zip, and Python would use the last file."""
    shelf.lock(line(wheel(shelf.folder, "whole")))
    (shelf.project / "vendor" / "whole.py").write_text("x = 'mine'\n")
    done = chalice_package(shelf)
    assert done.returncode == 1
    assert "whole.py is in the zip twice" in done.stderr
    assert shelf.packaged() == []


@pytest.mark.parametrize("python", RUNTIMES)
def test_the_runtime_follows_the_setting(shelf: Shelf, python: str) -> None:
    """The package has the compiled wheels for the stage's runtime. The Python that builds the package does not matter."""
    abi = RUNTIMES[python].abi
    tag = f"{abi}-{abi}-manylinux_2_17_x86_64.manylinux2014_x86_64"
    for each in RUNTIMES.values():
        other = f"{each.abi}-{each.abi}-manylinux_2_17_x86_64.manylinux2014_x86_64"
        wheel(shelf.folder, "compiled", tag=other, text=f"abi = {each.abi!r}\n")
    path = shelf.folder / f"compiled-1.0-{tag}.whl"
    shelf.lock(line(path))
    made = package(shelf.project, shelf.out, python)
    with zipfile.ZipFile(made) as packed:
        assert packed.read("compiled.py").decode() == f"abi = {abi!r}\n"


def test_the_working_python_is_the_default(shelf: Shelf) -> None:
    """The default is the Python that runs the command. For a Python that is not a supported runtime, the error names
    the remedy."""
    shelf.lock(line(wheel(shelf.folder, "whole")))
    with pytest.raises(OpsError, match=r'not Python 3\.10.*"python_version"'):
        package(shelf.project, shelf.out, "3.10")
    assert sys.version_info[:2] in {tuple(map(int, each.split("."))) for each in RUNTIMES}
    assert package(shelf.project, shelf.out).is_file()
