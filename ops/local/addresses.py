"""The addresses of the local stack, and the check that a front end is on the same site as the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import OpsError


@dataclass(frozen=True)
class Addresses:
    """The three ports of the local stack, and whether the app uses HTTPS."""

    app: int
    aws: int
    okta: int
    https: bool = True

    @property
    def scheme(self) -> str:
        """The scheme of the app's URL."""
        return "https" if self.https else "http"

    @property
    def app_url(self) -> str:
        """The app's URL. The app's host is localhost, and the other programs' host is 127.0.0.1. So there are two
        different sites, as on AWS.
        """
        return f"{self.scheme}://localhost:{self.app}/"

    @property
    def aws_url(self) -> str:
        """The URL of the local AWS, which also has Cognito's pages."""
        return f"http://127.0.0.1:{self.aws}"

    @property
    def okta_url(self) -> str:
        """The URL of the Okta stand-in. This URL is also the stand-in's issuer."""
        return f"http://127.0.0.1:{self.okta}"


def require_one_site(addresses: Addresses, origins: Sequence[str]) -> None:
    """Raise OpsError if a front end is not on the same site as the app. Browsers do not send the session cookie with
    requests from another site.

    The session cookie is SameSite=Strict. A site consists of scheme and host, without the port:
    https://html.spec.whatwg.org/multipage/browsers.html#same-site
    """
    for origin in origins:
        try:
            found = urlsplit(origin)
        except ValueError:
            continue  # The check of the settings reports that this origin is invalid.
        if (found.scheme, found.hostname) == (addresses.scheme, "localhost"):
            continue
        port = origin.rpartition(":")[2]
        wanted = f"{addresses.scheme}://localhost:{port if port.isdigit() else 3000}"
        plain = found.scheme == "http" and found.hostname == "localhost"
        instead = ", or pass --http, which allows plain http" if plain else ""
        raise OpsError(
            f"A front end at {origin} and the app at {addresses.app_url} are different sites (a "
            "site is scheme and host, without the port), so a browser would not send the session "
            "cookie.\nServe the front end "
            f"at {wanted}{instead}: "
            "docs/clients.md#on-your-machine"
        )
