"""This module creates a separate virtual environment for MiniStack. If the lock file or Python changes, the module
creates the environment again.

The environment must contain only MiniStack, boto3 and the library that verifies passkeys, because the Lambda workers
run on the environment's interpreter. If the environment contained another package, the workers could import this
package, even if the Lambda zip lacks the package. When pip installs the packages, pip also compiles them to bytecode.
In Lambda, boto3 is compiled in the same way. Without bytecode, each worker would compile botocore again, because the
workers write no bytecode. The compilation took half of each cold start.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from ..errors import OpsError
from ..report import Reporter

_LOCK = Path(__file__).resolve().parent / "requirements.txt"
_TAIL_LINES = 15
# Change this text whenever you change how packages are installed. The environment is then created again.
_WAY = b"compiled"


def require_linux() -> None:
    """Raise OpsError on systems that cannot run Lambda's Linux packages."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        raise OpsError(
            "The local stack runs Lambda packages, which are built for Linux. This machine has "
            f"{platform.system()} on {platform.machine()}. Open the project in its "
            "devcontainer (.devcontainer/), or use a Linux machine. Unit tests run "
            "everywhere."
        )


def ministack_python(state_dir: Path, report: Reporter) -> Path:
    """Return the path of MiniStack's interpreter. If needed, install MiniStack first."""
    directory = state_dir / "ministack-venv"
    python = directory / "bin" / "python"
    stamp = directory / "lock.sha256"
    wanted = hashlib.sha256(_LOCK.read_bytes() + sys.version.encode() + _WAY).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    report.step(
        "Installing the local AWS (MiniStack). The installation happens once, and takes "
        "about a minute"
    )
    shutil.rmtree(directory, ignore_errors=True)
    own_pip = importlib.util.find_spec("pip") is not None
    venv.EnvBuilder(with_pip=not own_pip, symlinks=True).create(directory)
    installer = [sys.executable, "-m", "pip", "--python", str(python)]
    command = [
        *(installer if own_pip else [str(python), "-m", "pip"]),
        *("install", "--quiet", "--compile", "--disable-pip-version-check"),
        *("--require-hashes", "--only-binary", ":all:", "--requirement", str(_LOCK)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-_TAIL_LINES:])
        raise OpsError(
            "Installing MiniStack failed. The installation needs a package index: check the network and pip's settings "
            f"(index-url, proxy, cert), then run this command again. pip says:\n{tail}"
        )
    stamp.write_text(wanted)
    report.done()
    return python
