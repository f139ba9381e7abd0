"""This module changes single values in the text of a JSON file. All other text stays the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


class _Member(NamedTuple):
    """One member of an object: its name, and the positions of name and value in the text."""

    name: str
    begins: int
    value_begins: int
    value_ends: int


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with `value` at `path`, such as ("stages", "dev"). Missing objects on the path are created.

    Raises ValueError if the text is not JSON, or if a value on the path is not an object.
    """
    _parse(text)
    start, left = _skip(text, 0), list(path)
    while left:
        members = list(_members(text, start))
        name = left.pop(0)
        found = [member for member in members if member.name == name]
        if not found:
            for above in reversed(left):
                value = {above: value}
            return _insert(text, start, members, name, value, _depth(path, left))
        # If a name occurs twice, the last member counts.
        start = found[-1].value_begins
        if not left:
            if _DECODER.raw_decode(text, start)[0] == value:
                return text
            written = _written(value, _indent(text), _depth(path, left))
            return text[:start] + written + text[found[-1].value_ends :]
    return text


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without the value at `path`. If there is no value at `path`, the text stays the same."""
    _parse(text)
    start, left = _skip(text, 0), list(path)
    while left:
        if text[start] != "{":
            return text
        members = list(_members(text, start))
        name = left.pop(0)
        place = next((i for i, member in enumerate(members) if member.name == name), None)
        if place is None:
            return text
        start = members[place].value_begins
        if not left:
            return _remove(text, members, place)
    return text


def _remove(text: str, members: list[_Member], place: int) -> str:
    """Remove one member and the comma before the member. For the first member, remove the comma after the member
    instead."""
    ends = members[place].value_ends
    if place:
        return text[: members[place - 1].value_ends] + text[ends:]
    if len(members) > 1:
        return text[: members[0].begins] + text[members[1].begins :]
    opening = text.rindex("{", 0, members[0].begins)
    return text[: opening + 1] + text[_skip(text, ends) :]


def _parse(text: str) -> None:
    if not isinstance(json.loads(text), dict):
        raise ValueError("the file must contain one JSON object")


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _members(text: str, start: int) -> Iterator[_Member]:
    """Return the members of the object that begins at `start`."""
    if text[start] != "{":
        raise ValueError(f"an object is required in place of {text[start : start + 20]!r}")
    index = _skip(text, start + 1)
    while text[index] != "}":
        begins = index
        name, index = _DECODER.raw_decode(text, index)
        value_begins = _skip(text, _skip(text, index) + 1)  # skip the colon
        _, value_ends = _DECODER.raw_decode(text, value_begins)
        yield _Member(str(name), begins, value_begins, value_ends)
        index = _skip(text, value_ends)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _insert(
    text: str, start: int, members: list[_Member], name: str, value: Any, depth: int
) -> str:
    """Add a member at the end of an object. The member gets its own line, unless the object is written on one line."""
    _, end = _DECODER.raw_decode(text, start)
    unit = "" if members and "\n" not in text[start:end] else _indent(text)
    member = f"{json.dumps(name, ensure_ascii=False)}: {_written(value, unit, depth)}"
    if members:
        last = members[-1].value_ends
        separator = f",\n{unit * depth}" if unit else ", "
        return f"{text[:last]}{separator}{member}{text[last:]}"
    if unit:
        member = f"\n{unit * depth}{member}\n{unit * (depth - 1)}"
    return f"{text[: start + 1]}{member}{text[end - 1 :]}"


def _written(value: Any, unit: str, depth: int) -> str:
    if not unit:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{unit * depth}")


def _depth(path: Sequence[str], left: Sequence[str]) -> int:
    return len(path) - len(left)


def _indent(text: str) -> str:
    """Return the file's indentation. If the file has only one line, the indentation is empty."""
    found = re.match(r"\s*\{[ \t]*\r?\n([ \t]+)", text)
    return found[1] if found else ("" if len(text.strip()) > 2 else "  ")
