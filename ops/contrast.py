"""Whether the colours of a brand can be read: told before they are deployed, so that no function has to look (WCAG 2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.colours import TEXT_CONTRAST, mended, weakest


def problems_of_colours(brand: Brand) -> Iterator[str]:
    """Say for each accent that is too weak what its contrast is, and which colour would do."""
    for setting, accent, theme in (
        (Brand.accent, brand.accent, "light"),
        (Brand.accent_dark, brand.accent_dark, "dark"),
    ):
        if not accent:
            continue
        ratio, other = weakest(accent, theme)
        if ratio < TEXT_CONTRAST:
            yield (
                f"{setting.variable} is {accent}: its contrast with {other} in the {theme} theme is {ratio:.2f}:1 "
                f"and text needs {TEXT_CONTRAST}:1 (WCAG 2.2), which {mended(accent, theme)} would have"
            )
