"""Derives the page's colours from a team's accent colour, with the contrast that WCAG 2.2 requires.

WCAG 2.2 defines "contrast ratio" and "relative luminance" (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). Text needs
a contrast of 4.5:1 (SC 1.4.3). Links and buttons have the accent colour, so the module checks the accent colour against
every background of a link.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

TEXT_CONTRAST = 4.5

#: The page's greys from frontend/styles.css. `SURFACES` has the greys of the surfaces. `MARKS` has the greys of text
#: and lines on the surfaces.
SURFACES: Mapping[str, Mapping[str, str]] = {
    "light": {"ground": "#f5f8f6", "raised": "#ffffff", "line": "#cdd9d5"},
    "dark": {"ground": "#0c1617", "raised": "#132122", "line": "#263a3a"},
}
MARKS: Mapping[str, Mapping[str, str]] = {
    "light": {"ink": "#0f2224", "quiet": "#4a6062", "edge": "#6f8785"},
    "dark": {"ink": "#e8f1ee", "quiet": "#9db3b0", "edge": "#66807d"},
}

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
    """Return the page's colours for `accent`. The keys are the names in styles.css. The colours are shades of `accent`,
    and greys with the hue of `accent`."""
    light = theme == "light"
    shades = _shades(accent, theme)
    surfaces = {name: _toned(grey, accent, light) for name, grey in SURFACES[theme].items()}
    marks = {name: _toned(grey, accent, not light) for name, grey in MARKS[theme].items()}
    tint = mix(surfaces["ground"], accent, _TINT)
    return {**surfaces, **marks, **shades, "tint": _as_light(tint, shades["tint"], light)}


def weakest(accent: str, theme: str) -> tuple[float, str]:
    """Return two values: the lowest contrast of `accent` with another colour of the page, and the other colour.
    `accent` may be the text or the background."""
    shades = _shades(accent, theme)
    # The check uses the surfaces in `SURFACES`, with the page's own hue. Surfaces with the hue of `accent` have at
    # least the same contrast with `accent`.
    surfaces = (SURFACES[theme]["ground"], SURFACES[theme]["raised"])
    others = (*surfaces, shades["tint"], shades["on-accent"])
    return min((contrast(accent, other), other) for other in others)


def mended(accent: str, theme: str) -> str:
    """Return the colour nearest to `accent` that has the same hue and is readable in `theme`."""
    goal = "#000000" if theme == "light" else "#ffffff"
    candidates = (mix(accent, goal, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in candidates if weakest(one, theme)[0] >= TEXT_CONTRAST)


def mix(one: str, other: str, share: float) -> str:
    """Return `one` mixed with a share (0 to 1) of `other`."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return _written(a + (b - a) * share for a, b in pairs)


def rehue(text: str, accent: str) -> str:
    """Return the SVG `text`, with the hue of all greens and blues changed to the hue of `accent`. The lightness of each
    colour stays the same."""
    from colorsys import hls_to_rgb, rgb_to_hls

    hue, _, strength = rgb_to_hls(*_channels(accent))

    def changed(found: "re.Match[str]") -> str:
        old, lightness, saturation = rgb_to_hls(*_channels(found[0]))
        # Yellow and red do not change, because the lamps in the page's picture must keep their colours.
        if not 0.17 < old < 0.75:
            return found[0]
        return _written(hls_to_rgb(hue, lightness, min(saturation, strength)))

    return _HEX.sub(changed, text)


def _shades(accent: str, theme: str) -> dict[str, str]:
    light = theme == "light"
    return {
        "accent": accent,
        "accent-deep": mix(accent, "#000000" if light else "#ffffff", _DEEPER),
        "on-accent": "#ffffff" if light else "#000000",
        "tint": mix(SURFACES[theme]["ground"], accent, _TINT),
    }


def _toned(grey: str, accent: str, lighter: bool) -> str:
    """Return `grey` with the hue of `accent`."""
    from colorsys import hls_to_rgb, rgb_to_hls

    hue, _, strength = rgb_to_hls(*_channels(accent))
    _, lightness, saturation = rgb_to_hls(*_channels(grey))
    toned = _written(hls_to_rgb(hue, lightness, min(saturation, strength)))
    return _as_light(toned, grey, lighter)


def _as_light(colour: str, other: str, lighter: bool) -> str:
    """Return `colour` with the luminance of `other`. If that luminance is impossible, the result has the next higher
    luminance if `lighter` is true, otherwise the next lower luminance.

    The callers round surfaces and marks in opposite directions, so that every contrast is at least as high as in the
    page's own colours.
    """
    from colorsys import hls_to_rgb, rgb_to_hls

    hue, _, saturation = rgb_to_hls(*_channels(colour))

    def shade(step: int) -> str:
        return _written(hls_to_rgb(hue, step / 255, saturation))

    step = bisect_left(range(256), _luminance(other), key=lambda one: _luminance(shade(one)))
    return shade(step if lighter else max(0, step - 1))


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
