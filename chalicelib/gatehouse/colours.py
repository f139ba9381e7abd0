"""Derives the page's colours from a team's accent colour, with WCAG 2.2's contrast.

"Contrast ratio" and "relative luminance" are defined by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio):
text needs 4.5:1 (SC 1.4.3). The accent colour is the colour of links and buttons, so it is checked against every
background that links have.
"""

import re
from collections.abc import Iterable

TEXT_CONTRAST = 4.5

#: The backgrounds of the page and of its boxes, from frontend/styles.css.
GROUNDS = {"light": ("#f5f8f6", "#ffffff"), "dark": ("#0c1617", "#132122")}

_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_TINT = 0.12
_DEEPER = 0.22
_STEPS = 50

Channels = tuple[float, float, float]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def build_palette(accent: str, theme: str) -> dict[str, str]:
    """Return the page's colours derived from `accent`, by their names in styles.css."""
    light = theme == "light"
    return {
        "accent": accent,
        "accent-deep": mix(accent, "#000000" if light else "#ffffff", _DEEPER),
        "on-accent": "#ffffff" if light else "#000000",
        "tint": mix(GROUNDS[theme][0], accent, _TINT),
    }


def weakest(accent: str, theme: str) -> tuple[float, str]:
    """Return the lowest contrast of text in the colour `accent` or on `accent`, and the other colour of that pair."""
    palette = build_palette(accent, theme)
    others = (*GROUNDS[theme], palette["tint"], palette["on-accent"])
    return min((contrast(accent, other), other) for other in others)


def mended(accent: str, theme: str) -> str:
    """Return the nearest colour to `accent` with the same hue that is readable in `theme`."""
    goal = "#000000" if theme == "light" else "#ffffff"
    candidates = (mix(accent, goal, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in candidates if weakest(one, theme)[0] >= TEXT_CONTRAST)


def mix(one: str, other: str, share: float) -> str:
    """Return `one` mixed with a share (0 to 1) of `other`."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return _written(a + (b - a) * share for a, b in pairs)


def rehue(text: str, accent: str) -> str:
    """Return an SVG whose greens and blues have the hue of `accent`; their lightness does not change."""
    from colorsys import hls_to_rgb, rgb_to_hls

    hue, _, strength = rgb_to_hls(*_channels(accent))

    def changed(found: "re.Match[str]") -> str:
        old, lightness, saturation = rgb_to_hls(*_channels(found[0]))
        if not 0.17 < old < 0.75:  # yellow and red do not change, so lamps keep their colour
            return found[0]
        return _written(hls_to_rgb(hue, lightness, min(saturation, strength)))

    return _HEX.sub(changed, text)


def _channels(colour: str) -> Channels:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _written(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
