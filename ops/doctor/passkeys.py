"""Checks that the pool, the stage's options and the app's address agree on the domain for passkeys."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .check import Check, Fault
from .deployment import Deployment


def passkeys(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool and the settings have the same domain for passkeys, and that the domain fits the app's
    address. A change of the domain would make all passkeys useless (S-90).

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnConfigurationType.html
    """
    stage = deployment.stage
    wanted = stage.passkey_domain
    if not wanted:
        return
    host = urlsplit(deployment.url.api_root).hostname or ""
    if host != wanted and not host.endswith(f".{wanted}"):
        yield Fault(
            f"passkeys are for {wanted}, but the app is at {host}: browsers refuse passkeys at "
            "this address.",
            f"give the app the domain {wanted} (docs/operations.md, Custom domain), or set "
            "passkey_domain to the app's "
            "host before people set up passkeys.",
        )
    found = deployment.client("cognito-idp").get_user_pool_mfa_config(
        UserPoolId=deployment.pool["Id"]
    )
    there = found.get("WebAuthnConfiguration", {})
    party = there.get("RelyingPartyId", "")
    if party and party != wanted:
        yield Fault(
            f"people's passkeys are for {party}, but passkey_domain is {wanted}: after the next "
            "deployment, these passkeys stop working.",
            f"set passkey_domain back to {party}, or deploy and tell people to set up new "
            "passkeys.",
        )
    elif not party:
        yield Fault(
            "the stage has passkey_domain, but the pool does not allow passkeys: the page's button fails.",
            deployment.again,
        )
    elif there.get("UserVerification") != "required":
        yield Fault(
            "passkeys work without a fingerprint or PIN: everybody with the device can sign in.",
            deployment.again,
        )


CHECKS = (Check("passkeys", passkeys),)
