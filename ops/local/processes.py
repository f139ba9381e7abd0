"""This module starts, watches and stops the stack's child processes, and writes their output to log files. The module
never stops other processes.

Every child process has a random value in its environment: the mark. It also has its own session of the operating
system. To stop a child, this module ends all processes that belong to the child's session and have the child's mark. So
if a child has crashed, the module still ends the processes that the child had started. An unrelated process that later
gets the same process id never has the mark.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import OpsError
from ..program import PROGRAM

MARK = "GATEHOUSE_LOCAL_MARK"
_READY_SECONDS = 30.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05
_TAIL_LINES = 20
_LAST_PORT = 65_535


@dataclass(frozen=True)
class Program:
    """One child process: its command, its port, and its health check.

    The program is ready when `health_url` responds with 200. With an empty `health_url`, the program is ready when its
    port accepts connections. `scratch` is a folder of temporary files, which is deleted when the program is stopped.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    port: int
    port_option: str
    health_url: str
    scratch: Path | None = None


@dataclass(frozen=True)
class _Running:
    """A running process. Its start time distinguishes it from a later process with the same process id."""

    pid: int
    session: int
    start_time: int


@dataclass(frozen=True)
class _Entry:
    name: str
    pid: int
    mark: str
    scratch: str = ""


class Processes:
    """Starts, watches and stops programs. A file lists the programs, so that `down` can stop the programs."""

    def __init__(self, state_dir: Path) -> None:
        self._logs = state_dir / "logs"
        self._file = state_dir / "processes.json"
        self._stopping = state_dir / "processes.stopping.json"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._started: list[_Entry] = []
        self._adopted: list[_Entry] = []

    def start(self, program: Program) -> None:
        """Start a program and wait until it is ready.

        Raises OpsError if the program's port is in use, if the program ends, or if the program is not ready in time.
        """
        require_free_port(program.port, program.name, program.port_option)
        self._logs.mkdir(parents=True, exist_ok=True)
        program.directory.mkdir(parents=True, exist_ok=True)
        mark = secrets.token_hex(16)
        with self.log(program.name).open("wb") as log:
            child = subprocess.Popen(
                program.arguments,
                env={**program.environment, MARK: mark},
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[program.name] = child
        scratch = str(program.scratch or "")
        self._started.append(_Entry(program.name, child.pid, mark, scratch))
        self._remember(self._started[-1])
        self._wait_until_ready(program, child)

    def log(self, name: str) -> Path:
        """Return the file for a program's output."""
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raise OpsError if a program has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                self._require_still_ours()
                raise OpsError(f"{name} stopped unexpectedly.\n{self._tail(name)}")
        for entry in self._adopted:
            if _running(entry.pid) is None:
                self._require_still_ours()
                raise OpsError(f"{entry.name} stopped unexpectedly.\n{self._tail(entry.name)}")

    def adopt(self) -> None:
        """Take over the programs that another `up` has started in this state directory. This object then watches and
        stops these programs like its own programs.
        """
        self._adopted = self._remembered()
        self._started = list(self._adopted)

    def stop(self) -> list[str]:
        """Stop all programs that were started from this state directory. Return the programs' names.

        If the file with the list of programs no longer contains this object's programs, another `up` now uses the
        directory. In this case, stop only this object's programs.
        """
        taken_over = self._taken_over()
        if not taken_over:
            # First move the file away. Other processes watch the programs, too. If the file is gone, these processes
            # know that the programs were stopped on purpose.
            with suppress(FileNotFoundError):
                self._file.replace(self._stopping)
        entries = self._started if taken_over else _read(self._stopping)
        stopped = [entry.name for entry in reversed(entries) if _stop_marked(entry.pid, entry.mark)]
        for entry in entries:
            if entry.scratch:
                shutil.rmtree(entry.scratch, ignore_errors=True)
        for child in self._children.values():
            child.wait()
        self._children.clear()
        self._started.clear()
        self._adopted.clear()
        if not taken_over:
            self._stopping.unlink(missing_ok=True)
        return stopped

    def running(self) -> list[str]:
        """Return the names of running programs."""
        entries = [*_read(self._stopping), *self._remembered()]
        return [entry.name for entry in entries if _marked(entry.pid, entry.mark)]

    def _wait_until_ready(self, program: Program, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                self._require_still_ours()
                raise OpsError(f"{program.name} did not start.\n{self._tail(program.name)}")
            if _answers(program.health_url or program.port):
                return
            time.sleep(_POLL_SECONDS)
        tail = self._tail(program.name)
        raise OpsError(f"{program.name} was not ready after {_READY_SECONDS:.0f} s.\n{tail}")

    def _taken_over(self) -> bool:
        return not set(self._started) <= set(self._remembered())

    def _require_still_ours(self) -> None:
        if self._taken_over():
            raise OpsError(
                f"Another command stopped this stack: `{PROGRAM} down`, or a second `{PROGRAM} "
                "up` with the same state directory."
            )

    def _tail(self, name: str) -> str:
        path = self.log(name)
        lines = path.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join([f"The last lines of {path}:", *(f"  {line}" for line in lines)])

    def _remember(self, entry: _Entry) -> None:
        entries = [*self._remembered(), entry]
        self._file.write_text(json.dumps([asdict(entry) for entry in entries]))

    def _remembered(self) -> list[_Entry]:
        return _read(self._file)


def _read(file: Path) -> list[_Entry]:
    try:
        return [_Entry(**entry) for entry in json.loads(file.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def require_free_port(port: int, name: str, option: str) -> None:
    """Raise OpsError if a program already listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise OpsError(
                f"Port {port} for {name} is used by another program. Stop that program, or "
                f"choose another port: {PROGRAM} up {option} {_free_above(port)}"
            ) from taken


def _free_above(port: int) -> int:
    """Find the next port on which no program listens."""
    for candidate in range(port + 1, _LAST_PORT):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", candidate))
            return candidate
    return port + 1


def _answers(target: str | int) -> bool:
    try:
        if isinstance(target, int):
            socket.create_connection(("127.0.0.1", target), timeout=2).close()
            return True
        # This module's callers build every address, and every address is on this machine. So the address is safe to
        # open.
        with urllib.request.urlopen(target, timeout=2) as answer:  # noqa: S310 # nosec B310
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _stop_marked(session: int, mark: str) -> bool:
    found = _marked(session, mark)
    if not found:
        return False
    _signal(found, signal.SIGTERM)
    if not _wait_until_gone(found, session, mark):
        _signal(found | _marked(session, mark), signal.SIGKILL)
        _wait_until_gone(found, session, mark)
    return True


def _wait_until_gone(found: set[_Running], session: int, mark: str) -> bool:
    """Wait until the processes in `found` and their new children have ended. Return False after a timeout.

    When a process ends, its environment (which contains the mark) disappears before its ports are free. So this
    function also waits for the processes in `found`, which had the mark earlier.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not any(_running(each.pid) == each for each in found) and not _marked(session, mark):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _signal(processes: set[_Running], number: signal.Signals) -> None:
    for each in processes:
        if _running(each.pid) == each:
            with suppress(ProcessLookupError):
                os.kill(each.pid, number)


def _marked(session: int, mark: str) -> set[_Running]:
    """Return the running processes that belong to the operating system's session `session` and have the mark in their
    environment. The function reads /proc, so it needs Linux.
    """
    wanted = f"{MARK}={mark}".encode()
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    living = [found for pid in pids if (found := _running(pid)) and found.session == session]
    return {each for each in living if wanted in _environment(each.pid)}


def _running(pid: int) -> _Running | None:
    """Identify a process by number and start time. Return None if the process has ended, or is a zombie.

    The first thread of a process can become a zombie before the other threads have ended. Until the last thread has
    ended, the process's ports are in use. The manual page proc(5) describes the fields of /proc/<pid>/stat: the third
    field is the state, the twentieth is the number of threads.
    """
    try:
        stat = (Path("/proc") / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] == "Z" and int(fields[17]) <= 1
    return None if ended else _Running(pid, int(fields[3]), int(fields[19]))


def _environment(pid: int) -> list[bytes]:
    try:
        return (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
