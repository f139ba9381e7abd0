"""Loads the logos for the buttons of identity providers. The files are in `providers/` of the brand's folder, and each
file is named after a provider.

A button's link contains the provider's name, so the stylesheet can select the button by the link. Therefore scripts and
HTML need no change for logos, and a page without logos does not become larger. Each logo has a white background, which
is visible in both themes and on the accent colour.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigurationError
from .logo import load_logo

#: The names that `ops provider add` allows for providers. The characters of these names need no escaping in a
#: stylesheet.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,31}")
_SUFFIXES = (".svg", ".png")
_HEIGHT_REM = 1.5
_WIDEST = 4.0


def load_provider_logos(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield three texts for each file in `folder`: the asset's name, the SVG, and the logo's rule for the stylesheet.

    Raises ConfigurationError for a file that is not a logo, or is not named after a provider. Files whose name begins
    with a dot are ignored.
    """
    for file in sorted(folder.iterdir() if folder.is_dir() else ()):
        if file.name.startswith("."):
            continue
        if file.suffix not in _SUFFIXES or not _NAME.fullmatch(file.stem):
            raise ConfigurationError(
                f"{folder.parent.name}/{folder.name}/{file.name} must be named after an identity provider, "
                "such as Okta.svg or Okta.png"
            )
        logo = load_logo(file, "provider logo")
        name = f"provider-{file.stem}.svg"
        yield name, logo.svg, _rule(file.stem, name, min(logo.ratio, _WIDEST))


def _rule(provider: str, name: str, ratio: float) -> str:
    link = f"provider={provider}"
    button = f'.button:is([href*="{link}&"],[href$="{link}"]) svg:first-child'
    return (
        f"{button}{{width:{_HEIGHT_REM * ratio:.4g}rem;height:{_HEIGHT_REM}rem;padding:2px;border-radius:4px;"
        f"background:#fff url({name}) center/contain no-repeat content-box}}{button} path{{display:none}}"
    )
