"""This module writes a file for the admin console of the Okta stand-in. The file contains the app's addresses and the
event hook's secret.
"""

from __future__ import annotations

import json
from pathlib import Path

import boto3

from ..leaving import Choices, set_up_event_hook, set_up_universal_logout
from ..report import Reporter
from ..stages import Stage

_FILE = "console.json"


def console_file(state_dir: Path) -> Path:
    """Return the path of the console's file. The Okta stand-in reads the file each time a person presses a button."""
    return state_dir / "okta" / _FILE


def tell_console(
    session: boto3.Session,
    stage: Stage,
    name: str,
    state_dir: Path,
    ca_file: Path | None,
    report: Reporter,
) -> None:
    """Prepare the app, so that a provider can report people who leave. This step is the same as `ops provider leaving`.
    Then write the console's file. Raises OpsError.
    """
    told = {
        "event_hook": set_up_event_hook(session, stage, name, Choices(), report),
        "universal_logout": set_up_universal_logout(session, stage, name, Choices(), report),
        "ca_file": str(ca_file) if ca_file else None,
    }
    file = console_file(state_dir)
    file.parent.mkdir(parents=True, exist_ok=True)
    # The file contains a secret, so other users of this machine must not read the file.
    file.touch(mode=0o600)
    file.write_text(json.dumps(told), encoding="utf-8")
