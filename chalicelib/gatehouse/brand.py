"""The settings of the page's appearance (docs/branding.md).

This module makes only the checks that need no files. The first request for the page checks the files. Before a
deployment, `ops` checks the files and the contrast of colours.
"""

from . import setting_values as parse
from .setting import Setting, SettingTable


class Brand(SettingTable):
    """A stage's changes to the page. If all fields are empty, the page has its own appearance."""

    logo = Setting(
        "BRAND_LOGO",
        parse.logo,
        "an SVG or PNG file in `frontend/brand/`; [branding.md](branding.md) describes this and the next seven settings",
    )
    picture = Setting(
        "BRAND_PICTURE",
        parse.picture,
        "the picture beside the page: an SVG or PNG file in `frontend/brand/`, or `off`",
        shown="the page's own",
    )
    accent = Setting(
        "BRAND_ACCENT",
        parse.colour,
        "colour of buttons and links in the light theme, `#rrggbb`; `ops` refuses a colour that is too pale to read",
        shown="the page's own",
    )
    accent_dark = Setting(
        "BRAND_ACCENT_DARK",
        parse.colour,
        "colour of buttons and links in the dark theme, `#rrggbb`; `ops` refuses a colour that is too dark to read",
        shown="derived from `BRAND_ACCENT`",
    )
    terms_url = Setting(
        "TERMS_URL",
        parse.link,
        "link to the terms of use at the bottom of the page: `https://…`, or a path on this host",
    )
    privacy_url = Setting(
        "PRIVACY_URL",
        parse.link,
        "link to the privacy notice at the bottom of the page: `https://…`, or a path on this host",
    )
    support_url = Setting(
        "SUPPORT_URL",
        parse.link_or_mailto,
        "target of the link “Help” at the bottom of the page: `https://…`, a path on this host, or "
        "`mailto:help@example.com`. It is meant for people whom the page tells to ask their administrator",
    )
    languages = Setting(
        "LANGUAGES",
        parse.languages,
        "the page's languages, comma-separated, the default one first; the browser chooses among them",
        default="en",
    )


#: The page's own appearance.
PLAIN = Brand()
