"""The check of passkeys: the pool makes them for the stage's domain, and browsers take them on the app's."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .check import Check, Fault
from .deployment import Deployment


def passkeys(deployment: Deployment) -> Iterator[Fault]:
    """Pool, settings and the app's address agree on the domain; a change of it would lose every passkey (S-90).

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnConfigurationType.html
    """
    stage = deployment.stage
    wanted = stage.passkey_domain
    if not wanted:
        return
    host = urlsplit(deployment.url.api_root).hostname or ""
    if host != wanted and not host.endswith(f".{wanted}"):
        yield Fault(
            f"passkeys are for {wanted}, and the app is at {host}: no browser makes or shows one there.",
            "give the app the domain (docs/operations.md, Custom domain), or set passkey_domain to its host "
            "before anybody has a passkey.",
        )
    found = deployment.client("cognito-idp").get_user_pool_mfa_config(
        UserPoolId=deployment.pool["Id"]
    )
    there = found.get("WebAuthnConfiguration", {})
    party = there.get("RelyingPartyId", "")
    if party and party != wanted:
        yield Fault(
            f"people's passkeys are for {party}, and passkey_domain says {wanted}: with the next deploy none of them "
            "signs in any more.",
            f"set passkey_domain back to {party}; or deploy, and tell people to set up new ones.",
        )
    elif not party:
        yield Fault(
            "the pool has no passkeys, though the stage has passkey_domain: the button on the page leads nowhere.",
            deployment.again,
        )
    elif there.get("UserVerification") != "required":
        yield Fault(
            "passkeys work without a fingerprint or a PIN: whoever holds the device is in.",
            deployment.again,
        )


CHECKS = (Check("passkeys", passkeys),)
