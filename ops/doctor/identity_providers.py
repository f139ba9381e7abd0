"""Checks of the identity providers (Okta): address, scopes, mapping, domains."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING

from ..discovery import verify_issuer
from ..errors import OpsError
from ..program import PROGRAM
from ..providers import SCOPES
from .check import Check, Fault
from .deployment import Deployment


def _again(name: str) -> str:
    return f"run `{PROGRAM} provider add {name} …` again, or `provider remove {name}`."


def provider_registered(deployment: Deployment) -> Iterator[Fault]:
    """Check that every provider is in the user pool and in the providers table."""
    pool, rows = set(deployment.providers), set(deployment.provider_rows)
    for name in sorted(rows - pool):
        yield Fault(f"{name} is offered on the page, but is not in the pool.", _again(name))
    for name in sorted(pool - rows):
        yield Fault(f"{name} is in the pool, but the page does not offer it.", _again(name))


def provider_discovery(deployment: Deployment) -> Iterator[Fault]:
    """Check that the provider's discovery document is reachable, and that the document names exactly the registered
    issuer.
    """
    for name, provider in deployment.providers.items():
        issuer = provider["ProviderDetails"].get("oidc_issuer", "")
        try:
            verify_issuer(issuer, local=deployment.stage.is_local)
        except OpsError as error:
            yield Fault(f"{name}: {error}", _again(name))


def provider_scopes(deployment: Deployment) -> Iterator[Fault]:
    """Check that Cognito requests openid, profile and email from the provider."""
    for name, provider in deployment.providers.items():
        asked = provider["ProviderDetails"].get("authorize_scopes", "").split()
        lacking = [scope for scope in SCOPES.split() if scope not in asked]
        if lacking:
            yield Fault(
                (
                    f"Cognito does not request {', '.join(lacking)} from {name}: names or "
                    "addresses stay empty."
                ),
                _again(name),
            )


def provider_mapping(deployment: Deployment) -> Iterator[Fault]:
    """Check that the claims are mapped to the attributes of the users table."""
    for name, provider in deployment.providers.items():
        mapping = provider.get("AttributeMapping", {})
        wrong = [
            f"{attribute} <- {mapping.get(attribute) or 'nothing'} (should be {claim})"
            for attribute, claim in ATTRIBUTE_MAPPING.items()
            if mapping.get(attribute) != claim
        ]
        if wrong:
            yield Fault(f"{name} maps claims wrongly: {'; '.join(wrong)}.", _again(name))


def provider_domains(deployment: Deployment) -> Iterator[Fault]:
    """Check that the table and the pool have the same domains for the provider."""
    for name, provider in deployment.providers.items():
        rows = deployment.provider_rows.get(name)
        if rows is not None and sorted(rows) != sorted(provider.get("IdpIdentifiers", [])):
            yield Fault(
                f"{name} has the domains {', '.join(rows) or 'none'} on the page, but "
                f"{', '.join(provider.get('IdpIdentifiers', [])) or 'none'} in the pool.",
                _again(name),
            )


def provider_issuer(deployment: Deployment) -> Iterator[Fault]:
    """Check that the provider's row in the table has the same issuer as the pool. An Okta app tile sends the issuer as
    `iss`. Gatehouse then finds the provider by the issuer in the row.
    """
    for name, provider in deployment.providers.items():
        row = deployment.provider_items.get(name)
        details = provider["ProviderDetails"]
        issuer = details.get("oidc_issuer", "")
        if row is not None and row.get("issuer", {}).get("S", "") != issuer:
            domains = [f"--domain {quote(domain)}" for domain in deployment.provider_rows[name]]
            options = [
                f"--stage {deployment.stage.name}",
                f"--issuer {quote(issuer)}",
                f"--client-id {quote(details.get('client_id', ''))}",
                f"--label {quote(row.get('label', {}).get('S', name))}",
                *domains,
            ]
            yield Fault(
                f"the row of {name} has no issuer: an Okta app tile that sends only `iss` opens "
                "the page with all sign-in methods.",
                f"run `{PROGRAM} provider add {name} {' '.join(options)}` (the command asks for "
                "the client secret).",
            )


def provider_secret(deployment: Deployment) -> Iterator[Fault]:
    """Check that the pool has a client id and a secret for the provider."""
    for name, provider in deployment.providers.items():
        details = provider["ProviderDetails"]
        lacking = [key for key in ("client_id", "client_secret") if not details.get(key)]
        if lacking:
            yield Fault(f"{name} is registered without {', '.join(lacking)}.", _again(name))


def auto_sign_in(deployment: Deployment) -> Iterator[Fault]:
    """Check that the provider in AUTO_SIGN_IN exists."""
    name = deployment.stage.environment.get("AUTO_SIGN_IN", "")
    if name and name != "COGNITO" and name not in deployment.provider_rows:
        yield Fault(
            f"AUTO_SIGN_IN names {name}, which is not registered: the page shows an error.",
            f"run `{PROGRAM} provider add {name} …`, or clear AUTO_SIGN_IN and deploy.",
        )


CHECKS = (
    Check("provider-registered", provider_registered),
    Check("provider-discovery", provider_discovery),
    Check("provider-scopes", provider_scopes),
    Check("provider-mapping", provider_mapping),
    Check("provider-domains", provider_domains),
    Check("provider-issuer", provider_issuer),
    Check("provider-secret", provider_secret),
    Check("auto-sign-in", auto_sign_in),
)
