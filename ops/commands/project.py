"""The project itself: `init`, `lock`."""

from __future__ import annotations

COMMANDS = ()
