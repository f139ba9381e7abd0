"""Tests of the messages that `up` prints about a project with a fault. `up` reports the fault before it starts or stops
any program, and leaves no files."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ops import cli
from ops.errors import OpsError
from ops.local import stack
from ops.local.addresses import Addresses
from ops.local.app_shape import load_shape
from ops.local.candidate import require_deployable
from ops.project import prepare
from ops.stages import config_file
from tests.ports import free_ports

APP = """from chalice import Chalice, Rate
from chalicelib.gatehouse import Gatehouse
app = Chalice(app_name="orders")
gate = Gatehouse(app)
"""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that `init` prepared."""
    project = tmp_path / "orders"
    (project / ".chalice").mkdir(parents=True)
    (project / "app.py").write_text(APP)
    (project / "requirements.txt").write_text("")
    config_file(project).write_text(json.dumps({"app_name": "orders", "stages": {"dev": {}}}))
    prepare(project)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return project


def refused(folder: Path) -> str:
    with pytest.raises(OpsError) as caught:
        require_deployable(folder, None, folder / ".local" / "candidate")
    assert not (folder / ".local" / "candidate").exists()
    return str(caught.value)


def test_an_open_route_is_shown_at_its_own_line(folder: Path) -> None:
    """The traceback ends in Gatehouse's package, so the error shows the last line of the project's own code."""
    text = APP + "@app.route('/tea')\ndef tea():\n    return {}\n"
    (folder / "app.py").write_text(text)
    place, code, error = refused(folder).splitlines()[1:4]
    assert f'File "{folder}/app.py", line 5' in place
    assert code.strip() == "@app.route('/tea')"
    assert error.startswith("  ValueError: GET /tea has no authorizer=")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("raise ValueError('one\\ntwo')\n", "ValueError: one\n  two"),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    import nothing_here\n", "nothing_here"),
        ("import os\nos._exit(3)\n", "no reason given"),
    ],
)
def test_every_error_of_an_app_is_shown_in_full(tmp_path: Path, text: str, said: str) -> None:
    """The cases are an error of several lines, an error that is raised while another error is handled, and an app that
    exits without an error."""
    (tmp_path / "app.py").write_text(text)
    with pytest.raises(OpsError) as caught:
        load_shape(tmp_path, {})
    assert said in str(caught.value)


def test_a_missing_role_names_the_projects_file(folder: Path) -> None:
    """The error names the project's own file, because an edit of the copy in .local would be lost."""
    (folder / "app.py").write_text(
        APP + "@app.schedule(Rate(1, unit=Rate.HOURS))\ndef hourly(event): ...\n"
    )
    said = refused(folder)
    assert "add `hourly: {}` under `functions`" in said
    assert str(folder / ".chalice" / "gatehouse.yaml") in said
    assert ".local" not in said


def test_requirements_without_hashes_are_refused_at_once(folder: Path) -> None:
    """Without this check, Chalice would refuse the requirements only after the stack has been made."""
    (folder / "requirements.txt").write_text("humanize\n")
    assert "humanize does not name one version" in refused(folder)


@pytest.mark.parametrize("command", [["up"], ["package"]])
def test_a_folder_without_a_project_stays_empty(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    """The error explains how to name the project's folder."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 1
    assert "is not a Chalice project" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "there", [("info.json", "choices.json"), ("info.json",), ("choices.json",), ()]
)
def test_a_port_of_another_program_stops_up_before_it_stops_a_stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    """If `up` stopped the running stack first, the stack's people and records would be lost for nothing. But if a start
    was interrupted before `up` wrote its files, the program on the port may belong to the stack itself."""
    stopped: list[Any] = []
    state = folder / ".local"
    state.mkdir()
    others, aws, okta = free_ports(3)
    was = stack.Choices(Addresses(others + 1, aws, okta))
    for name in there:
        (state / name).write_text("{}" if name == "info.json" else was.text())
    monkeypatch.setattr(stack.Processes, "running", lambda self: ["one"])
    monkeypatch.setattr(stack, "_stop", lambda *given: stopped.append(given) or [])
    monkeypatch.setattr(stack, "prepare", lambda: None)
    with (
        socket.create_server(("127.0.0.1", others)),
        pytest.raises(OpsError, match=f"Port {others} for the app is used"),
    ):
        stack.up(folder, stack.Choices(Addresses(others, aws, okta)), fresh=True)
    assert bool(stopped) is (len(there) < 2)
