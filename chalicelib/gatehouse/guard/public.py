"""Declares an app's own route that needs no access token."""

from typing import NamedTuple


class Public(NamedTuple):
    """A route without an access token. A public POST must come from our own page, as JSON, unless `csrf` is False.

    Set `csrf` to False for a webhook, because the caller of a webhook is not a browser. The caller proves its identity
    in another way, and your view must check the proof.
    """

    method: str
    path: str
    csrf: bool = True
