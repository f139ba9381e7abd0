"""This module finds the correct name for a misspelt name."""

from __future__ import annotations

from collections.abc import Iterable

# A name of at least `_LONG` characters may have two typos. With two typos, a shorter name could be another valid name.
_LONG = 12


def nearest(written: str, names: Iterable[str]) -> str | None:
    """Return the name in `names` that a person most likely meant with `written`. If no name is near enough, return
    None.

    A missing letter, an extra letter, and two swapped letters count as one typo each. A wrong letter counts as two
    typos, because API_NAME and APP_NAME, for example, are different names. Case and hyphens do not count.
    """
    word = written.upper().replace("-", "_")
    slips = {name: _slips(word, name.upper()) for name in names}
    best = min(slips, key=slips.__getitem__, default=None)
    if best is None or slips[best] > (2 if len(best) >= _LONG else 1):
        return None
    return best


def _slips(one: str, other: str) -> int:
    """Return the number of typos that turn one word into the other (Damerau's distance, without substitution)."""
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
