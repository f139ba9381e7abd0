"""Tests of child processes: clear errors, and no remaining processes or files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.local import processes as processes_module
from ops.local.processes import Processes, Program, require_free_port
from tests.ports import free_ports

SERVER = "import http.server as h,sys;h.test(h.SimpleHTTPRequestHandler,port=int(sys.argv[1]))"
PARENT = (
    "import subprocess,sys;subprocess.Popen([sys.executable,'-c',sys.argv[2],sys.argv[1]]).wait()"
)

#: A server whose first thread ends at SIGTERM. Another thread keeps the port for a moment.
SLOW_TO_END = """
import ctypes, http.server, os, platform, signal, sys, threading
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever).start()
end_this_thread = {"x86_64": 60, "aarch64": 93}[platform.machine()]

def end(*_):
    threading.Timer(0.3, os._exit, (0,)).start()
    ctypes.CDLL(None).syscall(end_this_thread, 0)

signal.signal(signal.SIGTERM, end)
while True:
    signal.pause()
"""


def program(directory: Path, code: str = SERVER) -> Program:
    """Return a small web server."""
    (port,) = free_ports(1)
    return Program(
        name="Server",
        arguments=[sys.executable, "-c", code, str(port), SERVER],
        environment=dict(os.environ),
        directory=directory,
        port=port,
        port_option="--server-port",
        health_url=f"http://127.0.0.1:{port}/",
    )


def test_a_taken_port_is_named_with_the_command_that_mends_it() -> None:
    """The error has a command that people can copy."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            OpsError, match=r"used by another program.* python -m ops up --port \d+$"
        ):
            require_free_port(port, "the app", "--port")


def test_temporary_files_go_when_it_is_stopped(tmp_path: Path) -> None:
    """The files are also removed if another process, such as `down`, stops the program. Without this clean-up, each run
    would leave files of 50 MB."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    (scratch / "left").write_text("")
    starter = Processes(tmp_path)
    starter.start(replace(program(tmp_path), scratch=scratch))
    assert Processes(tmp_path).stop() == ["Server"]
    assert not scratch.exists()
    starter.stop()


def test_another_start_may_adopt_what_runs(tmp_path: Path) -> None:
    """The second `up` watches and stops the program as if it had started the program itself."""
    starter, second = Processes(tmp_path), Processes(tmp_path)
    starter.start(program(tmp_path))
    second.adopt()
    second.check()
    assert second.stop() == ["Server"]
    with pytest.raises(OpsError, match="Another command stopped this stack"):
        starter.check()
    starter.stop()


def test_a_program_is_started_and_stopped(tmp_path: Path) -> None:
    """After `start` the program is ready, and after `stop` the program has ended. A second `stop` finds no program."""
    processes = Processes(tmp_path)
    processes.start(program(tmp_path))
    processes.check()
    assert processes.running() == ["Server"]
    assert processes.stop() == ["Server"]
    assert processes.running() == []
    assert processes.stop() == []


def test_a_stopped_program_has_freed_its_port(tmp_path: Path) -> None:
    """A program's first thread may end before the thread that listens. `up` must be able to use the port at once."""
    started = program(tmp_path, SLOW_TO_END)
    starter = Processes(tmp_path)
    starter.start(started)
    assert Processes(tmp_path).stop() == ["Server"]
    require_free_port(started.port, "the server", "--server-port")
    starter.stop()


def test_another_process_can_stop_it_with_its_children(tmp_path: Path) -> None:
    """`down` is another process, which finds the program only through the file. `down` also stops the children of the
    program."""
    started = program(tmp_path, PARENT)
    starter = Processes(tmp_path)
    starter.start(started)
    assert Processes(tmp_path).stop() == ["Server"]
    starter.stop()
    require_free_port(started.port, "the server", "--server-port")


def test_what_another_start_has_put_in_its_place_is_left_alone(tmp_path: Path) -> None:
    """If `make up` runs in two terminals, the second `make up` owns the stack. The first `make up` reports the takeover
    and ends."""
    first, second = Processes(tmp_path), Processes(tmp_path)
    first.start(program(tmp_path))
    try:
        assert second.stop() == ["Server"]
        second.start(program(tmp_path))
        with pytest.raises(
            OpsError, match="Another command stopped this stack: `python -m ops down`, or a second"
        ):
            first.check()
        assert first.stop() == []
        assert second.running() == ["Server"]
        second.check()
    finally:
        second.stop()


def test_who_watches_hears_at_once_that_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as one program has ended, the watcher says that another process stopped the stack. The watcher does not
    wait until the other programs have ended."""
    first, said = Processes(tmp_path), list[str]()
    first.start(program(tmp_path))
    stop_marked = processes_module._stop_marked

    def watched(pid: int, mark: str) -> bool:
        found = stop_marked(pid, mark)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(OpsError) as caught:
            first.check()
        said.append(str(caught.value))
        return found

    monkeypatch.setattr(processes_module, "_stop_marked", watched)
    assert Processes(tmp_path).stop() == ["Server"]
    assert "Another command" in said[0]
    monkeypatch.undo()
    first.stop()


def test_what_was_started_is_stopped_without_the_file(tmp_path: Path) -> None:
    """The file is missing if a person runs `make clean` in another terminal."""
    processes = Processes(tmp_path)
    processes.start(program(tmp_path))
    (tmp_path / "processes.json").unlink()
    assert processes.stop() == ["Server"]


def test_what_a_crashed_program_left_is_stopped(tmp_path: Path) -> None:
    """The program has crashed, but the program's child still listens."""
    processes = Processes(tmp_path)
    started = program(tmp_path, PARENT)
    processes.start(started)
    (entry,) = json.loads((tmp_path / "processes.json").read_text())
    os.kill(entry["pid"], 9)
    assert Processes(tmp_path).stop() == ["Server"]
    processes.stop()
    require_free_port(started.port, "the server", "--server-port")


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    """`stop` does not end a process whose environment lacks the random mark of our child processes."""
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with closing(stranger.stdin) if stranger.stdin else pytest.fail("no pipe"):
        entry = {"name": "Server", "pid": stranger.pid, "mark": "not-theirs"}
        (tmp_path / "processes.json").write_text(json.dumps([entry]))
        assert Processes(tmp_path).stop() == []
        assert stranger.poll() is None
    stranger.wait()


def test_a_taken_port_is_named_with_its_option(tmp_path: Path) -> None:
    """`up` checks the port before the start of any program."""
    first = program(tmp_path)
    processes = Processes(tmp_path)
    try:
        processes.start(first)
        with pytest.raises(OpsError, match=f"Port {first.port} for Server .*--server-port"):
            Processes(tmp_path / "other").start(first)
    finally:
        processes.stop()


def test_a_program_that_dies_at_start_shows_its_log(tmp_path: Path) -> None:
    """The error shows the last lines of the log."""
    dying = program(tmp_path, "raise SystemExit('no disk')")
    with pytest.raises(OpsError, match=r"(?s)did not start.*no disk"):
        Processes(tmp_path).start(dying)


def test_a_program_that_dies_later_is_noticed(tmp_path: Path) -> None:
    """`up` checks the programs twice a second."""
    processes = Processes(tmp_path)
    processes.start(program(tmp_path))
    (entry,) = json.loads((tmp_path / "processes.json").read_text())
    os.kill(entry["pid"], 9)
    os.waitid(os.P_PID, entry["pid"], os.WEXITED | os.WNOWAIT)
    with pytest.raises(OpsError, match="Server stopped unexpectedly"):
        processes.check()
    processes.stop()


def test_a_program_that_is_never_ready_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start has a time limit, and the error has the log."""
    monkeypatch.setattr("ops.local.processes._READY_SECONDS", 0.3)
    processes = Processes(tmp_path)
    idle = replace(
        program(tmp_path), arguments=[sys.executable, "-c", "import time;time.sleep(60)"]
    )
    try:
        with pytest.raises(OpsError, match="was not ready"):
            processes.start(idle)
    finally:
        assert processes.stop() == ["Server"]
