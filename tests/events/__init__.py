"""The events of Cognito's triggers, by file name; README.md says where their shapes come from."""

import json
from pathlib import Path
from typing import Any


def load_event(name: str) -> dict[str, Any]:
    """Return the event in `<name>.json`."""
    event: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text())
    return event
