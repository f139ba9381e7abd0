"""Names a browser in a list of sessions, such as `Firefox, Windows`. The name comes from the browser's User-Agent header.

The header can contain any text, so Gatehouse does not keep the header's text. All names in the result come from the
lists below (S-86). The names in the lists are brands, so they are the same in every language.

Nearly all browsers claim to be Safari, so the order of the lists matters. Sources: RFC 9110 10.1.5; MDN, "Browser
detection using the user agent".
"""

#: A text in the User-Agent header, and the name of the browser that sends this text. The first match counts. The order
#: matters, because a browser's header may also contain texts that are further down in the list.
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
    """Return the names of the browser and the operating system. An unknown browser or system is left out. If both are
    unknown, the result is empty."""
    named = (_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS))
    return ", ".join(name for name in named if name)


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in text), "")
