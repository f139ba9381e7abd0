"""Before a deployment, this module checks that a brand's colours are readable (WCAG 2.2). The Lambda functions do not
repeat this check.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.gatehouse.brand import Brand
from chalicelib.gatehouse.colours import TEXT_CONTRAST, mended, weakest


def problems_of_colours(brand: Brand) -> Iterator[str]:
    """For each accent colour with too little contrast, return a message that gives the contrast and a better colour."""
    for setting, accent, theme in (
        (Brand.accent, brand.accent, "light"),
        (Brand.accent_dark, brand.accent_dark, "dark"),
    ):
        if not accent:
            continue
        ratio, other = weakest(accent, theme)
        if ratio < TEXT_CONTRAST:
            yield (
                f"{setting.variable} is {accent}: its contrast with {other} in the {theme} "
                f"theme is {ratio:.2f}:1, but text needs {TEXT_CONTRAST}:1 (WCAG 2.2); use "
                f"{mended(accent, theme)} instead"
            )
