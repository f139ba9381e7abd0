"""Makes stylesheets and scripts smaller: removes the parts that browsers do not need. The regular expressions work only
for files in the style of our own files."""

import re

_COMMENT_LINES = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)$", re.MULTILINE)
#: A JSDoc type within a line of code. Strings in our code never look like a JSDoc type.
_TYPES_IN_LINES = re.compile(r"/\*\* @\w+ [^*\n]*\*/ ?")
_MARGINS = re.compile(r"\s*\n\s*")
_CSS_SPACES = re.compile(r"\s*([{};>])\s*|(?<=[:,])\s+")
_CSS_ZEROS = re.compile(r"(?<![\w.#])0(?=\.\d)")
#: Removable spaces in code. Strings in our code never contain these characters in this order.
_CODE_SPACES = re.compile(r" (=>) |(?<=\)) (?=\{)")
#: A removable line break in a script, after a line without a comment.
_JOINTS = re.compile(r"^((?:(?!//).)*[;{,])\n", re.MULTILINE)


def compact(name: str, text: str) -> str:
    """Return the stylesheet or module `text` without comments, indentation and blank lines.

    The function removes comments on separate lines and JSDoc types within lines. It removes no other comments, because
    text in a string may look like a comment. Removing indentation is safe, because our strings never span several
    lines.
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
    """Return a compacted script with fewer lines. Call this function after the bundler, because the bundler needs the
    original lines."""
    return _JOINTS.sub(r"\1", script)
