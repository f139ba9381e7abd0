"""Starts MiniStack with the patches.

MiniStack's own interpreter runs it by path: it imports only MiniStack, the standard library and the patches. The
patches are also loaded by path, so that nothing else from their folder can be imported here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import import_module, metadata
from pathlib import Path

_MENDS = "gatehouse_mends"


def main() -> None:
    """Patch MiniStack and serve until stopped."""
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
            f"The patches are written for MiniStack {emulator.VERSION}; {installed} is installed."
        )
    running = emulator.Emulator.load()
    # `python -m tests.mends` leaves one out, to test whether MiniStack still needs it.
    mends.apply_all(running, without=os.environ.get("WITHOUT_MEND", ""))
    running.app.main()


if __name__ == "__main__":
    main()
