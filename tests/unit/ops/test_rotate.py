"""Tests of the rotation of secrets. The local AWS has no second client secrets, so the tests use test doubles.
botocore's models check the test doubles."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gatehouse.sealed.sealing import KeyRing
from ops import rotate
from ops.errors import OpsError
from ops.stages import Stage
from tests.unit.ops.fakes import POOL, FakeSession, reporter
from tests.unit.ops.fakes import stage as make_stage
from tests.unit.ops.stubs import StubbedSession

CLIENT = "1example23456789"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/client-AbCdEf"
IDS = {"UserPoolId": POOL, "ClientId": CLIENT}
DAY = 86_400.0


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return a provisioned stage."""
    return make_stage(
        tmp_path, CLIENT_ID=CLIENT, CLIENT_SECRET_ARN=ARN, SEALING_KEYS_SECRET_ARN="keys"
    )


def secret(name: str, day: int) -> dict[str, Any]:
    """Return a secret as in Cognito's list, without the value."""
    return {
        "ClientSecretId": name,
        "ClientSecretCreateDate": datetime(2026, 1, day, tzinfo=timezone.utc),
    }


def expect_stored(aws: StubbedSession, **document: str) -> None:
    aws.expect(
        "secretsmanager",
        "get_secret_value",
        {"SecretString": json.dumps({"client_id": CLIENT, **document})},
        {"SecretId": ARN},
    )


def test_new_client_secret_is_made_and_stored_beside_the_old(stage: Stage) -> None:
    """Cognito accepts the old and the new secret, so containers with the old secret still work."""
    aws = StubbedSession()
    expect_stored(aws, client_secret="old")
    aws.expect("cognito-idp", "list_user_pool_client_secrets", {"ClientSecrets": [secret("a", 1)]})
    made = {**secret("b", 2), "ClientSecretValue": "new-secret-of-at-least-24"}
    aws.expect("cognito-idp", "add_user_pool_client_secret", {"ClientSecretDescriptor": made}, IDS)
    stored = {
        "client_id": CLIENT,
        "client_secret": made["ClientSecretValue"],
        "client_secret_id": "b",
    }
    request = {"SecretId": ARN, "SecretString": json.dumps(stored)}
    aws.expect("secretsmanager", "put_secret_value", {"ARN": ARN}, request)
    report, printed = reporter()
    rotate.rotate_client_secrets(aws, stage, report)  # type: ignore[arg-type]
    aws.verify()
    assert "new-secret" not in printed.getvalue()


def test_interrupted_rotation_is_cleared_and_done_again(stage: Stage) -> None:
    """Cognito showed the lost secret's value only once. Cognito still lists the secret's id, which is enough to delete
    the secret."""
    aws = StubbedSession()
    expect_stored(aws, client_secret="old")
    listed = {"ClientSecrets": [secret("lost", 2), secret("a", 1)]}
    aws.expect("cognito-idp", "list_user_pool_client_secrets", listed)
    aws.expect(
        "cognito-idp", "delete_user_pool_client_secret", {}, {**IDS, "ClientSecretId": "lost"}
    )
    made = {**secret("b", 3), "ClientSecretValue": "new-secret-of-at-least-24"}
    aws.expect("cognito-idp", "add_user_pool_client_secret", {"ClientSecretDescriptor": made}, IDS)
    aws.expect("secretsmanager", "put_secret_value", {"ARN": ARN})
    rotate.rotate_client_secrets(aws, stage, reporter()[0])  # type: ignore[arg-type]
    aws.verify()


def test_third_secret_is_not_possible_and_the_mend_is_named(stage: Stage) -> None:
    """Cognito allows only two secrets."""
    aws = StubbedSession()
    expect_stored(aws, client_secret="s", client_secret_id="b")
    listed = {"ClientSecrets": [secret("a", 1), secret("b", 2)]}
    aws.expect("cognito-idp", "list_user_pool_client_secrets", listed)
    with pytest.raises(OpsError, match="--client-secret --drop-old"):
        rotate.rotate_client_secrets(aws, stage, reporter()[0])  # type: ignore[arg-type]


def test_dropping_keeps_the_stored_secret(stage: Stage) -> None:
    """Afterwards, Cognito accepts only the stored secret."""
    aws = StubbedSession()
    expect_stored(aws, client_secret="s", client_secret_id="b")
    listed = {"ClientSecrets": [secret("a", 1), secret("b", 2)]}
    aws.expect("cognito-idp", "list_user_pool_client_secrets", listed)
    aws.expect("cognito-idp", "delete_user_pool_client_secret", {}, {**IDS, "ClientSecretId": "a"})
    rotate.drop_old_client_secrets(aws, stage, reporter()[0])  # type: ignore[arg-type]
    aws.verify()


class FakeSecretsManager:
    """A Secrets Manager with one secret."""

    def __init__(self, document: object) -> None:
        self.text = json.dumps(document)
        self.written: list[dict[str, Any]] = []

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        """Return the value."""
        return {"SecretString": self.text}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:
        """Replace the value."""
        self.text = SecretString
        self.written.append(json.loads(SecretString))


def keys(document: object) -> tuple[FakeSecretsManager, Any]:
    manager = FakeSecretsManager(document)
    return manager, FakeSession(secretsmanager=manager)


def test_new_key_is_known_before_it_is_used(stage: Stage) -> None:
    """The command writes twice. The first write adds the key. The second write makes the key current, after every
    container's cache has expired."""
    manager, session = keys({"current": "k1", "k1": "x" * 64})
    waited: list[float] = []
    rotate.rotate_sealing_keys(session, stage, reporter()[0], sleep=waited.append, now=lambda: DAY)
    first, second = manager.written
    assert first["current"] == "k1"
    assert second["current"] == "k2"
    assert waited == [rotate.SETTLE_SECONDS]
    ring = KeyRing.parse(second)
    assert set(ring.secrets) == {"k1", "k2"}
    assert len(ring.secrets["k2"]) >= 64


def test_interrupted_key_rotation_goes_on_with_its_key(stage: Stage) -> None:
    """The repeated command uses the key of the interrupted command, and makes no third key."""
    manager, session = keys({"current": "k1", "k1": "x" * 64})

    def cut(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate.rotate_sealing_keys(session, stage, reporter()[0], sleep=cut)
    rotate.rotate_sealing_keys(session, stage, reporter()[0], sleep=lambda _: None)
    last = manager.written[-1]
    assert last["current"] == "k2"
    assert sorted(key for key in last if key.startswith("k")) == ["k1", "k2"]


def test_unusable_keys_are_replaced_at_once(stage: Stage) -> None:
    """The old keys are unusable, so no session can be lost."""
    manager, session = keys("rubbish")
    waited: list[float] = []
    rotate.rotate_sealing_keys(session, stage, reporter()[0], sleep=waited.append)
    assert KeyRing.parse(manager.written[-1]).current == "k1"
    assert not waited


def test_old_keys_are_dropped_only_when_no_session_can_need_them(stage: Stage) -> None:
    """The command waits until the current key is 30 days old, because the longest session lasts 30 days."""
    manager, session = keys({"current": "k1", "k1": "x" * 64})
    rotate.rotate_sealing_keys(session, stage, reporter()[0], wait=False, now=lambda: DAY)
    with pytest.raises(OpsError, match="29 days old"):
        rotate.drop_old_sealing_keys(session, stage, reporter()[0], now=lambda: 30 * DAY)
    gone = rotate.drop_old_sealing_keys(session, stage, reporter()[0], now=lambda: 32 * DAY)
    assert gone == ["k1"]
    assert set(KeyRing.parse(manager.written[-1]).secrets) == {"k2"}
    assert rotate.drop_old_sealing_keys(session, stage, reporter()[0], now=lambda: 32 * DAY) == []
