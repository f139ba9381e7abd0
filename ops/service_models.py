"""This module reduces botocore's data for the zip. The zip needs only the operations that Gatehouse calls, and the
endpoints of the services with these operations.

With botocore's own data, a boto3 client lists botocore's data folder at a cold start. Then the client reads 1.5 MB of
JSON with the whole models of three services, and 1.2 MB of endpoints. The zip contains a reduced copy of this
data, which `chalicelib.gatehouse.aws_models` reads in place of the whole data. `ops` makes the copy from the
installed botocore when it builds the zip. Descriptions are removed; types and limits are kept. The repository does not
contain the copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from chalicelib.gatehouse import aws_models

#: Service → every operation of the service that Gatehouse's functions call. A test compares `OPERATIONS` with the code.
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "cognito-idp": (
        "AdminDeleteUser",
        "AdminDeleteUserAttributes",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminInitiateAuth",
        "AdminLinkProviderForUser",
        "AdminListGroupsForUser",
        "AdminRespondToAuthChallenge",
        "AdminSetUserMFAPreference",
        "AdminSetUserPassword",
        "AdminUpdateUserAttributes",
        "AdminUserGlobalSignOut",
        "AssociateSoftwareToken",
        "CompleteWebAuthnRegistration",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "DeleteWebAuthnCredential",
        "ForgotPassword",
        "GetTokensFromRefreshToken",
        "ListUsers",
        "ListWebAuthnCredentials",
        "ResendConfirmationCode",
        "RevokeToken",
        "SetUserMFAPreference",
        "SignUp",
        "StartWebAuthnRegistration",
        "VerifySoftwareToken",
    ),
    "dynamodb": ("DeleteItem", "GetItem", "Query", "Scan", "UpdateItem"),
    "lambda": ("Invoke",),
    "secretsmanager": ("GetSecretValue",),
    "sqs": ("SendMessageBatch",),
}
_PACKAGE = str(aws_models.__package__).replace(".", "/")
#: Paths in the zip: the folder of the reduced files, and the module that reads the files.
FOLDER = f"{_PACKAGE}/{aws_models.FOLDER.name}"
READER = f"{_PACKAGE}/{Path(aws_models.__file__).name}"
_KEPT_OF_OPERATIONS = (
    "name",
    "http",
    "input",
    "output",
    "auth",
    "authtype",
    "endpoint",
    "endpointdiscovery",
    "httpChecksumRequired",
    "idempotent",
    "operationContextParams",
    "staticContextParams",
)
#: Keys that are removed. Patterns and lists of values only document a value: botocore does not check them.
_FOR_READERS = frozenset({"documentation", "documentationUrl", "enum", "pattern"})


@cache
def files() -> dict[str, bytes]:
    """Return the reduced files for the zip: name → contents."""
    loader = Loader()
    made: dict[str, Any] = {
        "endpoints": _cut_addresses(loader.load_data("endpoints")),
    }
    for service, operations in OPERATIONS.items():
        model = loader.load_service_model(service, "service-2")
        made[f"{service}/service-2"] = cut(model, operations)
    return {
        f"{FOLDER}/{name}.json": json.dumps(data, separators=(",", ":")).encode()
        for name, data in made.items()
    } | {f"{FOLDER}/NOTICE": _notice()}


def cut(model: Mapping[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    """Return a service's model with only the `operations` and their shapes. Errors keep only their names."""
    kept = {
        name: {
            key: _without_texts(value) if key in ("input", "output") else value
            for key, value in model["operations"][name].items()
            if key in _KEPT_OF_OPERATIONS
        }
        for name in operations
    }
    shapes: dict[str, Any] = {}
    waiting = [
        operation[side]["shape"]
        for operation in kept.values()
        for side in ("input", "output")
        if side in operation
    ]
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = _cut_shape(model["shapes"][name])
            waiting += _shapes_in(shapes[name])
    rest = {
        name: model[name]
        for name in ("version", "metadata", "clientContextParams")
        if name in model
    }
    return {**rest, "operations": kept, "shapes": shapes}


def _cut_shape(shape: Mapping[str, Any]) -> dict[str, Any]:
    found = _without_texts({name: value for name, value in shape.items() if name != "members"})
    if "members" in shape:
        # All members are kept, even a member with the name `documentation`.
        found["members"] = {
            name: _without_texts(member) for name, member in shape["members"].items()
        }
    return found


def _shapes_in(shape: Mapping[str, Any]) -> Iterator[str]:
    for member in (*shape.get("members", {}).values(), *map(shape.get, ("member", "key", "value"))):
        if member:
            yield member["shape"]


def _without_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_texts(value) if isinstance(value, dict) else value
        for name, value in data.items()
        if name not in _FOR_READERS
    }


def _cut_addresses(endpoints: Mapping[str, Any]) -> dict[str, Any]:
    partitions = [
        {
            **partition,
            "services": {
                name: found for name, found in partition["services"].items() if name in OPERATIONS
            },
        }
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _notice() -> bytes:
    """Build the notice for the zip. botocore's licence requires botocore's own notice, and a statement of the changes
    (Apache License 2.0, 4).
    """
    botocore = distribution("botocore")
    texts = [
        file.read_text() for file in botocore.files or () if file.name in ("NOTICE", "LICENSE.txt")
    ]
    said = (
        f"These files are a shortened copy of botocore's data (version {botocore.version}): a few operations "
        "with their shapes and addresses, without texts. botocore's own notice and licence:\n"
    )
    return "\n".join((said, *sorted(texts, key=len))).encode()
