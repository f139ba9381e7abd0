"""This script starts MiniStack with Gatehouse's patches (the folder `mends`).

MiniStack's own interpreter runs this script by its path. The script imports only MiniStack, the standard library and
the patches. The script loads the patches by their paths, too. So no other module in the patches' folder can be
imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import import_module, metadata
from pathlib import Path

_MENDS = "gatehouse_mends"


def main() -> None:
    """Patch MiniStack, and run MiniStack until a signal stops it."""
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
    # `python -m tests.mends` omits one patch, to test whether MiniStack still needs that patch.
    mends.apply_all(running, without=os.environ.get("WITHOUT_MEND", ""))
    running.app.main()


if __name__ == "__main__":
    main()
