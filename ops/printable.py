"""This module makes text from strangers safe for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text without characters that control a terminal, or that reverse the reading direction.

    Strangers choose their own names. An escape sequence in a name could change the text on the terminal of an operator who
    lists people.
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
