"""This module reads an OIDC provider's discovery document, and checks the document before the provider is registered.

https://openid.net/specs/openid-connect-discovery-1_0.html, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from .errors import OpsError

TIMEOUT_SECONDS = 10
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
_SCOPES = ("openid", "profile", "email")

_OKTA = (
    "An Okta issuer looks like https://acme.okta.com (not the -admin address) or "
    "https://acme.okta.com/oauth2/default."
)

Fetch = Callable[[str], Mapping[str, Any]]


def verify_issuer(issuer: str, *, local: bool, fetch: Fetch | None = None) -> list[str]:
    """Check that `issuer` is an OIDC provider that works with Cognito.

    Returns warnings, one sentence each. Raises OpsError if the address is unreachable, if there is no provider at the
    address, or if the provider's document names another issuer. The message says what to do.
    """
    _verify_address(issuer, local=local)
    document = (fetch or fetch_discovery)(discovery_url(issuer))
    said = document.get("issuer")
    if said != issuer:
        raise OpsError(
            f"The provider at {issuer} calls itself {said!r}. Tokens contain {said!r}, and "
            f"Cognito compares the two names exactly.\nPass --issuer {said}"
            if isinstance(said, str) and not said.endswith("/")
            else f"The provider at {issuer} calls itself {said!r}, which Cognito does not "
            "accept: an issuer must not end with a slash. Choose another authorization "
            "server."
        )
    missing = [name for name in _ENDPOINTS if not isinstance(document.get(name), str)]
    if missing:
        raise OpsError(
            f"The discovery document of {issuer} lacks {', '.join(missing)}, which Cognito needs. "
            f"Check that {issuer} is the issuer of an OIDC application."
        )
    supported = document.get("scopes_supported")
    if isinstance(supported, list):
        absent = [scope for scope in _SCOPES if scope not in supported]
        if absent:
            return [
                (
                    f"the provider does not list the scopes {', '.join(absent)}: allow them at "
                    "the provider"
                )
            ]
    return []


def supports_scope(issuer: str, scope: str, fetch: Fetch | None = None) -> bool:
    """Tell whether an issuer's discovery document lists a scope."""
    supported = (fetch or fetch_discovery)(discovery_url(issuer)).get("scopes_supported")
    return isinstance(supported, list) and scope in supported


def discovery_url(issuer: str) -> str:
    """Build the address of an issuer's discovery document."""
    return f"{issuer}/.well-known/openid-configuration"


def fetch_discovery(url: str, hint: str = _OKTA) -> Mapping[str, Any]:
    """Fetch a discovery document. Redirects are not followed, because an issuer is an exact address.

    If the function raises OpsError, `hint` is the last sentence of the message.
    """
    try:
        response = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise OpsError(f"Cannot reach {url}: {type(error).__name__}. {hint}") from error
    if response.status_code != 200:
        raise OpsError(
            f"{url} responded with {response.status_code} instead of a discovery document. {hint}"
        )
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise OpsError(f"{url} responded with data that is not a discovery document. {hint}")
    return document


def _verify_address(issuer: str, *, local: bool) -> None:
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise OpsError(f"--issuer must be a URL such as https://acme.okta.com, not {issuer!r}.")
    if parts.username or parts.password:
        raise OpsError(
            "--issuer must not contain a user name or a password: pass the address without them."
        )
    if parts.scheme == "http" and not local:
        raise OpsError(
            f"The issuer {issuer} uses plain http. Outside the local stage, pass an issuer with "
            "https."
        )
