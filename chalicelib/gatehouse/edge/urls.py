"""Builds the app's public address from API Gateway's own data, never from the headers Host or X-Forwarded-* (S-04)."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class AppUrl(NamedTuple):
    """The app's public address. `origin` is for example `https://id.execute-api.eu-west-1.amazonaws.com`, `api_path` is
    for example `/api/`.

    `base_path` is the root of our own routes: `api_path` itself, or a path below `api_path`, such as `/api/account/`.
    """

    origin: str
    api_path: str
    base_path: str

    @property
    def api_root(self) -> str:
        """The API's URL, with a trailing slash."""
        return self.origin + self.api_path

    @property
    def page_path(self) -> str:
        """The page's path. With a prefix, the path has no trailing slash, because API Gateway's resources have no
        trailing slash."""
        return self.base_path if self.base_path == self.api_path else self.base_path[:-1]

    @property
    def callback(self) -> str:
        """The registered `redirect_uri`."""
        return f"{self.origin}{self.base_path}auth/callback"

    @property
    def signed_out(self) -> str:
        """Cognito's `logout_uri`: the page, with a flag that prevents an automatic sign-in."""
        return f"{self.origin}{self.page_path}?signed_out=1"


def build_app_url(context: Mapping[str, Any], public_url: str | None, prefix: str = "") -> AppUrl:
    """Return the address under which the caller reached this API.

    `context` is the event's requestContext. The member `path` begins with the stage or the base path mapping, and ends
    with the segments of `resourcePath`. The function removes the segments of `resourcePath`. If the stage sets
    `public_url`, the result begins with `public_url` instead. `prefix` is the path of our routes below the API's root,
    such as `/account`.
    """
    below = f"{prefix[1:]}/" if prefix else ""
    if public_url:
        parts = urlsplit(public_url)
        path = parts.path.rstrip("/") + "/"
        return AppUrl(f"{parts.scheme}://{parts.netloc}", path, path + below)
    segments = [segment for segment in context["path"].split("/") if segment]
    own = sum(1 for segment in context["resourcePath"].split("/") if segment)
    kept = segments[: len(segments) - own] if own else segments
    path = "/" + "".join(f"{segment}/" for segment in kept)
    return AppUrl(f"https://{context['domainName']}", path, path + below)
