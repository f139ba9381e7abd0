"""Reads the corpora in tests/data/*.txt, which have one case per line."""

import re
from pathlib import Path

_DATA = Path(__file__).parent / "data"
_ESCAPE = re.compile(r"\\(?:([nrt])|x([0-9a-f]{2})|u([0-9a-f]{4}))")


def _character(match: "re.Match[str]") -> str:
    letter, short, long = match.groups()
    return {"n": "\n", "r": "\r", "t": "\t"}[letter] if letter else chr(int(short or long, 16))


def attack_lines(name: str) -> list[str]:
    """Return a file's lines without comments. Each escape (\\n, \\r, \\t, \\xNN, \\uNNNN) becomes the character that it
    stands for."""
    text = (_DATA / name).read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and not line.startswith("# ")]
    return [_ESCAPE.sub(_character, line) for line in lines]
