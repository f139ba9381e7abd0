"""Locks requirements*.in for Python 3.11 to 3.14 at once: `make lock`.

Hashes are kept; addresses of package indexes and local paths are left out, and their absence is checked.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_LOCKED = (
    Path("requirements.in"),
    Path("requirements-dev.in"),
    Path("ops/local/requirements.in"),
    Path("benchmarks/requirements.in"),
    Path("tests/lambda_runtime/requirements.in"),
)
_ADDRESS = re.compile(r"https?://|file:|^--(index|extra-index|find-links)", re.MULTILINE)


def lock(source: Path) -> Path:
    """Write the lock beside `source` and return it; raises RuntimeError if an address got into it."""
    target = source.with_suffix(".txt")
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade"),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-emit-find-links"),
            *("--custom-compile-command", "make lock"),
            *(source.name, "--output-file", target.name),
        ],
        cwd=_ROOT / source.parent,
        check=True,
    )
    found = _ADDRESS.search((_ROOT / target).read_text(encoding="utf-8"))
    if found:
        raise RuntimeError(f"{target} names an address: {found.group()}")
    return target


def main() -> int:
    """Lock everything; returns the exit code."""
    for source in _LOCKED:
        print(f"locked {lock(source)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
