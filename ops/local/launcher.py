"""Starts MiniStack with the mends in place.

Run by the interpreter of MiniStack's own virtual environment: imports only MiniStack, the standard
library and the mends. The repository is put on `sys.path` here, not in PYTHONPATH: the Lambda
workers inherit the environment, and must see nothing of it.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ops.local.mends import apply_all
from ops.local.mends.emulator import VERSION, Emulator


def main() -> None:
    """Mend and serve until stopped."""
    installed = metadata.version("ministack")
    if installed != VERSION:
        sys.exit(f"The mends are written for MiniStack {VERSION}; {installed} is installed.")
    emulator = Emulator.load()
    # `python -m tests.mends` leaves one out, to see whether MiniStack needs it still.
    apply_all(emulator, without=os.environ.get("WITHOUT_MEND", ""))
    emulator.app.main()


if __name__ == "__main__":
    main()
