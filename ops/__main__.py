"""The entry point of the command line for `python -m ops`."""

import sys

try:
    from .cli import main
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in ("ops", "chalicelib", "chalice_gatehouse"):
        raise
    sys.exit(
        f"error: {missing.name} is not installed for {sys.executable}.\n"
        "In Gatehouse's repository, run `make up` once, then use `.venv/bin/python -m ops`. "
        "In another project, install the wheel with its command line: pip install "
        "'chalice-gatehouse[cli]'."
    )

sys.exit(main())
