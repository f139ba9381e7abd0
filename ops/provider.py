"""This module checks the name, the domains and the claims of an identity provider that an operator wants to register.

The checks include Cognito's limits, and run before the provider is registered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING
from chalicelib.gatehouse.email_domains import parse_full_domain

from .errors import OpsError
from .provider_rows import Row
from .stage_variables import is_provider_name

# Cognito stores a provider's domains as identifiers. It allows 50 identifiers, with up to 40 characters each.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
_DOMAIN_LENGTH = 40
_DOMAIN_COUNT = 50
_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,127}")
_OTHER_CLAIMS = frozenset({"sub", "iss", "aud", *ATTRIBUTE_MAPPING.values()})


@dataclass(frozen=True)
class Provider:
    """One OIDC provider, such as an Okta tenant, with the values that an operator passes.

    If a field is None, the provider keeps the earlier value of this field. For a new provider, None means no domains,
    no trust and no permissions.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str | None = None
    domains: tuple[str, ...] | None = None
    trusted: bool | None = None
    link: bool | None = None
    groups_claim: str | None = None
    native_sign_up: bool | None = None

    def tidied(self) -> Provider:
        """Return a copy of this provider with the issuer, the domains and the label in canonical form."""
        return replace(
            self,
            issuer=self.issuer.strip().rstrip("/"),
            client_id=self.client_id.strip(),
            label=None if self.label is None else self.label.strip() or self.name,
            domains=(
                None
                if self.domains is None
                else tuple(sorted({_spelled(domain.strip()) for domain in self.domains}))
            ),
            groups_claim=None if self.groups_claim is None else self.groups_claim.strip(),
        )

    def row(self, before: Row) -> Row:
        """Return the provider's row for the table. A field with None gets its value from the earlier row, `before`."""
        return Row(
            label=self.label or before.label or self.name,
            domains=before.domains if self.domains is None else self.domains,
            trusted=before.trusted if self.trusted is None else self.trusted,
            link=before.link if self.link is None else self.link,
            groups_claim=before.groups_claim if self.groups_claim is None else self.groups_claim,
            native_sign_up=(
                before.native_sign_up if self.native_sign_up is None else self.native_sign_up
            ),
            issuer=self.issuer,
        )


def _spelled(domain: str) -> str:
    """Return a domain in its canonical form. An invalid domain is returned unchanged, and `verify` reports it."""
    return parse_full_domain(domain) or domain


def verify(provider: Provider) -> None:
    """Raise OpsError if a field is invalid. The message lists all problems."""
    problems = []
    if not is_provider_name(provider.name):
        problems.append(
            f"the name {provider.name!r} must have 3 to 32 letters, digits, dots or hyphens, "
            "start with a letter, and differ from COGNITO"
        )
    if not provider.client_id:
        problems.append("the client id is empty")
    if not provider.client_secret:
        problems.append("the client secret is empty")
    domains = provider.domains or ()
    for domain in domains:
        if len(domain) > _DOMAIN_LENGTH or parse_full_domain(domain) != domain:
            problems.append(
                f"{domain!r} is not a domain: pass a domain such as acme.com, of at most "
                f"{_DOMAIN_LENGTH} characters"
            )
    claim = provider.groups_claim
    if claim and (not _CLAIM.fullmatch(claim) or claim in _OTHER_CLAIMS):
        problems.append(f"{claim!r} is not the name of a groups claim")
    if len(domains) > _DOMAIN_COUNT:
        problems.append(f"at most {_DOMAIN_COUNT} domains are allowed")
    if problems:
        raise OpsError.listing("The provider cannot be registered:", problems)


def verify_free(provider: Provider, row: Row, rows: Mapping[str, Row]) -> None:
    """Raise OpsError if another provider in `rows` already has this provider's name or one of its domains. Raise
    OpsError also for a `row` with `link` but without `trusted`.
    """
    if row.link and not row.trusted:
        raise OpsError(
            "--link links people to accounts by the address that the provider sends, so --link "
            "needs --trusted."
        )
    others = {name: other for name, other in rows.items() if name != provider.name}
    alike = [name for name in others if name.casefold() == provider.name.casefold()]
    if alike:
        raise OpsError(
            f"A provider {alike[0]} exists already: choose a name that differs in more than case."
        )
    problems = [
        f"{domain} belongs to {name}"
        for name, other in others.items()
        for domain in row.domains
        if domain in other.domains
    ]
    if problems:
        raise OpsError.listing(
            "Each domain can lead to one provider only. Remove the domain from "
            "the other provider first:",
            problems,
        )
