"""This module reads and writes the providers table. For each identity provider, the table has the data that Cognito
does not store.
"""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from chalicelib.gatehouse.store.providers import Provider

from . import aws
from .errors import OpsError
from .program import PROGRAM
from .stages import Stage


@dataclass(frozen=True)
class Row:
    """A provider's row, without the provider's name. By default, the provider's addresses are not trusted, its people
    are not linked, and its groups are not read.
    """

    label: str = ""
    domains: tuple[str, ...] = ()
    trusted: bool = False
    link: bool = False
    groups_claim: str = ""
    native_sign_up: bool = False
    issuer: str = ""


def load_rows(session: boto3.Session, stage: Stage) -> dict[str, Row]:
    """Read the whole table in the same way as the app. The result maps each provider's name to its row."""
    pages = (
        aws.client(session, "dynamodb").get_paginator("scan").paginate(TableName=table_of(stage))
    )
    found = (Provider.from_item(item) for page in pages for item in page["Items"])
    return {
        each.name: Row(
            label=each.label,
            domains=each.domains,
            trusted=each.trusted,
            link=each.link,
            groups_claim=each.groups_claim,
            native_sign_up=each.native_sign_up,
            issuer=each.issuer,
        )
        for each in found
    }


def put_row(session: boto3.Session, stage: Stage, name: str, row: Row) -> None:
    """Write a provider's row. If the stored row has attributes that this version of Gatehouse does not use, these
    attributes are kept.
    """
    values = {
        "label": {"S": row.label},
        "domains": {"L": [{"S": domain} for domain in row.domains]},
        "trusted": {"BOOL": row.trusted},
        "link": {"BOOL": row.link},
        "groups_claim": {"S": row.groups_claim},
        "native_sign_up": {"BOOL": row.native_sign_up},
        "issuer": {"S": row.issuer},
    }
    aws.client(session, "dynamodb").update_item(
        TableName=table_of(stage),
        Key={"name": {"S": name}},
        UpdateExpression="SET " + ", ".join(f"#{each} = :{each}" for each in values),
        ExpressionAttributeNames={f"#{each}": each for each in values},
        ExpressionAttributeValues={f":{each}": value for each, value in values.items()},
    )


def table_of(stage: Stage) -> str:
    """Return the name of the providers table."""
    return variable_of(stage, "PROVIDERS_TABLE")


def variable_of(stage: Stage, name: str) -> str:
    """Return the value of the variable `name`, which is an output of the identity stack.

    Raises OpsError if the stack has no such output yet.
    """
    value = stage.environment.get(name)
    if not value:
        raise OpsError(
            f"Stage {stage.name!r} has no {name} yet: "
            f"run `{PROGRAM} provision --stage {stage.name}` first."
        )
    return value
