"""This module rotates the sealing keys of a stage and the secrets of its app clients. People stay signed in during a
rotation.

Functions cache a secret for `CACHE_SECONDS`, so a new sealing key must not be used before every warm container has read
it. For this reason, a sealing key is first added, and becomes the current key later. For an app client, Cognito accepts
both the old secret and the new secret until the old secret is dropped.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.gatehouse.errors import ConfigurationError
from chalicelib.gatehouse.sealed.sealing import KeyRing
from chalicelib.gatehouse.store.secrets import CACHE_SECONDS

from . import aws
from .errors import OpsError
from .program import PROGRAM
from .report import Reporter
from .stages import Stage

SETTLE_SECONDS = CACHE_SECONDS + 30
"""The time in seconds after which every container uses the newest version of a secret."""

_KEY_BYTES = 48
_REMEMBERED_SECONDS = 30 * 86_400
# The name of the member in which the secret stores each key's creation time. The member's value is not text, so KeyRing
# does not take the member for a key (chalicelib.gatehouse.sealed.sealing).
_MADE = "made"
_CLIENTS = (("CLIENT_ID", "CLIENT_SECRET_ARN"), ("MFA_CLIENT_ID", "MFA_CLIENT_SECRET_ARN"))
_UNKNOWN = ("InvalidAction", "UnknownOperationException", "NotImplemented", "InternalFailure")


def rotate_sealing_keys(
    session: boto3.Session,
    stage: Stage,
    report: Reporter,
    *,
    wait: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> str:
    """Add a key, wait until every container has read the key, and then make it the current key. Return the key's name.

    The app can still decrypt cookies that were encrypted with earlier keys. Without `wait`, a container that has not
    read the new key yet may end a session. So omit the wait only if a key has leaked. If the stored secret is unusable,
    it is replaced. The replacement ends no session, because no session works with an unusable secret.
    """
    report.step("Sealing keys")
    with aws.explained("rotating the sealing keys"):
        manager = aws.client(session, "secretsmanager")
        arn = _variable(stage, "SEALING_KEYS_SECRET_ARN")
        document, ring = _ring(manager, arn)
        pending = _pending(document, ring)
        name = pending or _next_name(document)
        if pending:
            report.note(f"continuing with {name}, which an interrupted rotation added")
        else:
            document[name] = secrets.token_urlsafe(_KEY_BYTES)
            made = document.get(_MADE)
            stamp = datetime.fromtimestamp(now(), timezone.utc).isoformat(timespec="seconds")
            document[_MADE] = {**(made if isinstance(made, dict) else {}), name: stamp}
            document.setdefault("current", name)
            _write(manager, arn, document)
            report.note(f"added {name}")
        if ring is not None and wait:
            report.note(
                f"waiting {SETTLE_SECONDS // 60} minutes until every container has read the key"
            )
            sleep(SETTLE_SECONDS)
        document["current"] = name
        _write(manager, arn, document)
    report.done(f"new cookies are sealed with {name}")
    return name


def drop_old_sealing_keys(
    session: boto3.Session,
    stage: Stage,
    report: Reporter,
    *,
    force: bool = False,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Remove every key except the current key. Return the names of the removed keys.

    Without `force`, raises OpsError while a session with "keep me signed in" may still need an old key.
    """
    report.step("Sealing keys")
    with aws.explained("dropping old sealing keys"):
        manager = aws.client(session, "secretsmanager")
        arn = _variable(stage, "SEALING_KEYS_SECRET_ARN")
        document, ring = _ring(manager, arn)
        if ring is None:
            raise OpsError(
                "The sealing keys cannot be used: first run `rotate-keys` without --drop-old."
            )
        old = sorted(set(ring.secrets) - {ring.current})
        if old and not force:
            _refuse_young(document, ring.current, now())
        for name in old:
            del document[name]
        made = document.get(_MADE)
        if isinstance(made, dict):
            document[_MADE] = {key: when for key, when in made.items() if key not in old}
        if old:
            _write(manager, arn, document)
    report.done(f"dropped {', '.join(old)}" if old else "the secret had no old keys")
    return old


def rotate_client_secrets(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Add a second secret to each app client of the stage, and use the new secret from now on.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html
    """
    with aws.explained("rotating client secrets"):
        for client_id, arn in _clients(stage):
            report.step(f"Secret of app client {client_id}")
            cognito = aws.client(session, "cognito-idp")
            manager = aws.client(session, "secretsmanager")
            document = _document(manager, arn)
            older, newer = _others(_listed(cognito, stage, client_id), document)
            if older:
                raise OpsError(
                    "Cognito allows two secrets, and the secret from before the last rotation is "
                    f"still valid. Drop that secret first: `{PROGRAM} rotate-keys "
                    f"--stage {stage.name} --client-secret --drop-old`."
                )
            for lost in newer:
                # An interrupted rotation made the secret `lost`. Nobody knows its value, because Cognito shows a value
                # only once, and the rotation did not store it.
                _delete(cognito, stage, client_id, lost)
                report.note("removed an unused secret of an interrupted rotation")
            made = cognito.add_user_pool_client_secret(
                UserPoolId=_variable(stage, "USER_POOL_ID"), ClientId=client_id
            )["ClientSecretDescriptor"]
            document.update(
                client_id=client_id,
                client_secret=made["ClientSecretValue"],
                client_secret_id=made["ClientSecretId"],
            )
            _write(manager, arn, document)
            report.done(
                "every function uses the new secret within 5 minutes. After 5 minutes, drop the "
                "old secret with --drop-old"
            )


def drop_old_client_secrets(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Delete every client secret from Cognito, except the secret that the stage stores and uses."""
    with aws.explained("dropping old client secrets"):
        for client_id, arn in _clients(stage):
            report.step(f"Secret of app client {client_id}")
            cognito = aws.client(session, "cognito-idp")
            document = _document(aws.client(session, "secretsmanager"), arn)
            older, newer = _others(_listed(cognito, stage, client_id), document)
            for secret_id in [*older, *newer]:
                _delete(cognito, stage, client_id, secret_id)
            report.done(f"dropped {len(older) + len(newer)}")


def _listed(cognito: Any, stage: Stage, client_id: str) -> list[dict[str, Any]]:
    """List a client's secrets, the oldest first. Cognito's response never contains the values of the secrets."""
    try:
        found = cognito.list_user_pool_client_secrets(
            UserPoolId=_variable(stage, "USER_POOL_ID"), ClientId=client_id
        )["ClientSecrets"]
    except ClientError as error:
        if aws.error_code(error) in _UNKNOWN:
            raise OpsError(
                "This AWS does not offer second client secrets (AddUserPoolClientSecret)."
            ) from error
        raise
    return sorted(found, key=lambda item: item["ClientSecretCreateDate"])


def _others(
    listed: list[dict[str, Any]], document: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the ids of the unused secrets in two lists: secrets that are older than the secret in use, and newer
    secrets.

    The stack stores the first secret without an id. So if no id is stored, the oldest secret is in use.
    """
    ids = [item["ClientSecretId"] for item in listed]
    used = document.get("client_secret_id")
    place = ids.index(used) if used in ids else 0
    return ids[:place], ids[place + 1 :]


def _delete(cognito: Any, stage: Stage, client_id: str, secret_id: str) -> None:
    cognito.delete_user_pool_client_secret(
        UserPoolId=_variable(stage, "USER_POOL_ID"), ClientId=client_id, ClientSecretId=secret_id
    )


def _clients(stage: Stage) -> list[tuple[str, str]]:
    return [
        (stage.environment[client_id], _variable(stage, arn))
        for client_id, arn in _CLIENTS
        if client_id == "CLIENT_ID" or stage.environment.get(client_id)
    ]


def _ring(manager: Any, arn: str) -> tuple[dict[str, Any], KeyRing | None]:
    document = _document(manager, arn)
    try:
        return document, KeyRing.parse(document)
    except ConfigurationError:
        return {}, None


def _document(manager: Any, arn: str) -> dict[str, Any]:
    try:
        found = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
    except (KeyError, ValueError):
        found = None
    return found if isinstance(found, dict) else {}


def _write(manager: Any, arn: str, document: Mapping[str, Any]) -> None:
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps(document))


def _pending(document: Mapping[str, Any], ring: KeyRing | None) -> str:
    """Return the name of the newest key if it has never been the current key. Otherwise, return an empty text."""
    newest = f"k{_highest(document)}"
    return newest if ring and newest != ring.current and newest in _stamps(document) else ""


def _next_name(document: Mapping[str, Any]) -> str:
    return f"k{_highest(document) + 1}"


def _highest(document: Mapping[str, Any]) -> int:
    numbers = [int(key[1:]) for key in document if key.startswith("k") and key[1:].isdecimal()]
    return max(numbers, default=0)


def _stamps(document: Mapping[str, Any]) -> Mapping[str, str]:
    made = document.get(_MADE)
    return made if isinstance(made, dict) else {}


def _refuse_young(document: Mapping[str, Any], current: str, now: float) -> None:
    stamp = _stamps(document).get(current)
    age = now - datetime.fromisoformat(stamp).timestamp() if stamp else _REMEMBERED_SECONDS
    if age < _REMEMBERED_SECONDS:
        raise OpsError(
            f"The current key is {age / 86_400:.0f} days old. Sessions with 'keep me signed in' last "
            "30 days, so an old key may have encrypted some of these sessions. Wait, or pass --yes "
            "to end these sessions."
        )


def _variable(stage: Stage, name: str) -> str:
    value = stage.environment.get(name)
    if not value:
        raise OpsError(
            f"Stage {stage.name!r} has no {name} yet: "
            f"run `{PROGRAM} provision --stage {stage.name}` first."
        )
    return value
