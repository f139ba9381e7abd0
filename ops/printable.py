"""Other people's text on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Answer a text without characters that a terminal would obey, or that reverse what is read.

    Names are chosen by strangers: an escape sequence in one could rewrite the screen of whoever lists people.
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
