"""Creates one virtual environment for each Python. Like Lambda's own runtimes, each environment contains AWS's runtime
client and boto3.

The first use installs the environment in `.local` from a lock file of its own. The environment contains no package of
the project. If the zip lacks a package, the import therefore fails as on AWS.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ops.runtimes import RUNTIMES

_LOCK = Path(__file__).parent / "requirements.txt"
_CACHE = Path(__file__).resolve().parents[2] / ".local"


def pythons() -> dict[str, Path]:
    """Return every Python on this machine whose version is a runtime of Lambda. The Python is on the PATH or installed
    by pyenv."""
    running = "{}.{}".format(*sys.version_info[:2])
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = {running: Path(sys.executable)}
    for version in RUNTIMES:
        on_path = shutil.which(f"python{version}")
        candidates = [
            *sorted(kept.glob(f"{version}.*/bin/python")),
            *([Path(on_path)] if on_path else []),
        ]
        for candidate in candidates:
            if _version(candidate) == version:
                found.setdefault(version, candidate)
    return {version: found[version] for version in RUNTIMES if version in found}


def _version(python: Path) -> str:
    # If a version is not selected in pyenv, pyenv's command for this version exits with an error.
    said = subprocess.run(
        [python, "-c", "import sys; print('{}.{}'.format(*sys.version_info[:2]))"],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()


def runtime_python(version: str) -> Path:
    """Return the interpreter of this version's environment. If the environment is missing, install it first."""
    return python_with(_LOCK, f"lambda-runtime-{version}", pythons()[version])


def python_with(lock: Path, name: str, base: Path) -> Path:
    """Return the interpreter of the environment `.local/<name>`. If the environment is missing, create it with the
    interpreter `base`, and install the lock file `lock`."""
    directory = _CACHE / name
    python, stamp = directory / "bin" / "python", directory / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes() + str(base).encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([base, "-m", "venv", "--without-pip", directory], check=True)
    command = [
        *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"),
        *("--no-compile", "--disable-pip-version-check", "--require-hashes"),
        *("--only-binary", ":all:", "--requirement", str(lock)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    stamp.write_text(wanted)
    return python
