"""What a browser is called in a list of sessions: `Firefox, Windows`, from its User-Agent header.

The header is anybody's text. Nothing of it is kept: what it names is looked up in the lists below, and what they do not have
is left out (S-86). The names are brands, the same in every language.
Source: RFC 9110 10.1.5; MDN, "Browser detection using the user agent" (the order: nearly everybody claims to be Safari).
"""

#: What the header says -> the browser; the first that fits, since later ones are in the headers of earlier ones.
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
    """Return browser and system, one of them, or nothing."""
    named = (_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS))
    return ", ".join(name for name in named if name)


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in text), "")
