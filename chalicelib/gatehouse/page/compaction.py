"""Removes from stylesheets and scripts what browsers do not need. This module works only for files that are written in the
style of ours."""

import re

_COMMENT_LINES = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)$", re.MULTILINE)
#: A JSDoc type within a line of code. No string in our code looks like one.
_TYPES_IN_LINES = re.compile(r"/\*\* @\w+ [^*\n]*\*/ ?")
_MARGINS = re.compile(r"\s*\n\s*")
_CSS_SPACES = re.compile(r"\s*([{};>])\s*|(?<=[:,])\s+")
_CSS_ZEROS = re.compile(r"(?<![\w.#])0(?=\.\d)")
#: Spaces in code. No string in our code contains these characters in this order.
_CODE_SPACES = re.compile(r" (=>) |(?<=\)) (?=\{)")
#: A line break that has no meaning in a script, after a line without a comment.
_JOINTS = re.compile(r"^((?:(?!//).)*[;{,])\n", re.MULTILINE)


def compact(name: str, text: str) -> str:
    """Return a stylesheet or module without comments, indentation and blank lines.

    Only whole lines of comment are removed, and JSDoc types within lines, so strings are not affected. None of our strings
    spans several lines, so indentation has no meaning.
    """
    lines = strip_margins(_TYPES_IN_LINES.sub("", _COMMENT_LINES.sub("", text))).strip()
    if not name.endswith(".css"):
        return _CODE_SPACES.sub(r"\1", lines)
    rules = _CSS_SPACES.sub(r"\1", lines.replace("\n", ""))
    return _CSS_ZEROS.sub("", rules).replace(";}", "}")


def strip_margins(text: str) -> str:
    """Return the text without indentation and blank lines."""
    return _MARGINS.sub("\n", text)


def join_lines(script: str) -> str:
    """Return a compacted script with fewer lines. The bundler needs the original lines, so call this after the bundler."""
    return _JOINTS.sub(r"\1", script)
