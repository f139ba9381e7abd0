"""The name of the command line: `gatehouse` from the wheel, `python -m ops` in Gatehouse's own repository."""

from __future__ import annotations

PROGRAM = "python -m ops" if __package__ == "ops" else "gatehouse"
