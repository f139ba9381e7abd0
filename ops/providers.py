"""This module registers identity providers in three places: the pool, the app client's list, and the providers table.

Providers are registered in the pool with API calls, because a template must not contain a client secret. The app
client's list is a parameter of the identity stack, because the API call UpdateUserPoolClient would reset every field
that the call omits. The providers table contains the data that the app shows and uses for decisions.

A provider is added first to the pool, then to the table, then to the client's list. A provider is removed in the
reverse order. So even after an interruption, the page offers only providers that exist in the pool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.gatehouse.cognito.provider_claims import ATTRIBUTE_MAPPING, GROUPS_ATTRIBUTE

from . import aws
from .discovery import Fetch, supports_scope, verify_issuer
from .errors import OpsError
from .identity_stack import parameters_of, provider_list, provision
from .provider import Provider, verify, verify_free
from .provider_rows import Row, load_rows, put_row, table_of, variable_of
from .report import Reporter
from .stages import Stage

SCOPES = "openid profile email"
# Okta's org authorization server sends groups only if Cognito requests the scope `groups`. Okta's custom authorization
# servers may not have this scope.
# https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/
GROUPS_SCOPE = "groups"


@dataclass(frozen=True)
class Registered:
    """A registered provider. The fields `in_…` say which of the three places contain the provider."""

    name: str
    label: str
    issuer: str
    domains: tuple[str, ...]
    in_pool: bool
    in_table: bool
    in_client: bool
    row: Row = field(default_factory=Row)

    @property
    def complete(self) -> bool:
        """True if people can sign in with this provider."""
        return self.in_pool and self.in_table and self.in_client


def add_provider(
    session: boto3.Session,
    stage: Stage,
    provider: Provider,
    report: Reporter,
    fetch: Fetch | None = None,
) -> None:
    """Register a provider, or update the provider with the same name.

    The provider's discovery document is read first. If a value is omitted, a registered provider keeps its earlier
    value. Raises OpsError; its message says what to do.
    """
    provider = provider.tidied()
    verify(provider)
    report.step(f"Provider {provider.name}")
    for warning in verify_issuer(provider.issuer, local=stage.is_local, fetch=fetch):
        report.note(f"note: {warning}")
    names = _client_names(parameters_of(session, stage))
    with aws.explained(f"registering {provider.name}"):
        rows = load_rows(session, stage)
        row = provider.row(rows.get(provider.name, Row()))
        verify_free(provider, row, rows)
        scopes = SCOPES
        if row.groups_claim and supports_scope(provider.issuer, GROUPS_SCOPE, fetch):
            scopes = f"{SCOPES} {GROUPS_SCOPE}"
        report.note(_put_in_pool(session, stage, provider, row, scopes))
        put_row(session, stage, provider.name, row)
        report.note("in the table")
    if row.groups_claim:
        report.note(
            f"note: anybody who controls {row.groups_claim} at the provider can put people into "
            "every group of this app, including admins"
        )
    if row.link:
        report.note(
            "note: a sign-in links an account only if the account's owner has proved access to the mailbox; "
            "owners of earlier accounts must first reset the password once (docs/okta-setup.md, "
            "step 4)"
        )
    if row.domains and not row.native_sign_up and stage.direct_sign_in != "off":
        report.note(
            "note: people of the provider's domains can no longer create accounts with a "
            "password; existing accounts are kept (--native-sign-up allows new accounts)"
        )
    if provider.name not in names:
        names.append(provider.name)
    listed = provider_list(stage.direct_sign_in, names)
    provision(session, stage, {"IdentityProviders": listed}, report)
    report.note("people can sign in with this provider")


def list_providers(session: boto3.Session, stage: Stage) -> list[Registered]:
    """List every provider in the pool, the table or the app client's list, sorted by name."""
    in_client = [name for name in _client_names(parameters_of(session, stage)) if name != "COGNITO"]
    with aws.explained("listing providers"):
        rows = load_rows(session, stage)
        pool = _pool_providers(session, stage)
    return [
        Registered(
            name=name,
            label=rows[name].label if name in rows else name,
            issuer=pool.get(name, {}).get("ProviderDetails", {}).get("oidc_issuer", ""),
            domains=tuple(
                rows[name].domains if name in rows else pool[name].get("IdpIdentifiers", [])
            )
            if name in rows or name in pool
            else (),
            in_pool=name in pool,
            in_table=name in rows,
            in_client=name in in_client,
            row=rows.get(name, Row()),
        )
        for name in sorted({*rows, *pool, *in_client})
    ]


def remove_provider(session: boto3.Session, stage: Stage, name: str, report: Reporter) -> None:
    """Remove a provider from the client's list, then from the table, then from the pool.

    The profiles of the provider's people stay in the pool. Raises OpsError if no provider has the name, or if
    `AUTO_SIGN_IN` is set to this provider.
    """
    if stage.environment.get("AUTO_SIGN_IN") == name:
        raise OpsError(
            f"AUTO_SIGN_IN of stage {stage.name!r} names {name}: the page would send everyone to "
            "a removed provider. Clear AUTO_SIGN_IN, deploy, then remove the provider."
        )
    known = [found.name for found in list_providers(session, stage)]
    if name not in known:
        raise OpsError(
            f"Stage {stage.name!r} has no provider {name!r} (its providers: "
            f"{', '.join(known) or 'none'}). Pass one of these names."
        )
    names = [other for other in _client_names(parameters_of(session, stage)) if other != name]
    listed = provider_list(stage.direct_sign_in, names)
    provision(session, stage, {"IdentityProviders": listed}, report)
    report.step(f"Removing {name}")
    with aws.explained(f"removing {name}"):
        aws.client(session, "dynamodb").delete_item(
            TableName=table_of(stage), Key={"name": {"S": name}}
        )
        try:
            aws.client(session, "cognito-idp").delete_identity_provider(
                UserPoolId=_pool(stage), ProviderName=name
            )
        except ClientError as error:
            if aws.error_code(error) != "ResourceNotFoundException":
                raise
    report.done()


def _put_in_pool(
    session: boto3.Session, stage: Stage, provider: Provider, row: Row, scopes: str
) -> str:
    cognito = aws.client(session, "cognito-idp")
    request: dict[str, Any] = {
        "UserPoolId": _pool(stage),
        "ProviderName": provider.name,
        "ProviderDetails": {
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
            "attributes_request_method": "GET",
            "oidc_issuer": provider.issuer,
            "authorize_scopes": scopes,
        },
        "AttributeMapping": {
            **ATTRIBUTE_MAPPING,
            **({GROUPS_ATTRIBUTE: row.groups_claim} if row.groups_claim else {}),
        },
        "IdpIdentifiers": list(row.domains),
    }
    try:
        cognito.describe_identity_provider(UserPoolId=_pool(stage), ProviderName=provider.name)
    except ClientError as error:
        if aws.error_code(error) != "ResourceNotFoundException":
            raise
        cognito.create_identity_provider(**request, ProviderType="OIDC")
        return "registered in the pool"
    cognito.update_identity_provider(**request)
    return "updated in the pool"


def _pool_providers(session: boto3.Session, stage: Stage) -> dict[str, dict[str, Any]]:
    cognito = aws.client(session, "cognito-idp")
    pages = cognito.get_paginator("list_identity_providers").paginate(UserPoolId=_pool(stage))
    names = [item["ProviderName"] for page in pages for item in page["Providers"]]
    return {
        name: cognito.describe_identity_provider(UserPoolId=_pool(stage), ProviderName=name)[
            "IdentityProvider"
        ]
        for name in names
    }


def _client_names(parameters: Mapping[str, str]) -> list[str]:
    return [name for name in parameters.get("IdentityProviders", "").split(",") if name]


def _pool(stage: Stage) -> str:
    return variable_of(stage, "USER_POOL_ID")
