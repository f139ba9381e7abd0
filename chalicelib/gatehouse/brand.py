"""The settings of the page's appearance (docs/branding.md).

This module makes only the checks that need no files. The files are checked at the first request for the page. Before a
deployment, `ops` checks the files and the contrast of the colours.
"""

from . import setting_values as parse
from .setting import Setting, SettingTable


class Brand(SettingTable):
    """A stage's changes to the page's appearance. If all fields are empty, the page has the default appearance."""

    logo = Setting(
        "BRAND_LOGO",
        parse.logo,
        "the logo: an SVG or PNG file in `frontend/brand/`. [branding.md](branding.md) describes this "
        "setting and the next seven settings",
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
        "the colour of buttons and links in the light theme, `#rrggbb`. `ops` refuses a colour that is too "
        "pale to read",
        shown="the page's own",
    )
    accent_dark = Setting(
        "BRAND_ACCENT_DARK",
        parse.colour,
        "the colour of buttons and links in the dark theme, `#rrggbb`. `ops` refuses a colour that is too "
        "dark to read",
        shown="derived from `BRAND_ACCENT`",
    )
    terms_url = Setting(
        "TERMS_URL",
        parse.link,
        "the link to the terms of use at the bottom of the page: `https://…`, or a path on this host",
    )
    privacy_url = Setting(
        "PRIVACY_URL",
        parse.link,
        "the link to the privacy notice at the bottom of the page: `https://…`, or a path on this host",
    )
    support_url = Setting(
        "SUPPORT_URL",
        parse.link_or_mailto,
        "the target of the link “Help” at the bottom of the page: `https://…`, a path on this host, or "
        "`mailto:help@example.com`. Some texts of the page ask people to contact their administrator; these"
        " people need the link",
    )
    languages = Setting(
        "LANGUAGES",
        parse.languages,
        "the page's languages, comma-separated, the default language first. Each browser gets its preferred"
        " language",
        default="en",
    )


#: The page's default appearance.
PLAIN = Brand()
