"""The page and its assets, read once per container from the packaged `frontend/` folder.

One fingerprint covers the whole set, so that modules can import each other by relative names and still be cached for ever.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

#: `frontend/` lies beside chalicelib both in a checkout and in the Lambda zip (there by way of `vendor/`).
FRONTEND = Path(__file__).resolve().parents[2] / "frontend"

_PAGE = "index.html"
_COMMENT_LINES = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n")
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}

ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A text file for the browser."""

    content_type: str
    text: str


class StaticFiles:
    """The frontend's files. Only names that were found in the folder can be asked for."""

    def __init__(self, folder: Path = FRONTEND) -> None:
        files = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
        texts = {path.name: strip_comments(path.read_text(encoding="utf-8")) for path in files}
        self._page = (folder / _PAGE).read_text(encoding="utf-8")
        self._assets = {
            name: Asset(_TYPES[Path(name).suffix], text) for name, text in texts.items()
        }
        digest = hashlib.sha256()
        for name, text in texts.items():
            digest.update(f"{name}\0{len(text)}\0{text}".encode())
        self.version = digest.hexdigest()[:12]

    def asset(self, version: str, name: str) -> Asset | None:
        """Return the asset, or None for another version or an unknown name."""
        return self._assets.get(name) if version == self.version else None

    def page(self, *, base_path: str, title: str) -> str:
        """Return the page's HTML for an app at `base_path` (ends with a slash)."""
        values = {
            "{{assets}}": f"{base_path}assets/{self.version}/",
            "{{base}}": base_path,
            "{{title}}": title,
        }
        html = self._page
        for placeholder, value in values.items():
            html = html.replace(placeholder, escape(value, quote=True))
        return html


def strip_comments(text: str) -> str:
    """Return a stylesheet or module without comments and blank lines; there is no build step that would do it.

    Only whole lines of comment are taken, so that nothing inside a string can be mistaken for one.
    """
    return _BLANK_LINES.sub("\n", _COMMENT_LINES.sub("", text))


@lru_cache(maxsize=1)
def load_static_files() -> StaticFiles:
    """Return the container's files."""
    return StaticFiles()
