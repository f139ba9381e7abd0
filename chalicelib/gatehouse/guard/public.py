"""How an app names a route of its own that needs no access token."""

from typing import NamedTuple


class Public(NamedTuple):
    """A route without access token. A public POST may come from our own page only, as JSON, unless `csrf` is False.

    Set it to False for a webhook: a caller that is no browser proves itself by other means, which your view checks.
    """

    method: str
    path: str
    csrf: bool = True
