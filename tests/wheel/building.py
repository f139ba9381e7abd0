"""Builds wheels of this checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(root: Path, out: Path) -> Path:
    """Build the wheel without the network, as `make wheel` does."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=root,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    (wheel,) = out.glob("*.whl")
    return wheel


def newer(folder: Path, version: str) -> Path:
    """Copy the files from which the wheel is built, but change the version. Return the copy's folder."""
    for name in ("chalicelib/gatehouse", "frontend", "ops"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "requirements.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    path = folder / "chalicelib" / "gatehouse" / "__init__.py"
    text, found = re.subn(r'__version__ = "[^"]+"', f'__version__ = "{version}"', path.read_text())
    assert found == 1
    path.write_text(text)
    return folder
