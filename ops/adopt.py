"""This module finds the API that an interrupted first deployment made, so that the next deployment reuses the API.

Chalice writes `.chalice/deployed/<stage>.json` at the very end of a deployment. If a deployment stops before its end,
or if nobody commits the file, a later deployment would make a second API with another address. So before Chalice runs,
this module finds the API that calls this stage's function, and writes the API's id into the file. Functions need no
such step, because Chalice finds functions by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3

from . import aws
from .errors import OpsError
from .pool_addresses import partition_of
from .report import Reporter
from .stages import Stage

_SCHEMA = "2.0"


def adopt_api(session: boto3.Session, stage: Stage, report: Reporter) -> None:
    """Write the id of the stage's API into Chalice's file, unless the file already contains an id.

    Raises OpsError if several APIs call the stage's function.
    """
    resources = _recorded(stage)
    if any(resource.get("name") == "rest_api" for resource in resources):
        return
    with aws.explained("looking for an existing API of this stage"):
        found = list(apis_of(session, stage))
    if not found:
        return
    if len(found) > 1:
        raise OpsError(
            f"Several APIs call {stage.api_function}: {', '.join(found)}. {stage.deployed_file} "
            "does not say which of these APIs people use. Get that file from the person who "
            "deployed last, or delete the unused APIs (API Gateway console)."
        )
    report.note(f"continuing with API {found[0]}, which an earlier deployment made")
    suffix = partition_of(stage.region).dns_suffix
    url = f"https://{found[0]}.execute-api.{stage.region}.{suffix}/{stage.api_gateway_stage}/"
    api = {
        "name": "rest_api",
        "resource_type": "rest_api",
        "rest_api_id": found[0],
        "rest_api_url": url,
    }
    stage.deployed_file.parent.mkdir(parents=True, exist_ok=True)
    stage.deployed_file.write_text(
        json.dumps(
            {"resources": [*resources, api], "schema_version": _SCHEMA, "backend": "api"}, indent=2
        ),
        encoding="utf-8",
    )


def apis_of(session: boto3.Session, stage: Stage) -> Iterator[str]:
    """Return the ids of the REST APIs whose root calls the stage's function.

    All stages of an app have APIs with the same name, so a name does not identify an API.
    """
    gateway = aws.client(session, "apigateway")
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api.get("name") == stage.app_name and _leads_to(gateway, api["id"], stage):
                yield str(api["id"])


def _leads_to(gateway: Any, api_id: str, stage: Stage) -> bool:
    wanted = f":function:{stage.api_function}/invocations"
    for page in gateway.get_paginator("get_resources").paginate(
        restApiId=api_id, embed=["methods"]
    ):
        for resource in page["items"]:
            for method in resource.get("resourceMethods", {}).values():
                uri = method.get("methodIntegration", {}).get("uri", "")
                if uri:
                    return bool(uri.endswith(wanted))
    return False


def _recorded(stage: Stage) -> list[dict[str, Any]]:
    try:
        found = json.loads(stage.deployed_file.read_text(encoding="utf-8"))["resources"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
