"""Identity providers of the pool (being written)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import boto3

from ops.report import Reporter
from ops.stages import Stage


@dataclass(frozen=True)
class Provider:
    """One OIDC provider, such as an Okta tenant."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str = ""
    domains: tuple[str, ...] = ()


def add_provider(
    session: boto3.Session, stage: Stage, provider: Provider, report: Reporter
) -> None:
    """Register the provider, or update it."""
    raise NotImplementedError


def list_providers(session: boto3.Session, stage: Stage) -> Sequence[dict[str, object]]:
    """List what is registered: name, label, issuer, domains."""
    raise NotImplementedError


def remove_provider(session: boto3.Session, stage: Stage, name: str, report: Reporter) -> None:
    """Take a provider out again."""
    raise NotImplementedError
