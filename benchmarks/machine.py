"""Describes the machine and the software versions of a measurement. The description contains no host name and no
paths."""

import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks import peers_home
from benchmarks.processes import ROOT, Lab
from chalicelib.gatehouse import __version__

_PACKAGES = (
    "chalice",
    "boto3",
    "PyJWT",
    "cryptography",
    "requests",
    "aws-lambda-powertools",
    "flask",
    "flask-cognito-lib",
    "apig-wsgi",
    "fastapi",
    "mangum",
    "joserfc",
)


def describe(lab: Lab) -> list[tuple[str, str]]:
    """Return the description as rows. Each row has a name and a value."""
    program = f"from benchmarks.machine import child; child({_PACKAGES!r})"
    found: dict[str, str] = json.loads(lab.program(program))
    packages = {**found, **peers_home.browser_versions()}
    return [
        ("processor", f"{os.cpu_count()} × {_processor()}"),
        ("system", f"{_system()}, {platform.machine()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Gatehouse", f"{__version__}, commit {_commit()}"),
        ("packages", ", ".join(f"{name} {number}" for name, number in packages.items())),
    ]


def child(packages: tuple[str, ...]) -> None:
    """Print each package's version. This function runs in the peers' virtual environment."""
    print("\n" + json.dumps({name: version(name) for name in packages}))


def parse_processor(cpuinfo: str) -> str:
    """Return the processor's model from the text of /proc/cpuinfo, or an empty string."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return ""


def _processor() -> str:
    try:
        model = parse_processor(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        model = ""
    return model or platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    asked = [git, "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
