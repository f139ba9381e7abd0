"""This module makes text from strangers safe to print on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text without the characters that control a terminal or reverse the reading direction.

    Strangers choose their own names. When an operator lists people, an escape sequence in a name could change the text
    on the operator's terminal.
    """
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
