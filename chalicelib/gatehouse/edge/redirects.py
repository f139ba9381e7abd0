"""Checks the target after a sign-in: `return_to` is a path below the API root, or on an allowed origin (S-07).

Source: RFC 9700 4.11 (open redirectors). The WHATWG URL standard defines how browsers handle odd URLs: they drop tabs
and newlines, and read a backslash as a slash, so none of these may occur.
"""

import re
from urllib.parse import unquote

#: With a `return_to` of this length, a login cookie stays below 4,096 bytes. `sealed/transactions.py` limits the total
#: of several login cookies (S-31).
MAX_LENGTH = 2048
#: Characters that browsers leave unencoded in an address although RFC 3986 does not allow them, and their encoded form.
#: Source: the URL standard's percent-encode sets of path, query and fragment.
_RAW = {ord(char): f"%{ord(char):02X}" for char in "|{}^`"}
#: In a query or a fragment, a backslash is an ordinary character; in a path, browsers read it as a slash.
_RAW_BEHIND_THE_PATH = {**_RAW, ord("\\"): "%5C"}
_BEHIND_THE_PATH = re.compile(r"[?#].*", re.DOTALL)
_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?#!$&'()*+,;=:@%[]"
)


def parse_return_to(
    value: str | None,
    base_path: str = "/",
    allowed_origins: frozenset[str] = frozenset(),
    otherwise: str | None = None,
) -> str:
    """Return `value` if it is a path below `base_path` or a URL of an allowed origin.

    Otherwise return `otherwise`, an address that was already checked, or `base_path` itself.

    A path here includes query and fragment, as the browser shows them. Characters that the browser leaves unencoded are
    percent-encoded in the result. All other characters must be printable ASCII characters that a URL may contain. The
    check is repeated on the percent-decoded path, because a server in between might decode it again. The result must
    not be longer than `MAX_LENGTH`.
    """
    otherwise = otherwise or base_path
    value = _encode_raw(value or "")
    if not value or len(value) > MAX_LENGTH or not _SAFE.issuperset(value):
        return otherwise
    # The origin must end with a slash, so that `https://app.example.com@evil.example` does not count as an allowed
    # origin.
    scheme, separator, rest = value.partition("://")
    host, slash, below = rest.partition("/")
    if separator and f"{scheme}://{host}" in allowed_origins:
        return value if _stays_below(slash + below or "/", "/") else otherwise
    return value if _stays_below(value, base_path) else otherwise


def _encode_raw(value: str) -> str:
    behind = _BEHIND_THE_PATH.search(value)
    start = behind.start() if behind else len(value)
    return value[:start].translate(_RAW) + value[start:].translate(_RAW_BEHIND_THE_PATH)


def _stays_below(value: str, base_path: str) -> bool:
    path = value.split("?", 1)[0].split("#", 1)[0]
    for _ in range(3):
        if not _is_plain_path(path, base_path):
            return False
        decoded = unquote(path)
        if decoded == path:
            return True
        path = decoded
    return False


def _is_plain_path(path: str, base_path: str) -> bool:
    if not path.startswith("/"):
        return False
    if not path.startswith(base_path) and path + "/" != base_path:
        return False
    if "//" in path or "\\" in path or any(ord(char) < 0x20 or ord(char) == 0x7F for char in path):
        return False
    return not any(segment in (".", "..") for segment in path.split("/"))
