"""Tests of the TLS certificates that the real clients accept or refuse. The clients trust one authority. The server's
certificate is the only difference between the tests."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from chalicelib.gatehouse import tls
from chalicelib.gatehouse.aws_clients import AwsClients
from chalicelib.gatehouse.cognito.http_client import HttpClient
from chalicelib.gatehouse.deadline import Budget, Limits
from chalicelib.gatehouse.errors import TemporarilyUnavailable
from chalicelib.gatehouse.store.secrets import SecretStore
from tests.component.world import KEYS_ARN, build_world
from tests.doubles.clock import Clock
from tests.faults.certificates import Authority
from tests.faults.wire import Wire, served

LIMITS = Limits(**dict.fromkeys(Limits.__annotations__, 10.0))
CERTIFICATES = {
    "valid": ({"days": 1}, True),
    "expired": ({"days": -1}, False),
    "of another host": ({"days": 1, "host": "other.example"}, False),
}


@pytest.fixture(params=CERTIFICATES)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, bool]]:
    """A server's URL, and whether clients should trust the server."""
    arguments, believed = CERTIFICATES[request.param]
    authority, wire = Authority(tmp_path), Wire()
    wire.begin(build_world(clock))
    monkeypatch.setattr(certifi, "where", lambda: str(authority.bundle))
    monkeypatch.setattr(tls, "_context", None)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with served(wire, authority.server("server", **arguments)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield url, believed


@pytest.mark.security("S-25")
def test_signing_keys_come_from_a_host_that_proves_itself(place: tuple[str, bool]) -> None:
    """urllib3 fetches the signing keys."""
    url, believed = place
    http = HttpClient(Budget(LIMITS), pause=lambda: None)
    if believed:
        assert http.get(f"{url}/.well-known/jwks.json").status == 200
    else:
        with pytest.raises(TemporarilyUnavailable, match="SSLError"):
            http.get(f"{url}/.well-known/jwks.json")
    http.close()


@pytest.mark.security("S-59")
def test_secrets_come_from_a_host_that_proves_itself(place: tuple[str, bool], clock: Clock) -> None:
    """botocore reads the secrets from Secrets Manager."""
    _, believed = place
    client = AwsClients("eu-west-1", Budget(LIMITS), pause=lambda: None)("secretsmanager")
    store = SecretStore(client, clock)
    if believed:
        assert store.read(KEYS_ARN)["current"] == "k1"
    else:
        with pytest.raises(TemporarilyUnavailable, match="SSLError"):
            store.read(KEYS_ARN)
    client.close()


def test_a_stand_in_of_aws_is_believed_by_its_own_authority_alone(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_CA_BUNDLE replaces certifi's bundle for calls to AWS, as usual with botocore. Other calls still use certifi's
    bundle."""
    authority, wire = Authority(tmp_path), Wire()
    wire.begin(build_world(clock))
    monkeypatch.setattr(tls, "_context", None)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with served(wire, authority.server("server", days=1)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = AwsClients("eu-west-1", Budget(LIMITS), pause=lambda: None)("secretsmanager")
        assert SecretStore(client, clock).read(KEYS_ARN)["current"] == "k1"
        client.close()
        http = HttpClient(Budget(LIMITS), pause=lambda: None)
        with pytest.raises(TemporarilyUnavailable, match="SSLError"):
            http.get(f"{url}/.well-known/jwks.json")


def test_the_bundle_of_authorities_is_read_once(
    place: tuple[str, bool], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several clients and connections share one bundle, and the process reads the bundle once."""
    url, believed = place
    if not believed:
        return
    loads: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def noted(self: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        loads.append(arguments)
        load(self, *arguments, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    make = AwsClients("eu-west-1", Budget(LIMITS), pause=lambda: None)
    secrets, dynamodb = make("secretsmanager"), make("dynamodb")
    secrets.get_secret_value(SecretId=KEYS_ARN)
    for _ in range(2):
        dynamodb.get_item(TableName="gatehouse-dev-users", Key={"userName": {"S": "nobody"}})
    secrets.close()
    dynamodb.close()
    http = HttpClient(Budget(LIMITS), pause=lambda: None)
    http.get(f"{url}/.well-known/jwks.json")
    http.close()
    assert len(loads) == 1
