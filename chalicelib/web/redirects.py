"""Where a browser may be sent after a sign-in: `return_to` is a path below the API root, or on an allowed origin (S-07).

Source: RFC 9700 4.11 (open redirectors). What browsers do with odd URLs is the WHATWG URL standard's: they drop tabs and
newlines, and read a backslash as a slash, so neither may occur at all.
"""

from urllib.parse import unquote

#: Four login cookies of this length and a session stay below API Gateway's 10,240 bytes of headers (S-31).
_MAX_LENGTH = 512
_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?#!$&'()*+,;=:@%[]"
)


def parse_return_to(
    value: str | None, base_path: str = "/", allowed_origins: frozenset[str] = frozenset()
) -> str:
    """Return `value` if it is a path below `base_path` or a URL of an allowed origin, else `base_path` itself.

    A path is path, query and fragment as the browser shows them. Only printable ASCII that may stand in a URL is
    accepted; the check is repeated on the percent-decoded path, because a server in between might decode it once more.
    """
    if not value or len(value) > _MAX_LENGTH or not _SAFE.issuperset(value):
        return base_path
    # The origin ends where a slash says so: `https://app.example.com@evil.example` has no allowed one.
    scheme, separator, rest = value.partition("://")
    host, slash, below = rest.partition("/")
    if separator and f"{scheme}://{host}" in allowed_origins:
        return value if _stays_below(slash + below or "/", "/") else base_path
    return value if _stays_below(value, base_path) else base_path


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
