"""This module builds the block that `init` writes into config.json for a new stage. In the block, each option has its
default value.
"""

from __future__ import annotations

from typing import Any

from .stage_options import OPTIONS
from .stage_variables import TABLE


def starting_block(name: str) -> dict[str, Any]:
    """Return a new stage's block. The team fills in the empty values; `provision` adds the outputs of the stack."""
    chosen = {setting.variable: setting.default for setting in TABLE if setting.starts}
    return {
        "environment_variables": {"STAGE": name, **chosen},
        "gatehouse": {
            option.name: option.starts for option in OPTIONS if option.starts is not None
        },
    }
