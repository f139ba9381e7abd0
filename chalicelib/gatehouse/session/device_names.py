"""Names a browser in a list of sessions, such as `Firefox, Windows`, from its User-Agent header.

The header can contain anything, so no part of it is kept: only names in the lists below are used (S-86). The names are
brands, so they are the same in every language.

Source: RFC 9110 10.1.5; MDN, "Browser detection using the user agent" (nearly all browsers claim to be Safari, so the order
of the lists matters).
"""

#: Part of the header -> the browser. The first match counts, because the headers of browsers further up also contain
#: the names further down.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def name_device(user_agent: str) -> str:
    """Return browser and system, or only one of them if the other is unknown, or an empty string."""
    named = (_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS))
    return ", ".join(name for name in named if name)


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in text), "")
