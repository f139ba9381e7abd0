"""The calls that Cognito makes to an OIDC identity provider during a federated sign-in.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-oidc-flow.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .emulator import Emulator

SEEN_WITH = "1.5.33"

_SECONDS = 10


class SignInRefusedError(Exception):
    """The error for a refused federated sign-in. The browser goes back to the app's callback with the parameter
    `error`.
    """

    def __init__(self, description: str, error: str = "invalid_request") -> None:
        super().__init__(description)
        self.error = error


class Told(NamedTuple):
    """A provider's data about a person: the token response, the ID token's claims, and the claims from userinfo."""

    tokens: dict[str, Any]
    id_token: dict[str, Any]
    userinfo: dict[str, Any]

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the ID token, plus the userinfo claims that the ID token lacks."""
        return {**self.userinfo, **self.id_token}


def fetch_claims(
    emulator: Emulator, pool: Mapping[str, Any], provider: Mapping[str, Any], code: str
) -> Told:
    """Exchange a code for tokens. Read the person's claims from the tokens and from userinfo.

    This function checks the issuer and the audience of the ID token. It does not check the signature, because the token
    comes directly from the provider over the back channel.
    """
    details = provider["ProviderDetails"]
    issuer = str(details.get("oidc_issuer", "")).rstrip("/")
    discovered = _read(f"{issuer}/.well-known/openid-configuration") if issuer else {}
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": emulator.cognito._oidc_callback_url(pool),
        "client_id": details.get("client_id", ""),
        "client_secret": details.get("client_secret", ""),
    }
    token_url = details.get("token_url") or discovered.get("token_endpoint", "")
    tokens = _read(token_url, data=urlencode(form).encode())
    if not tokens.get("id_token"):
        raise SignInRefusedError("The identity provider sent no ID token.")
    claims: dict[str, Any] = emulator.cognito._decode_id_token_unverified(tokens["id_token"])
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer or details.get("client_id") not in audiences:
        raise SignInRefusedError("Bad id_token issuer or audience.")
    userinfo: dict[str, Any] = {}
    userinfo_url = details.get("attributes_url") or discovered.get("userinfo_endpoint", "")
    if userinfo_url and tokens.get("access_token"):
        answer = _read(userinfo_url, bearer=tokens["access_token"])
        if answer.get("sub") == claims.get("sub"):
            userinfo = answer
    return Told(tokens, claims, userinfo)


def _read(url: str, data: bytes | None = None, bearer: str = "") -> dict[str, Any]:
    headers = {"Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    if not url.startswith(("http://", "https://")):
        raise SignInRefusedError(f"The identity provider has no usable address: {url!r}.")
    # The check above allows only addresses with http or https.
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 # nosec B310
            document = json.loads(answer.read())
    except (OSError, ValueError) as failure:
        raise SignInRefusedError(f"The identity provider failed: {failure}") from failure
    if not isinstance(document, dict):
        raise SignInRefusedError("The identity provider did not answer with JSON.")
    return document
