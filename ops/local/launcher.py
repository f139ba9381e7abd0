"""Starts MiniStack with the mends in place.

Run by its path, by the interpreter of MiniStack's own virtual environment: imports only MiniStack, the standard library and
the mends. The mends are loaded by their path too, so that nothing else of where they are installed can be imported here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import import_module, metadata
from pathlib import Path

_MENDS = "gatehouse_mends"


def main() -> None:
    """Mend and serve until stopped."""
    file = Path(__file__).resolve().parent / "mends" / "__init__.py"
    spec = importlib.util.spec_from_file_location(_MENDS, file)
    if spec is None or spec.loader is None:
        sys.exit(f"{file} cannot be loaded")
    mends = importlib.util.module_from_spec(spec)
    sys.modules[_MENDS] = mends
    spec.loader.exec_module(mends)
    emulator = import_module(f"{_MENDS}.emulator")
    installed = metadata.version("ministack")
    if installed != emulator.VERSION:
        sys.exit(
            f"The mends are written for MiniStack {emulator.VERSION}; {installed} is installed."
        )
    running = emulator.Emulator.load()
    # `python -m tests.mends` leaves one out, to see whether MiniStack needs it still.
    mends.apply_all(running, without=os.environ.get("WITHOUT_MEND", ""))
    running.app.main()


if __name__ == "__main__":
    main()
