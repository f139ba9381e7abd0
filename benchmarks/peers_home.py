"""The peers' own virtual environment and node_modules, in the folder .local. If a benchmark needs the virtual
environment or node_modules, and it is not yet installed, the benchmark installs it first.

Nobody needs the two folders to develop or deploy Gatehouse.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import ROOT

_REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"
_PACKAGE = ROOT / "benchmarks" / "peers" / "browser" / "package.json"
_VENV = ROOT / ".local" / "bench-venv"
_NPM = ROOT / ".local" / "bench-npm"


def python() -> Path:
    """Return the path of the peers' Python interpreter. If the list of locked packages has changed, install the
    packages first."""
    interpreter = _VENV / "bin" / "python"
    if not _is_current(_VENV, _REQUIREMENTS):
        print("Installing the Python peers into .local/bench-venv …", flush=True)
        shutil.rmtree(_VENV, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(_VENV)])
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(_REQUIREMENTS)])
        _note(_VENV, _REQUIREMENTS)
    return interpreter


def node_modules() -> Path:
    """Return the folder with the packages of the browser peers. The installed versions are those in package.json."""
    if not _is_current(_NPM, _PACKAGE):
        print("Installing the browser peers into .local/bench-npm …", flush=True)
        shutil.rmtree(_NPM, ignore_errors=True)
        _NPM.mkdir(parents=True)
        shutil.copy(_PACKAGE, _NPM)
        # npm writes no lock file, because a lock file would contain the address of the registry.
        _run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], _NPM)
        _note(_NPM, _PACKAGE)
    return _NPM / "node_modules"


def browser_versions() -> dict[str, str]:
    """Return the exact version of each package in package.json."""
    found: dict[str, str] = json.loads(_PACKAGE.read_text(encoding="utf-8"))["dependencies"]
    return found


def _is_current(home: Path, source: Path) -> bool:
    stamp = home / ".installed"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _digest(source)


def _note(home: Path, source: Path) -> None:
    (home / ".installed").write_text(_digest(source), encoding="utf-8")


def _digest(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _run(command: list[str], folder: Path = ROOT) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise RuntimeError(f"{command[0]} is needed for the peers, and is not installed") from None
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
