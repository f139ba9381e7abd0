"""Parses a Cookie header, and builds Set-Cookie values.

Sources: RFC 6265bis (`__Host-` prefix: Secure, Path=/, no Domain), OWASP ASVS 5.0 3.3. Chalice does not check list-valued
headers for newlines, so this module checks the values.
"""

import re
from collections.abc import Iterable
from typing import Literal

from ..errors import CookieTooLarge

#: The maximum size of a cookie's name, value and attributes together. Browsers drop longer cookies (RFC 6265bis 5.6).
MAX_COOKIE_BYTES = 4096

SameSite = Literal["Strict", "Lax"]

_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_VALUE = re.compile(r"[A-Za-z0-9._~-]*\Z")


def parse_cookies(headers: Iterable[str]) -> dict[str, str]:
    """Return the values of all cookies by name. If a name occurs twice, the result does not contain the name, because
    at most one of the two cookies is ours, and nothing shows which one."""
    found: dict[str, str] = {}
    doubled: set[str] = set()
    for header in headers:
        for pair in header.split(";"):
            # Remove only space and tab. A plain `strip()` would also remove characters that browsers treat as part of a
            # name (U+00A0, …). With such a name, a site on the same domain could set a cookie that bypasses the browser's
            # `__Host-` check.
            name, separator, value = pair.strip(" \t").partition("=")
            if not separator:
                continue
            if name in found:
                doubled.add(name)
            found[name] = value
    return {name: value for name, value in found.items() if name not in doubled}


def build_cookie(name: str, value: str, *, same_site: SameSite, max_age: int | None = None) -> str:
    """Return a Set-Cookie value. `max_age` is in seconds. If `max_age` is None, the cookie ends with the browser session.

    Raises CookieTooLarge above 4096 bytes, and ValueError for a character that could start another attribute or header.
    """
    if not _NAME.match(name) or not _VALUE.match(value):
        raise ValueError("cookie name or value has characters outside the safe set")
    cookie = f"{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}"
    if max_age is not None:
        cookie += f"; Max-Age={max_age}"
    if len(cookie) > MAX_COOKIE_BYTES:
        raise CookieTooLarge(f"the cookie {name} would be too long: {len(cookie)} bytes")
    return cookie


def clear_cookie(name: str, *, same_site: SameSite) -> str:
    """Return the Set-Cookie value that deletes `name`."""
    return build_cookie(name, "", same_site=same_site, max_age=0)
