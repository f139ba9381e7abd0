"""TLS: whom the real clients believe. One authority is trusted; only the certificate differs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.gatehouse.aws_clients import AwsClients
from chalicelib.gatehouse.cognito.http_client import HttpClient
from chalicelib.gatehouse.deadline import Budget, Limits
from chalicelib.gatehouse.errors import TemporarilyUnavailable
from chalicelib.gatehouse.store.secrets import SecretStore
from tests.component.world import KEYS_ARN, build_world
from tests.doubles.clock import Clock
from tests.faults.certificates import Authority
from tests.faults.wire import Wire, served

LIMITS = Limits(*(10.0 for _ in Limits._fields))
CERTIFICATES = {
    "valid": ({"days": 1}, True),
    "expired": ({"days": -1}, False),
    "of another host": ({"days": 1, "host": "other.example"}, False),
}


@pytest.fixture(params=CERTIFICATES)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, bool]]:
    """A server's URL, and whether it is to be believed."""
    arguments, believed = CERTIFICATES[request.param]
    authority, wire = Authority(tmp_path), Wire()
    wire.begin(build_world(clock))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority.bundle))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with served(wire, authority.server("server", **arguments)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield url, believed


@pytest.mark.security("S-25")
def test_signing_keys_come_from_a_host_that_proves_itself(place: tuple[str, bool]) -> None:
    """Through requests."""
    url, believed = place
    http = HttpClient(Budget(LIMITS), pause=lambda: None)
    if believed:
        assert http.get(f"{url}/.well-known/jwks.json").status == 200
    else:
        with pytest.raises(TemporarilyUnavailable, match="SSLError"):
            http.get(f"{url}/.well-known/jwks.json")
    assert http._session is not None
    http._session.close()


@pytest.mark.security("S-59")
def test_secrets_come_from_a_host_that_proves_itself(place: tuple[str, bool], clock: Clock) -> None:
    """Through boto3."""
    _, believed = place
    client = AwsClients("eu-west-1", Budget(LIMITS), pause=lambda: None)("secretsmanager")
    store = SecretStore(client, clock)
    if believed:
        assert store.read(KEYS_ARN)["current"] == "k1"
    else:
        with pytest.raises(TemporarilyUnavailable, match="SSLError"):
            store.read(KEYS_ARN)
    client.close()
