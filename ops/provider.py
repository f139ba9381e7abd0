"""An identity provider as a person describes it, and the rules that it must keep.

What Cognito allows of names, domains and claims is checked here, before anything is registered.
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

# Cognito allows 40 characters for an identifier, and 50 of them.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
_DOMAIN_LENGTH = 40
_DOMAIN_COUNT = 50
_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,127}")
_OTHER_CLAIMS = frozenset({"sub", "iss", "aud", *ATTRIBUTE_MAPPING.values()})


@dataclass(frozen=True)
class Provider:
    """One OIDC provider, such as an Okta tenant, as a person describes it.

    None keeps what was said earlier; at first there are no domains, and nothing is trusted or allowed.
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
        """Answer the same with canonical issuer, domains and label."""
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
        """Answer the table's row, after what it said before."""
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
    """Answer a domain as mail servers know it; what is none stays as it is, for `verify` to name."""
    return parse_full_domain(domain) or domain


def verify(provider: Provider) -> None:
    """Raise OpsError, naming all that cannot be registered."""
    problems = []
    if not is_provider_name(provider.name):
        problems.append(
            f"the name {provider.name!r} must be 3-32 letters, digits, dots or hyphens, start with "
            "a letter, and not be COGNITO"
        )
    if not provider.client_id:
        problems.append("the client id is empty")
    if not provider.client_secret:
        problems.append("the client secret is empty")
    domains = provider.domains or ()
    for domain in domains:
        if len(domain) > _DOMAIN_LENGTH or parse_full_domain(domain) != domain:
            problems.append(
                f"{domain!r} is not a domain such as acme.com, of at most {_DOMAIN_LENGTH} letters"
            )
    claim = provider.groups_claim
    if claim and (not _CLAIM.fullmatch(claim) or claim in _OTHER_CLAIMS):
        problems.append(f"{claim!r} is not the name of a groups claim")
    if len(domains) > _DOMAIN_COUNT:
        problems.append(f"there may be {_DOMAIN_COUNT} domains at most")
    if problems:
        raise OpsError.listing("The provider cannot be registered:", problems)


def verify_free(provider: Provider, row: Row, rows: Mapping[str, Row]) -> None:
    """Raise OpsError where another provider of `rows` has the name or a domain already."""
    if row.link and not row.trusted:
        raise OpsError(
            "--link joins people to accounts by the address that the provider tells: it needs "
            "--trusted."
        )
    others = {name: other for name, other in rows.items() if name != provider.name}
    alike = [name for name in others if name.casefold() == provider.name.casefold()]
    if alike:
        raise OpsError(f"There is {alike[0]} already: names must differ in more than case.")
    problems = [
        f"{domain} belongs to {name}"
        for name, other in others.items()
        for domain in row.domains
        if domain in other.domains
    ]
    if problems:
        raise OpsError.listing("A domain can lead to one provider only:", problems)
