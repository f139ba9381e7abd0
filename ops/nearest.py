"""The name that somebody meant who wrote another one."""

from __future__ import annotations

from collections.abc import Iterable

# From this length on two slips are forgiven: in short names they make a word of its own.
_LONG = 12


def nearest(written: str, names: Iterable[str]) -> str | None:
    """Return the name that `written` all but is, or None.

    A letter too many or too few and two that changed places are one slip each. A wrong letter is two: API_NAME is as good a
    name as APP_NAME. Case and hyphens are none.
    """
    word = written.upper().replace("-", "_")
    slips = {name: _slips(word, name.upper()) for name in names}
    best = min(slips, key=slips.__getitem__, default=None)
    if best is None or slips[best] > (2 if len(best) >= _LONG else 1):
        return None
    return best


def _slips(one: str, other: str) -> int:
    """Count how many slips lead from one word to the other (Damerau's distance, without substitution)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            best = before[j - 1] if letter == against else 1 + min(before[j], row[j - 1])
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, 1 + earlier[j - 2])
            row.append(best)
    return row[-1]
