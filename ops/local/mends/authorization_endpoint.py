"""A patch of GET /oauth2/authorize, the endpoint that chooses the sign-in method.

`identity_provider=COGNITO` selects the pool's own login page, and `idp_identifier` selects a provider by an identifier.
The provider must be enabled for the app client. PKCE must use S256. Cognito passes `login_hint` and `prompt` to the
provider. AWS does not say whether Cognito passes `max_age`. So this patch does not pass `max_age`.
https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from .emulator import Emulator, Response, first, replace

SEEN_WITH = "1.5.33"

OWN_PROVIDER = "COGNITO"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(
        emulator.cognito, "handle_oauth2_authorize", lambda handle: _authorize(emulator, handle)
    )


def _authorize(emulator: Emulator, handle: Callable[..., Response]) -> Callable[..., Response]:
    cognito = emulator.cognito

    def authorize(method: str, path: str, headers: Any, query: dict[str, Any]) -> Response:
        _, pool, client = cognito._find_pool_by_client_id(first(query, "client_id"))
        if not pool or first(query, "redirect_uri") not in (client.get("CallbackURLs") or []):
            # Without a valid redirect target, Cognito shows its own error page.
            refused: Response = cognito._oauth2_error("invalid_request", "redirect_mismatch")
            return refused
        identifier = first(query, "idp_identifier")
        if identifier and not first(query, "identity_provider"):
            query = {**query, "identity_provider": [_by_identifier(pool, identifier)]}
        provider = first(query, "identity_provider")
        if provider and provider not in (client.get("SupportedIdentityProviders") or []):
            unavailable: Response = cognito._oauth2_error(
                "invalid_request", "Login option is not available. Please try another one"
            )
            return unavailable
        if not provider or provider == OWN_PROVIDER:
            rest = {name: value for name, value in query.items() if name != "identity_provider"}
            return handle(method, path, headers, rest)
        return _to_provider(emulator, client, query, handle(method, path, headers, query))

    return authorize


def _to_provider(
    emulator: Emulator, client: Mapping[str, Any], query: Mapping[str, Any], response: Response
) -> Response:
    cognito = emulator.cognito
    challenge = first(query, "code_challenge")
    challenge_method = first(query, "code_challenge_method")
    refused: Response | None = cognito._pkce_error_redirect(
        first(query, "redirect_uri"), challenge, challenge_method, first(query, "state")
    )
    if refused:
        return refused
    if first(query, "response_type") != "code" or "code" not in client["AllowedOAuthFlows"]:
        flow: Response = cognito._oauth2_error(
            "unauthorized_client", ("Only the code flow is enabled.")
        )
        return flow
    status, headers, body = response
    location = headers.get("Location", "")
    relay = cognito._auth_codes.get(first(parse_qs(urlsplit(location).query), "state"))
    if relay:
        relay.update(
            code_challenge=challenge,
            code_challenge_method=challenge_method,
            # An omitted scope means all scopes of the client.
            scope=first(query, "scope"),
        )
        for name in ("login_hint", "prompt"):
            if first(query, name):
                location += f"&{name}=" + quote(first(query, name), safe="")
    return status, {**headers, "Location": location} if location else headers, body


def _by_identifier(pool: Mapping[str, Any], identifier: str) -> str:
    for name, provider in (pool.get("_identity_providers") or {}).items():
        if identifier in (provider.get("IdpIdentifiers") or []):
            return str(name)
    return f"(no provider has the identifier {identifier})"
