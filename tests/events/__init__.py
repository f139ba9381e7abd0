"""The events of Cognito's triggers, by file name. README.md gives the sources of the events' format."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent

#: The name of every file, without its extension.
EVENTS = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
#: Three groups of events: the events of `user_records` that write a record, the events of `user_records` that decide
#: attributes, and the events of `token_claims`.
RECORD_EVENTS = tuple(
    name for name in EVENTS if not name.startswith(("InboundFederation_", "TokenGeneration_"))
)
INBOUND_EVENTS = tuple(name for name in EVENTS if name.startswith("InboundFederation_"))
TOKEN_EVENTS = tuple(name for name in EVENTS if name.startswith("TokenGeneration_"))


def load_event(name: str) -> dict[str, Any]:
    """Return the event in `<name>.json`."""
    event: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return event
