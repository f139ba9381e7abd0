"""Tests of the issuer and the hosts of a pool. `ops` reads the issuer and the hosts from the pool, in every partition
with user pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from chalicelib.gatehouse.settings import Settings
from ops.errors import OpsError
from ops.identity_stack import provision
from ops.plan import plan
from ops.pool_addresses import partition_of, read_addresses, require_user_pools
from tests.component.world import ENVIRONMENT
from tests.unit.ops.fakes import (
    FakeCloudFormation,
    FakeCognito,
    FakeSession,
    no_discovery,
    reporter,
    stage,
)

ID = "abcDEF123"


class Discovery:
    """A double that returns the discovery document of one pool and records the requests for the document."""

    def __init__(self, issuer: str, domain: str = "", **changes: Any) -> None:
        self.asked: list[str] = []
        self.document = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            **({"token_endpoint": f"{domain}/oauth2/token"} if domain else {}),
            **changes,
        }

    def __call__(self, url: str) -> Mapping[str, Any]:
        self.asked.append(url)
        return self.document


def read(
    tmp_path: Path, region: str, fetch: Any, pool: dict[str, Any], name: str = "dev"
) -> tuple[Mapping[str, str], str]:
    """Read the addresses of a pool in a region. Return the addresses and the notes."""
    cognito = FakeCognito()
    cognito.pool = pool
    there = replace(stage(tmp_path, name), region=region)
    report, stream = reporter()
    session: Any = FakeSession(cognito_idp=cognito)
    found = read_addresses(session, there, f"{region}_{ID}", report, fetch)
    return found, stream.getvalue()


PARTITIONS = [
    ("eu-west-1", "cognito-idp.eu-west-1.amazonaws.com", "acme.auth.eu-west-1.amazoncognito.com"),
    (
        "us-gov-west-1",
        "cognito-idp.us-gov-west-1.amazonaws.com",
        "acme.auth-fips.us-gov-west-1.amazoncognito.com",
    ),
    (
        "eusc-de-east-1",
        "cognito-idp.eusc-de-east-1.amazonaws.eu",
        "acme.auth.eusc-de-east-1.amazoncognito.eu",
    ),
]


@pytest.mark.security("S-20")
@pytest.mark.parametrize("kind", ["ORIGINAL", "UPDATED"])
@pytest.mark.parametrize(("region", "host", "domain"), PARTITIONS)
def test_the_pool_says_where_it_is(
    tmp_path: Path, region: str, host: str, domain: str, kind: str
) -> None:
    """The test covers the two types of issuer and every partition. `Settings` accepts the addresses that `ops`
    found."""
    host = f"issuer-{host}" if kind == "UPDATED" else host
    issuer = f"https://{host}/{region}_{ID}"
    fetch = Discovery(issuer, f"https://{domain}")
    pool = {"IssuerConfiguration": {"Type": kind}, "Domain": "acme"}
    found, noted = read(tmp_path, region, fetch, pool)
    assert found == {"ISSUER": issuer, "COGNITO_URL": f"https://{domain}"}
    assert fetch.asked == [f"{issuer}/.well-known/openid-configuration"]
    assert noted == ""
    place = {"AWS_REGION": region, "USER_POOL_ID": f"{region}_{ID}"}
    settings = Settings.from_env({**ENVIRONMENT, **place, **found})
    assert settings.jwks_url == f"{issuer}/.well-known/jwks.json"
    assert read(tmp_path, region, no_discovery, pool)[0] == found


def test_what_the_document_says_counts(tmp_path: Path) -> None:
    """The document may name a custom domain, and keys at another address. The document may have the issuer of the type
    UPDATED before the pool's description names this type."""
    issuer = f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{ID}"
    fetch = Discovery(issuer, "https://id.acme.example", jwks_uri="https://keys.example/jwks.json")
    found, _ = read(tmp_path, "eu-west-1", fetch, {"Domain": "acme"})
    assert found == {
        "ISSUER": issuer,
        "COGNITO_URL": "https://id.acme.example",
        "JWKS_URL": "https://keys.example/jwks.json",
    }


@pytest.mark.security("S-20")
@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other1234",
        f"https://cognito-idp.eu-west-2.amazonaws.com/eu-west-1_{ID}",
        "",
    ],
)
def test_another_pools_issuer_is_not_written(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(OpsError, match="calls its issuer"):
        read(tmp_path, "eu-west-1", Discovery(issuer), {})


def test_a_document_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    """Without the document, `ops` uses the pool's description and the partition's host names. The description may name
    a custom domain."""
    pool = {"IssuerConfiguration": {"Type": "UPDATED"}, "CustomDomain": "id.acme.example"}
    found, noted = read(tmp_path, "eu-west-1", no_discovery, pool)
    assert found["ISSUER"].startswith("https://issuer-cognito-idp.eu-west-1.")
    assert found["COGNITO_URL"] == "https://id.acme.example"
    assert "discovery document cannot be read" in noted


def test_a_pool_without_a_domain_has_no_sign_in_address(tmp_path: Path) -> None:
    assert "COGNITO_URL" not in read(tmp_path, "eu-west-1", no_discovery, {"Domain": ""})[0]


def test_the_local_stage_reads_its_issuer_from_the_local_aws(tmp_path: Path) -> None:
    """The launcher sets the endpoints of the local AWS. The issuer's document is at one of these endpoints."""
    issuer = f"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{ID}"
    fetch = Discovery(issuer, "http://127.0.0.1:4566")
    found, _ = read(tmp_path, "eu-west-1", fetch, {}, "local")
    assert found == {"ISSUER": issuer}
    assert fetch.asked == [f"http://127.0.0.1:4566/eu-west-1_{ID}/.well-known/openid-configuration"]


def unknown_host(host: str, port: int) -> None:
    raise OSError(f"{host} is unknown")


def test_every_region_that_botocore_lists_will_do() -> None:
    """The check of these regions needs no network, because the host names come from botocore."""
    session = botocore.session.get_session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("cognito-idp", partition):
            require_user_pools(region, unknown_host)
            assert partition_of(region).id == partition
            client = session.create_client("cognito-idp", region_name=region)
            host = partition_of(region).user_pools_host(region)
            assert client.meta.endpoint_url == f"https://{host}"


@pytest.mark.parametrize("region", ["cn-north-1", "us-iso-east-1", "eu-west-9"])
def test_a_region_without_user_pools_is_refused_in_plain_words(region: str) -> None:
    with pytest.raises(OpsError, match=f"no user pools in {region}, so a stage cannot use"):
        require_user_pools(region, unknown_host)


def test_a_region_that_is_newer_than_botocore_is_taken_if_its_host_is_there() -> None:
    asked: list[str] = []
    require_user_pools("eu-west-9", lambda host, port: asked.append(host))
    assert asked == ["cognito-idp.eu-west-9.amazonaws.com"]


def test_a_name_that_is_no_region_is_refused() -> None:
    with pytest.raises(OpsError, match="not the name of an AWS region"):
        require_user_pools("atlantis", unknown_host)


def test_nothing_is_made_or_planned_in_such_a_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session in this test has no client, so any call of AWS would make the test fail."""
    there = replace(stage(tmp_path), region="cn-north-1")
    cloud = FakeCloudFormation()
    session: Any = FakeSession(cloudformation=cloud)
    monkeypatch.setattr("ops.pool_addresses.require_user_pools.__defaults__", (unknown_host,))
    for act in (lambda: provision(session, there, {}, reporter()[0]), lambda: plan(session, there)):
        with pytest.raises(OpsError, match="no user pools in cn-north-1"):
            act()
    assert cloud.calls == []
