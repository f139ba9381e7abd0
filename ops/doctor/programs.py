"""The check of the public app client that programs use to sign people in (docs/adr/0009-programs-on-loopback.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.gatehouse.cognito.scopes import SCOPES

from .check import Check, Fault
from .deployment import Deployment

_MINUTES = {"seconds": 1 / 60, "minutes": 1, "hours": 60, "days": 1440}


def program_client(deployment: Deployment) -> Iterator[Fault]:
    """Check that the public client matches the stage's `loopback_ports` exactly (S-64). Without `loopback_ports`, the
    client must not exist.
    """
    stage = deployment.stage
    client_id = stage.environment.get("PROGRAM_CLIENT_ID", "")
    if not stage.loopback_urls:
        if client_id:
            yield Fault(
                (
                    f"routes accept tokens of the app client {client_id}, although the stage has no loopback_ports."
                ),
                deployment.again,
            )
        return
    described = client_id and deployment.absent_as_none(
        deployment.client("cognito-idp").describe_user_pool_client,
        UserPoolId=deployment.pool["Id"],
        ClientId=client_id,
    )
    if not described:
        yield Fault("the app client for programs is missing.", deployment.again)
        return
    client = described["UserPoolClient"]
    for says in _differences(client, stage.loopback_urls, deployment.app_client):
        yield Fault(f"the app client for programs {says}.", deployment.again)


def _differences(
    client: Mapping[str, Any], urls: list[str], app_client: Mapping[str, Any]
) -> Iterator[str]:
    if client.get("ClientSecret"):
        yield "has a secret, which a program cannot protect"
    if sorted(client.get("CallbackURLs", [])) != sorted(urls):
        yield "has other callback URLs than the stage's loopback_ports"
    if client.get("AllowedOAuthFlows") != ["code"]:
        yield "has other OAuth flows than `code`"
    if set(client.get("AllowedOAuthScopes", [])) != set(SCOPES):
        yield f"may request other scopes than {', '.join(SCOPES)}"
    if set(client.get("ExplicitAuthFlows", [])) != {"ALLOW_ADMIN_USER_PASSWORD_AUTH"}:
        yield "lets strangers try passwords without Gatehouse's throttle"
    ways_in = "SupportedIdentityProviders"
    if set(client.get(ways_in, [])) != set(app_client.get(ways_in, [])):
        yield "allows other identity providers than the page's app client"
    if client.get("RefreshTokenRotation", {}).get("Feature") != "ENABLED":
        yield "does not rotate refresh tokens, so the theft of a token is not noticed"
    if not client.get("EnableTokenRevocation"):
        yield "cannot revoke tokens: its sessions survive a sign-out"
    units = client.get("TokenValidityUnits", {})
    access = client.get("AccessTokenValidity", 1) * _MINUTES[units.get("AccessToken", "hours")]
    refresh = client.get("RefreshTokenValidity", 30) * _MINUTES[units.get("RefreshToken", "days")]
    if access > 15 or refresh > 24 * 60:
        yield "has tokens that last longer than 15 minutes (access) or a day (refresh)"


CHECKS = (Check("program-client", program_client),)
