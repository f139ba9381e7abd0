"""This module reads a user pool's addresses and issuer from AWS, because they cannot be built from the name of a region
alone.

The pool has an issuer of type ORIGINAL or UPDATED. The pool's discovery document contains the issuer's exact name and
the endpoints. Before a pool exists, the host names come from botocore's data about AWS's partitions.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from chalicelib.gatehouse.cognito.issuers import both_forms

from . import aws
from .discovery import Fetch, discovery_url, fetch_discovery
from .errors import OpsError
from .report import Reporter
from .stages import Stage

VARIABLES = ("ISSUER", "COGNITO_URL", "JWKS_URL")
_SERVICE = "cognito-idp"
_TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
_GOV = "aws-us-gov"
_HINT = "Check that this machine reaches Cognito's public endpoints."

Resolve = Callable[[str, int], Any]


@dataclass(frozen=True)
class Partition:
    """One of AWS's partitions, such as `aws-eusc`, with the suffix of its host names."""

    id: str
    dns_suffix: str

    def user_pools_host(self, region: str) -> str:
        """Return the host name of user pools in a region."""
        return f"{_SERVICE}.{region}.{self.dns_suffix}"

    def domain(self, prefix: str, region: str) -> str:
        """Build the address of a pool's sign-in domain.

        https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-cog.html
        """
        sub = "auth-fips" if self.id == _GOV else "auth"
        suffix = self.dns_suffix.replace("amazonaws", "amazoncognito")
        return f"https://{prefix}.{sub}.{region}.{suffix}"


def partition_of(region: str) -> Partition:
    """Find a region's partition. Raises OpsError if the region is in no partition."""
    import botocore.loaders

    found = botocore.loaders.create_loader().load_data("partitions")
    for partition in found["partitions"]:
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return Partition(partition["id"], partition["outputs"]["dnsSuffix"])
    raise OpsError(f"{region!r} is not the name of an AWS region: pass a name such as eu-west-1.")


def require_user_pools(region: str, resolve: Resolve = socket.getaddrinfo) -> None:
    """Raise OpsError if Cognito has no user pools in the region. The message lists suitable regions.

    A region that botocore does not list may be new. Such a region is accepted if DNS resolves the region's host name
    for user pools.
    """
    import botocore.session

    partition = partition_of(region)
    listed = botocore.session.get_session().get_available_regions(_SERVICE, partition.id)
    if region in listed:
        return
    try:
        resolve(partition.user_pools_host(region), 443)
    except OSError:
        near = [name for name in listed if name.split("-")[0] == region.split("-")[0]]
        others = ", ".join(near or listed) or "none in this partition"
        raise OpsError(
            f"Cognito has no user pools in {region}, so a stage cannot use this region. Regions "
            f"with user pools: {others}.\nSet `region` in the stage's gatehouse block. (If AWS "
            f"has added {region} recently, update boto3.)"
        ) from None


def read_addresses(
    session: boto3.Session,
    stage: Stage,
    pool_id: str,
    report: Reporter,
    fetch: Fetch | None = None,
) -> Mapping[str, str]:
    """Return the settings with the pool's addresses: `ISSUER` and `COGNITO_URL`. If the address of the keys is unusual,
    the result also has `JWKS_URL`.

    If the discovery document cannot be read, the addresses come from the pool's description and the partition's host
    names. The command then prints a note. On the local stage, `up` sets the addresses.
    """
    client = aws.client(session, _SERVICE)
    pool = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    partition = partition_of(stage.region)
    updated = pool.get("IssuerConfiguration", {}).get("Type") == "UPDATED"
    host = ("issuer-" if updated else "") + partition.user_pools_host(stage.region)
    expected = f"https://{host}/{pool_id}"
    asked = f"{client.meta.endpoint_url}/{pool_id}" if stage.is_local else expected
    domain = ""
    if pool.get("CustomDomain"):
        domain = f"https://{pool['CustomDomain']}"
    elif pool.get("Domain"):
        domain = partition.domain(pool["Domain"], stage.region)
    try:
        document = (fetch or _fetch)(discovery_url(asked))
    except OpsError as error:
        report.note(f"note: the pool's discovery document cannot be read ({error})")
        document = {}
    issuer = document.get("issuer", expected)
    if issuer not in both_forms(expected):
        raise OpsError(
            f"The pool {pool_id} calls its issuer {issuer!r}, not {expected}: tokens would be "
            "refused. Check that the stage's region is the pool's region."
        )
    found = {"ISSUER": str(issuer)}
    if stage.is_local:
        return found
    token = document.get("token_endpoint")
    if isinstance(token, str) and token.endswith(_TOKEN_PATH):
        domain = token.removesuffix(_TOKEN_PATH)
    if domain:
        found["COGNITO_URL"] = domain
    keys = document.get("jwks_uri", "")
    if keys and keys != f"{issuer}/.well-known/jwks.json":
        found["JWKS_URL"] = str(keys)
    return found


def _fetch(url: str) -> Mapping[str, Any]:
    return fetch_discovery(url, _HINT)
