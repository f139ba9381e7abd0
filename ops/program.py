"""The name of the command-line program. The name is `gatehouse` if the program was installed from the wheel, and
`python -m ops` in Gatehouse's own repository.
"""

from __future__ import annotations

PROGRAM = "python -m ops" if __package__ == "ops" else "gatehouse"
