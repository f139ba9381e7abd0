"""Checks `return_to`, the address to which the browser goes after a sign-in. `return_to` must be a path below the API
root, or a URL of an allowed origin (S-07).

Source: RFC 9700 4.11 (open redirectors). By the WHATWG URL standard, browsers drop tabs and newlines from a URL, and read
a backslash as a slash. Tabs, newlines and backslashes are refused.
"""

import re
from urllib.parse import unquote

#: The maximum length of `return_to`. With a `return_to` of this length, a login cookie stays below 4,096 bytes.
#: `sealed/transactions.py` limits the total size of several login cookies (S-31).
MAX_LENGTH = 2048
#: Browsers leave some characters unencoded in an address, although RFC 3986 forbids these characters. `_RAW` maps each
#: of them to its encoded form. Source: the URL standard's percent-encode sets of path, query and fragment.
_RAW = {ord(char): f"%{ord(char):02X}" for char in "|{}^`"}
#: In a query or a fragment, a backslash is an ordinary character. In a path, browsers read a backslash as a slash.
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
    """Return `value`, if `value` is a path below `base_path` or a URL of an allowed origin.

    For any other value, return `otherwise`, an address that was already checked. If `otherwise` is None, return
    `base_path`.

    A path may include a query and a fragment. Characters that the browser leaves unencoded are percent-encoded in the
    result. All other characters must be printable ASCII characters that a URL may contain. The check is repeated on the
    percent-decoded path, because a proxy might decode the path again. The result must not be longer than `MAX_LENGTH`.
    """
    otherwise = otherwise or base_path
    value = _encode_raw(value or "")
    if not value or len(value) > MAX_LENGTH or not _SAFE.issuperset(value):
        return otherwise
    # A slash must follow the origin. Otherwise, `https://app.example.com@evil.example` would count as a URL of an
    # allowed origin.
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
