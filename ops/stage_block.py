"""This module builds the options of a new stage in config.json, as `init` writes them: each option with its default."""

from __future__ import annotations

from typing import Any

from .stage_options import OPTIONS
from .stage_variables import TABLE


def starting_block(name: str) -> dict[str, Any]:
    """Build the block of a new stage. A team fills in the empty values; `provision` adds the outputs of the stack."""
    chosen = {setting.variable: setting.default for setting in TABLE if setting.starts}
    return {
        "environment_variables": {"STAGE": name, **chosen},
        "gatehouse": {
            option.name: option.starts for option in OPTIONS if option.starts is not None
        },
    }
