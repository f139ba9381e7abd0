"""Tests of `init` and `lock`: the lines that the commands write into a project, and the lines that stay unchanged."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.gatehouse import __version__
from ops import cli, own_wheel, project
from ops.errors import OpsError
from ops.locked import load_lock
from ops.project import OWN_LOCK, prepare
from ops.runtimes import RUNTIMES
from ops.stages import LOCAL, config_file, load_stage
from tests.ops_e2e.distributions import wheel

ROOT = Path(__file__).resolve().parents[3]
THEIRS = """{
    "version": "2.0",
    "app_name": "orders", "tags": {"team": "Zürich"},
    "stages": {
        "dev": {"autogen_policy": false, "environment_variables": {"ORDERS_TABLE": "orders"}},
        "prod": {
            "lambda_memory_size": 256
        }
    }
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a Chalice project without Gatehouse."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / "app.py").write_text(
        "from chalice import Chalice\n\napp = Chalice(app_name='orders')\n"
    )
    (tmp_path / "requirements.txt").write_text("")
    config_file(tmp_path).write_text(THEIRS)
    return tmp_path


def config(folder: Path) -> Any:
    return json.loads(config_file(folder).read_text())


def test_every_line_of_theirs_stays(folder: Path) -> None:
    """In every layout, `init` adds only commas and new members."""
    prepare(folder)
    text = config_file(folder).read_text()
    at = 0
    for piece in (
        "version",
        '"app_name": "orders", "tags": {"team": "Zürich"}',
        '"autogen_policy": false',
        "256",
    ):
        at = text.index(piece, at)
    assert json.loads(THEIRS)["stages"]["prod"].items() <= config(folder)["stages"]["prod"].items()


def test_a_second_time_changes_nothing(folder: Path) -> None:
    """Every file keeps the same bytes."""
    prepare(folder)
    before = config_file(folder).read_bytes()
    assert prepare(folder).done == [".chalice/config.json: nothing to add"]
    assert config_file(folder).read_bytes() == before


def test_every_stage_can_be_used_afterwards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local stage is usable at once, with the team's own variables and rights. Every other stage is usable as soon
    as the stage has a domain_prefix."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    prepare(folder)
    local = load_stage(folder, LOCAL)
    assert local.environment["ORDERS_TABLE"] == "orders"
    assert local.environment["STAGE"] == LOCAL
    assert local.policy_file == folder / ".chalice" / "policy-dev.json"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(OpsError, match="domain_prefix") as caught:
        load_stage(folder, "dev")
    assert str(caught.value).count("\n  - ") == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("api_gateway_stage", "v1"),
        ("minimum_compression_size", 0),
        ("environment_variables", {"APP_NAME": "shop"}),
        ("lambda_functions", {"api_handler": {"lambda_memory_size": 128}}),
    ],
)
def test_what_they_have_decided_stays(folder: Path, key: str, value: Any) -> None:
    """At the top level of the file, `init` adds missing keys, but does not change values."""
    config_file(folder).write_text(json.dumps({**json.loads(THEIRS), key: value}, indent=2))
    prepare(folder)
    found = config(folder)[key]
    if key == "lambda_functions":
        assert found["api_handler"] == {"lambda_memory_size": 128, "lambda_timeout": 25}
        return
    assert found == value


def test_what_contradicts_is_said_and_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, so that a pipeline does not continue."""
    given = {**json.loads(THEIRS), "manage_iam_role": True}
    config_file(folder).write_text(json.dumps(given))
    assert cli.main(["--project-dir", str(folder), "init"]) == 1
    assert "to change: manage_iam_role is true" in capsys.readouterr().out
    assert config(folder)["manage_iam_role"] is True


def test_lines_that_are_there_are_not_shown_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`init` prints lines for app.py, requirements.txt and .gitignore, but never writes these files. If a line exists,
    `init` does not print the line."""
    line = ["--project-dir", str(folder), "init"]
    assert cli.main(line) == 0
    assert "to add to app.py" in (said := capsys.readouterr().out)
    assert "    .local/" in said
    (folder / "app.py").write_text("gate = Gatehouse(app)\n")
    (folder / ".gitignore").write_text(".local/\n.chalice/deployments/\n.chalice/venv/\n")
    assert cli.main(line) == 0
    assert "to add to" not in capsys.readouterr().out


def test_the_lines_for_app_py_suit_an_app_with_a_health_route(folder: Path) -> None:
    """Without the prefix, `/health` would be Gatehouse's own route, and the app would not load."""
    imported, mounted, _ = prepare(folder).by_hand["app.py"]
    found: dict[str, Any] = {"app": Chalice(app_name="orders")}
    exec(f"{imported}\n{mounted}", found)
    found["app"].route("/health")(lambda: {"status": "ok"})
    assert found["gate"].prefix == "/account"


def test_with_requirements_in_the_line_belongs_there(folder: Path) -> None:
    """`lock` rewrites requirements.txt, so a line that is only in requirements.txt would be lost."""
    (folder / OWN_LOCK).write_text("")
    (folder / "requirements.in").write_text("humanize\n")
    assert prepare(folder).by_hand["requirements.in, then run `python -m ops lock`"] == [
        f"-r {OWN_LOCK}"
    ]
    (folder / "requirements.in").write_text(f"humanize\n-r {OWN_LOCK}\n")
    assert not any(name.startswith("requirements") for name in prepare(folder).by_hand)


def test_an_app_name_that_no_stage_may_have_is_said_by_init(folder: Path) -> None:
    """Without this check, only `up` would report the name. `init` cannot choose a new name for the team."""
    config_file(folder).write_text(THEIRS.replace('"orders", "tags"', '"our_orders", "tags"'))
    assert prepare(folder).amiss == [
        "app_name must be 1-24 lower-case letters, digits or hyphens, starting with a letter, not 'our_orders'"
    ]


@pytest.mark.parametrize("lacking", ["app.py", ".chalice/config.json"])
def test_a_folder_that_is_no_project_is_refused(folder: Path, lacking: str) -> None:
    """The command writes no file."""
    (folder / lacking).unlink()
    with pytest.raises(OpsError, match="is not a Chalice project"):
        prepare(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"stages": []}', '{"stages": {"dev": 1}}'])
def test_a_configuration_that_cannot_be_read_stays_as_it_is(folder: Path, text: str) -> None:
    """The error names the file."""
    config_file(folder).write_text(text)
    with pytest.raises(OpsError, match=r"config\.json cannot be used"):
        prepare(folder)
    assert config_file(folder).read_text() == text


@pytest.mark.security("S-76")
def test_the_wheel_is_locked_with_what_it_needs(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock has the hashes of the wheel and of its dependencies. `lock` copies a wheel from another folder into the
    project. A newer wheel replaces the copy."""
    elsewhere = tmp_path_factory.mktemp("downloads")
    monkeypatch.setattr(project, "_RUNTIME_LOCK", ROOT / "requirements.txt")
    for version in ("1.0", "1.1"):
        made = wheel(elsewhere, "chalice_gatehouse", version=version)
        direct = json.dumps({"url": made.as_uri()})
        installed = SimpleNamespace(read_text={"direct_url.json": direct}.get)
        monkeypatch.setattr(own_wheel, "distribution", lambda name, of=installed: of)
        prepare(folder)
        assert (folder / "wheels" / made.name).read_bytes() == made.read_bytes()
        found = load_lock(folder / OWN_LOCK, RUNTIMES["3.12"], "x86_64")
        assert {"chalice-gatehouse", "pyjwt", "cryptography"} <= {locked.name for locked in found}
        (own,) = (locked for locked in found if locked.name == "chalice-gatehouse")
        assert (own.version, own.path) == (version, folder / "wheels" / made.name)
    assert "-r requirements-gatehouse.txt" in prepare(folder).by_hand["requirements.txt"]


@pytest.mark.security("S-76")
def test_a_wheel_from_an_index_is_locked_by_its_version(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip records no address for a wheel from an index. The lock has the hash of the index's file, and the project gets
    no copy of the wheel."""
    shelf = tmp_path_factory.mktemp("index")
    made = wheel(shelf, "chalice_gatehouse", version=__version__)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setattr(project, "_RUNTIME_LOCK", ROOT / "requirements.txt")
    with zipfile.ZipFile(made) as packed:
        (record,) = (name for name in packed.namelist() if name.endswith("RECORD"))
        text = packed.read(record).decode()
    installed = SimpleNamespace(read_text={"RECORD": text + "../bin/gatehouse,sha256=x,1\n"}.get)
    monkeypatch.setattr(own_wheel, "distribution", lambda name: installed)
    assert f"chalice-gatehouse=={__version__}" in prepare(folder).done[-1]
    found = load_lock(folder / OWN_LOCK, RUNTIMES["3.12"], "x86_64")
    (own,) = (locked for locked in found if locked.name == "chalice-gatehouse")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    assert (own.version, own.path, own.hashes) == (__version__, None, {f"sha256:{digest}"})
    assert not (folder / "wheels").exists()


@pytest.mark.security("S-76")
def test_another_wheel_of_the_same_version_is_not_locked(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip may now use another index than at the time of the installation. On the other index, a stranger may offer a
    package with the same name."""
    shelf = tmp_path_factory.mktemp("index")
    wheel(shelf, "chalice_gatehouse", version=__version__)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    ours = {"RECORD": "chalice_gatehouse/__init__.py,sha256=ours,1\n"}
    installed = SimpleNamespace(read_text=ours.get)
    monkeypatch.setattr(own_wheel, "distribution", lambda name: installed)
    with pytest.raises(OpsError, match="another wheel with that name and version"):
        prepare(folder)
    assert not (folder / OWN_LOCK).exists()


@pytest.mark.parametrize(
    ("direct", "said"),
    [
        ('{"url": "file:///gone/chalice_gatehouse-0.1.0-py3-none-any.whl"}', "no longer exists"),
        ('{"url": "file:///tmp"}', "no longer exists"),
        ("[]", "no longer exists"),
        (None, r"Set pip's index-url or PIP_INDEX_URL\. pip says:\n.*No matching distribution"),
    ],
)
def test_a_wheel_that_is_nowhere_any_more_is_no_lock(
    folder: Path, monkeypatch: pytest.MonkeyPatch, direct: str | None, said: str
) -> None:
    """The error says where pip looks for the wheel. tests/wheel/index_soak.py tests the command with an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    installed = SimpleNamespace(read_text=lambda name: direct)
    monkeypatch.setattr(own_wheel, "distribution", lambda name: installed)
    with pytest.raises(OpsError, match=f"(?s){said}"):
        prepare(folder)
    assert not (folder / OWN_LOCK).exists()


def test_lock_keeps_hashes_and_leaves_addresses_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """uv makes the lock. If uv fails, the command shows uv's own error messages."""
    shelf = folder / "shelf"
    shelf.mkdir()
    wheel(shelf, "tea", needs=["cup>=1"])
    wheel(shelf, "cup")
    for name, value in (("UV_NO_INDEX", "1"), ("UV_FIND_LINKS", str(shelf)), ("UV_OFFLINE", "1")):
        monkeypatch.setenv(name, value)
    line = ["--project-dir", str(folder), "lock"]
    assert cli.main(line) == 1
    assert "There is no requirements.in" in capsys.readouterr().err
    (folder / "requirements.in").write_text("tea\n")
    assert cli.main(line) == 0
    found = load_lock(folder / "requirements.txt", RUNTIMES["3.13"], "x86_64")
    assert [str(locked) for locked in found] == ["cup==1.0", "tea==1.0"]
    (folder / "requirements.in").write_text("no-such-thing\n")
    assert cli.main(line) == 1
    assert "no-such-thing" in capsys.readouterr().err


def test_run_gives_a_program_the_stages_variables_and_its_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command passes the program's options on to the program."""
    prepare(folder)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    code = "import os, sys; sys.exit(os.environ['ORDERS_TABLE'] != 'orders' or len(sys.argv) + 40)"
    line = ["--project-dir", str(folder), "run", "--stage", LOCAL, "--", sys.executable, "-c", code]
    assert cli.main([*line, "--help", "-x"]) == 43
    assert cli.main([*line[:-3], "/no/such/program"]) == 1


def test_the_program_is_started_by_its_name_in_both_houses() -> None:
    """The program's name is `python -m ops` in this repository, and `gatehouse` in the wheel (tests/wheel)."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", "--version"], capture_output=True, text=True
    )
    assert done.stdout.startswith("gatehouse ")
