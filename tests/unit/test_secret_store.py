"""Tests of the cache of secrets."""

import pytest

from chalicelib.gatehouse.errors import ConfigurationError, TemporarilyUnavailable
from chalicelib.gatehouse.store.secrets import SecretStore
from tests.doubles.aws_errors import client_error, connect_timeout
from tests.doubles.clock import Clock
from tests.doubles.secrets import SecretsManagerDouble


@pytest.fixture
def manager() -> SecretsManagerDouble:
    return SecretsManagerDouble({"arn": {"v": 1}})


@pytest.mark.security("S-59")
def test_a_secret_is_read_once_in_five_minutes(manager: SecretsManagerDouble, clock: Clock) -> None:
    """After five minutes the cache reads the secret again. `renew` reads the secret earlier, but at most twice a
    minute."""
    store = SecretStore(manager, clock)
    store.read("arn")
    manager.put("arn", {"v": 2})
    clock.advance(29)
    assert store.read("arn", renew=True)["v"] == 1
    clock.advance(1)
    assert store.read("arn")["v"] == 1
    assert store.read("arn", renew=True)["v"] == 2
    manager.put("arn", {"v": 3})
    clock.advance(299)
    assert store.read("arn")["v"] == 2
    clock.advance(1)
    assert store.read("arn")["v"] == 3
    assert len(manager.reads) == 3


@pytest.mark.security("S-59")
def test_a_known_secret_outlives_an_outage(manager: SecretsManagerDouble, clock: Clock) -> None:
    """During an outage of Secrets Manager, people stay signed in. Only new containers fail, because they have no cached
    secret."""
    store = SecretStore(manager, clock)
    store.read("arn")
    for fault in (client_error("InternalServiceError"), connect_timeout()):
        manager.fault = fault
        clock.advance(301)
        assert store.read("arn")["v"] == 1
        with pytest.raises(TemporarilyUnavailable) as caught:
            SecretStore(manager, clock).read("arn")
        assert "stays inside" not in caught.value.detail


@pytest.mark.parametrize("text", ["", "canary", "[1]", '"canary"', "null", "{"])
def test_a_secret_that_is_no_object_is_a_configuration_error(
    manager: SecretsManagerDouble, clock: Clock, text: str
) -> None:
    """The message does not contain the secret's text."""
    manager.put_text("arn", text)
    with pytest.raises(ConfigurationError) as caught:
        SecretStore(manager, clock).read("arn")
    assert "canary" not in caught.value.detail
