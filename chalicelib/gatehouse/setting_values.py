"""Parsers for settings. A parser turns the text of a setting into the value, or raises a ValueError. The error's
message describes a valid text.

A regular expression is compiled only when a stage uses the setting, so the expression does not slow down the cold
starts of other stages.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

_OWN_PORTS = {"http": "80", "https": "443"}


def text(said: str) -> str:
    """Accept any text."""
    return said


def text_or_none(said: str) -> str | None:
    """Accept any text. Return None if the text is empty."""
    return said or None


def one_of(*choices: str) -> Callable[[str], str]:
    """Accept one of several words."""

    def parse(said: str) -> str:
        if said not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return said

    return parse


def number(low: int, high: int, unit: str = "") -> Callable[[str], int]:
    """Accept a whole number in ASCII digits between two limits, inclusive."""

    def parse(said: str) -> int:
        if said.isascii() and said.isdigit() and low <= int(said) <= high:
            return int(said)
        raise ValueError(f"must be a number {unit}from {low} to {high}")

    return parse


def seconds(low: int, high: int) -> Callable[[str], int]:
    """Accept a number of seconds."""
    return number(low, high, "of seconds ")


def parse_list(said: str) -> list[str]:
    """Return the entries of a comma-separated setting in their order, without spaces."""
    return [entry for entry in (part.strip() for part in said.split(",")) if entry]


def texts(said: str) -> tuple[str, ...]:
    """Accept a comma-separated list with any entries."""
    return tuple(parse_list(said))


def url(said: str) -> str | None:
    """Accept an address without query, fragment and user. Return None if the text is empty.

    `Settings` checks the scheme, because only the local stage may use http (S-64).
    """
    if not said:
        return None
    try:
        parts = urlsplit(said)
    except ValueError:
        raise ValueError(
            "must be a URL such as https://example.com, without query, fragment or user name"
        ) from None
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(
            "must be a URL such as https://example.com, without query, fragment or user name"
        )
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with https://")
    return said


def base_url(said: str) -> str:
    """Accept an address to which other code adds paths. Return an empty string if the text is empty."""
    return (url(said) or "").rstrip("/")


def domains(said: str) -> frozenset[str]:
    """Accept domains of e-mail addresses. The module `email_domains` normalizes the domains (S-72)."""
    if not said:
        return frozenset()
    from .email_domains import parse_full_domain

    parsed = {entry: parse_full_domain(entry) for entry in parse_list(said)}
    wrong = ", ".join(entry for entry, domain in parsed.items() if domain is None)
    if wrong:
        raise ValueError(f"must be domains such as example.com, separated by commas, not {wrong}")
    return frozenset(domain for domain in parsed.values() if domain is not None)


def origins(said: str) -> frozenset[str]:
    """Accept origins in exactly the form that browsers send: the scheme, the host in lower case, and the port if it is
    not the scheme's default port (S-30)."""
    found = parse_list(said)
    if not all(map(_is_origin, found)):
        raise ValueError(
            "must be exact origins such as https://app.example.com, separated by commas: "
            "https, lower case, no path, no trailing slash, no *"
        )
    return frozenset(found)


def headers(said: str) -> tuple[str, ...]:
    """Accept names of headers (RFC 9110 5.1). Names with characters that are rarely used are refused."""
    found = tuple(parse_list(said.lower()))
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9_-]*", header) for header in found):
        raise ValueError(
            "must be names of headers such as traceparent, separated by commas, without *"
        )
    return found


def colour(said: str) -> str:
    """Accept a colour such as #0b6b62, in lower case. Every other text is refused, because the colour is put into a
    stylesheet."""
    if said and not re.fullmatch("#[0-9a-fA-F]{6}", said):
        raise ValueError("must be a colour such as #0b6b62")
    return said.lower()


def logo(said: str) -> str:
    """Accept the name of a picture in the brand's folder. Paths are refused."""
    if said and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*\.(?:svg|png)", said):
        raise ValueError(
            "must be the name of an SVG or PNG file in the brand's folder, such as acme.svg"
        )
    return said


def picture(said: str) -> str:
    """Accept the name of a picture, as `logo` does, or `off`."""
    return said if said == "off" else logo(said)


def link(said: str) -> str:
    """Accept the target of a link. Refuse URLs that run code, such as `javascript:` (S-54)."""
    if said and not _is_link(said):
        raise ValueError("must start with https:// or be a path on this host such as /terms")
    return said


def link_or_mailto(said: str) -> str:
    """Accept a link, or one plain e-mail address. An address with a subject or a second recipient is refused, because
    both would need encoding rules."""
    if said and not _is_link(said) and not _is_mailto(said):
        raise ValueError(
            "must start with https:// or mailto: or be a path on this host such as /help"
        )
    return said


def languages(said: str) -> tuple[str, ...]:
    """Accept language tags, with the default language first. Every other text is refused, because the tags become names
    of files."""
    found = tuple(parse_list(said))
    if not found or not all(re.fullmatch("[a-z]{2,3}(?:-[A-Z]{2})?", tag) for tag in found):
        raise ValueError(
            "must be tags such as en or de-CH, separated by commas, the default one first"
        )
    return found


def _is_origin(said: str) -> bool:
    found = re.fullmatch("(https?)://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::([1-9][0-9]{0,4}))?", said)
    return found is not None and found[2] != _OWN_PORTS[found[1]]


def _is_link(said: str) -> bool:
    """Whether the text is a path on this host or an https URL. Control characters and `\\` are refused, because browsers
    drop control characters and read `\\` as `/`."""
    if not said.isascii() or not said.isprintable() or any(sign in said for sign in ' \\"<>'):
        return False
    try:
        parts = urlsplit(said)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and parts.username is None
    return said.startswith("/") and not parts.netloc and not parts.scheme


def _is_mailto(said: str) -> bool:
    return re.fullmatch(r"mailto:[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+", said) is not None
