"""What a stage makes of the page's looks, and what is wrong with it (docs/branding.md).

Only what settings alone can tell: files are looked at when the page is first served, and by `ops deploy` before that.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit


class Brand(NamedTuple):
    """Empty means the page's own. `languages` are tags; the first is for browsers that want none of them."""

    logo: str = ""
    accent: str = ""
    accent_dark: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    support_url: str = ""
    languages: tuple[str, ...] = ("en",)


#: The page's own looks.
PLAIN = Brand()

_LOGO = re.compile(r"[a-z0-9][a-z0-9_-]*\.(?:svg|png)")
#: `mailto:` with one address and nothing else: a subject or a second recipient would need encoding rules of its own.
_MAILTO = re.compile(r"mailto:[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")


def brand_problems(brand: Brand) -> Iterator[str]:
    """Say everything that is wrong, each by the name of its setting."""
    if brand == PLAIN:
        return
    from .colours import contrast_problem

    if brand.logo and not _LOGO.fullmatch(brand.logo):
        yield "BRAND_LOGO must be the name of an SVG or PNG file in frontend/brand/, such as acme.svg"
    for name, colour, theme in (
        ("BRAND_ACCENT", brand.accent, "light"),
        ("BRAND_ACCENT_DARK", brand.accent_dark, "dark"),
    ):
        problem = contrast_problem(colour, theme) if colour else None
        if problem:
            yield f"{name} {problem}"
    for name, url in (("TERMS_URL", brand.terms_url), ("PRIVACY_URL", brand.privacy_url)):
        if url and not _is_link(url):
            yield f"{name} must start with https:// or be a path of this host such as /terms"
    if brand.support_url and not _is_link(brand.support_url) and not _is_mailto(brand.support_url):
        yield "SUPPORT_URL must start with https:// or mailto: or be a path of this host such as /help"
    if not brand.languages or not all(_LANGUAGE.fullmatch(tag) for tag in brand.languages):
        yield "LANGUAGES must be tags such as en or de-CH, separated by commas, the default one first"


def _is_link(url: str) -> bool:
    """An address of ours or of another host over https; browsers drop control characters and read `\\` as `/`."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and parts.username is None
    return url.startswith("/") and not parts.netloc and not parts.scheme


def _is_mailto(url: str) -> bool:
    return _MAILTO.fullmatch(url) is not None
