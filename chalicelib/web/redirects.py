"""Where a browser may be sent after a sign-in: `return_to` is a path below the API root (S-07).

Source: RFC 9700 4.11 (open redirectors). What browsers do with odd URLs is the WHATWG URL standard's: they drop tabs and
newlines, and read a backslash as a slash, so neither may occur at all.
"""

from urllib.parse import unquote

#: Four login cookies of this length and a session stay below API Gateway's 10,240 bytes of headers (S-31).
_MAX_LENGTH = 512
_SAFE = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?#!$&'()*+,;=:@%[]"
)


def parse_return_to(value: str | None, base_path: str = "/") -> str:
    """Return `value` if it is a path below `base_path`, else `base_path` itself.

    `value` is the path, query and fragment as the browser shows them. Only printable ASCII that may stand in a URL is
    accepted; the check is repeated on the percent-decoded path, because a server in between might decode it once more.
    """
    if not value or len(value) > _MAX_LENGTH or not _SAFE.issuperset(value):
        return base_path
    path = value.split("?", 1)[0].split("#", 1)[0]
    for _ in range(3):
        if not _is_plain_path(path, base_path):
            return base_path
        decoded = unquote(path)
        if decoded == path:
            return value
        path = decoded
    return base_path


def _is_plain_path(path: str, base_path: str) -> bool:
    if not path.startswith("/"):
        return False
    if not path.startswith(base_path) and path + "/" != base_path:
        return False
    if "//" in path or "\\" in path or any(ord(char) < 0x20 or ord(char) == 0x7F for char in path):
        return False
    return not any(segment in (".", "..") for segment in path.split("/"))
