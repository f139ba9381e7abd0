"""Loads a team's logo or picture as an SVG without scripts and without links to other files.

If a picture is in an <img> element, browsers do not run the picture's scripts, and load no other files for the picture.
But people can also open the picture's own address, so this module refuses pictures with active content. This module
embeds a PNG in an SVG, because API Gateway passes on nothing but text.
"""

import re
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET  # nosec B405

from ..errors import ConfigurationError

#: The maximum size in bytes. For comparison: the whole first view is half as large.
MAX_BYTES = 32_768

_PNG = b"\x89PNG\r\n\x1a\n"
_NUMBER = re.compile(r"\s*(\d*\.?\d+)(?:px)?\s*")
_FORBIDDEN = re.compile(r"<!DOCTYPE|<!ENTITY|javascript:|@import|image-set|\\", re.IGNORECASE)
_REMOTE = re.compile(r"url\(\s*['\"]?(?!#|data:image/)", re.IGNORECASE)
_ACTIVE = ("script", "foreignObject", "iframe", "object", "embed", "handler", "set", "animate")


class Logo(NamedTuple):
    """A logo: the SVG's text, and the aspect ratio (width divided by height)."""

    svg: str
    ratio: float


def load_logo(file: Path, setting: str = "BRAND_LOGO") -> Logo:
    """Read `file`. `setting` is the name of the file's setting, for the error message. Raises a ConfigurationError that
    describes what is wrong with the file."""

    def refuse(what: str) -> ConfigurationError:
        return ConfigurationError(f"{setting} {file.name} {what}")

    try:
        data = file.read_bytes()
    except OSError:
        raise refuse(f"is not in {file.parent.parent.name}/{file.parent.name}/") from None
    if len(data) > MAX_BYTES:
        raise refuse(f"has {len(data)} bytes, but at most {MAX_BYTES} are allowed")
    if file.suffix == ".png":
        if not data.startswith(_PNG):
            raise refuse("is not a PNG")
        return _from_png(data)
    try:
        svg = data.decode("utf-8")
        fault = _FORBIDDEN.search(svg) or _REMOTE.search(svg)
        if fault:
            raise refuse(f"has {fault[0]}, which a picture does not need")
        # The standard parser is safe here: the file comes from the team's own repository, and `_FORBIDDEN` refuses
        # entities.
        root = ET.fromstring(svg)  # noqa: S314 # nosec B314
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise refuse(f"is not an SVG: {error}") from None
    if not root.tag.endswith("}svg"):
        raise refuse('is not an SVG: it needs xmlns="http://www.w3.org/2000/svg"')
    active = _active(root)
    if active:
        raise refuse(f"has {active}, which a picture does not need")
    ratio = _ratio(root)
    if ratio is None:
        raise refuse("needs a viewBox, so that the page can reserve its space")
    return Logo(svg, ratio)


def _active(root: ET.Element) -> str | None:
    for node in root.iter():
        name = str(node.tag).rpartition("}")[2]
        if name.startswith(_ACTIVE):
            return f"<{name}>"
        for attribute, value in node.items():
            plain = attribute.rpartition("}")[2].lower()
            if plain.startswith("on"):
                return plain
            if plain in ("href", "src") and not value.startswith(("#", "data:image/")):
                return f"a link to {value}"
    return None


def _ratio(root: ET.Element) -> float | None:
    sides = (root.get("viewBox") or "").replace(",", " ").split()[2:]
    if len(sides) != 2:
        sides = [root.get("width") or "", root.get("height") or ""]
    numbers = [_NUMBER.fullmatch(side) for side in sides]
    if not all(numbers):
        return None
    width, height = (float(number[1]) for number in numbers if number)
    return width / height if width > 0 and height > 0 else None


def _from_png(data: bytes) -> Logo:
    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    return Logo(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><image width="{width}" '
        f'height="{height}" href="data:image/png;base64,{b64encode(data).decode()}"/></svg>',
        max(width, 1) / max(height, 1),
    )
