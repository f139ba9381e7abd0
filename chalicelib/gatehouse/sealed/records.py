"""Parses the content of a sealed value. The content is one frozen dataclass as JSON, and every field must have the
declared type.

A seal proves that one of our containers wrote the value. But the container may have run an older release, in which the
class had other fields.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from ..errors import SealBroken

_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    str | None: (str, type(None)),
    tuple[str, ...]: (tuple,),
}

Record = TypeVar("Record")


def parse_record(kind: Callable[..., Record], payload: bytes) -> Record:
    """Parse `payload`, and return an object of the class `kind`. Raises SealBroken if `payload` is not such an
    object."""
    try:
        fields = json.loads(payload)
        if isinstance(fields, dict):
            for name, value in fields.items():
                fields[name] = tuple(value) if isinstance(value, list) else value
        record = kind(**fields)
    except (ValueError, TypeError, RecursionError):
        raise SealBroken("the value is not a record of this release") from None
    for name, types in _types_of(kind).items():
        # Compare exact types, because `isinstance` would accept a bool as an int.
        if type(getattr(record, name)) not in types:
            raise SealBroken(f"{name} has another type")
    return record


@functools.cache
def _types_of(kind: Any) -> dict[str, tuple[type, ...]]:
    return {name: _TYPES[hint] for name, hint in get_type_hints(kind).items()}
