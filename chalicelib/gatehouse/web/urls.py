"""The app's public address, from what API Gateway itself says (never from Host or X-Forwarded-*; S-04)."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class AppUrl(NamedTuple):
    """`origin` such as `https://id.execute-api.eu-west-1.amazonaws.com`, `base_path` such as `/api/`."""

    origin: str
    base_path: str

    @property
    def root(self) -> str:
        """The page's URL, with a trailing slash."""
        return self.origin + self.base_path

    @property
    def callback(self) -> str:
        """The registered `redirect_uri`."""
        return f"{self.root}auth/callback"

    @property
    def signed_out(self) -> str:
        """Cognito's `logout_uri`: the page, told not to sign in again by itself."""
        return f"{self.root}?signed_out=1"


def build_app_url(context: Mapping[str, Any], public_url: str | None) -> AppUrl:
    """Return the address under which the caller reached this API.

    `context` is the event's requestContext: `domainName`, `path` (with the stage or the base path mapping) and
    `resourcePath`, whose segments are taken off the end of `path`. `public_url` replaces it where a stage sets one.
    """
    if public_url:
        parts = urlsplit(public_url)
        path = parts.path.rstrip("/") + "/"
        return AppUrl(f"{parts.scheme}://{parts.netloc}", path)
    segments = [segment for segment in context["path"].split("/") if segment]
    own = sum(1 for segment in context["resourcePath"].split("/") if segment)
    kept = segments[: len(segments) - own] if own else segments
    base_path = "/" + "".join(f"{segment}/" for segment in kept)
    return AppUrl(f"https://{context['domainName']}", base_path)
