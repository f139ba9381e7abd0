"""Where a browser may be sent after a sign-in: `return_to` is a path below the API root, or on an allowed origin (S-07).

Source: RFC 9700 4.11 (open redirectors). What browsers do with odd URLs is the WHATWG URL standard's: they drop tabs and
newlines, and read a backslash as a slash, so neither may occur at all.
"""

import re
from urllib.parse import unquote

#: A login cookie with this much in it stays below 4,096 bytes; `transactions` limits what several take together (S-31).
MAX_LENGTH = 2048
#: What browsers leave as it is in an address although RFC 3986 has no place for it, and what it is sent as. Source: the URL
#: standard's percent-encode sets of path, query and fragment.
_RAW = {ord(char): f"%{ord(char):02X}" for char in "|{}^`"}
#: In query and fragment a backslash is a character like others; in a path browsers read it as a slash.
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

    Else `otherwise`, an address that was checked already, or `base_path` itself.

    A path is path, query and fragment as the browser shows them; what it leaves raw there comes back percent-encoded. Else
    only printable ASCII that may stand in a URL is accepted; the check is repeated on the percent-decoded path, because a
    server in between might decode it once more. Longer than `MAX_LENGTH` after that is too long.
    """
    otherwise = otherwise or base_path
    value = _encode_raw(value or "")
    if not value or len(value) > MAX_LENGTH or not _SAFE.issuperset(value):
        return otherwise
    # The origin ends where a slash says so: `https://app.example.com@evil.example` has no allowed one.
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
