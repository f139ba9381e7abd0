"""A patch that adds the calls ImportRestApi and PutRestApi (mode=overwrite). `chalice deploy` needs both calls, but
MiniStack lacks them.

MiniStack already reads OpenAPI documents for CloudFormation. This patch adds ImportRestApi, PutRestApi, and the
responses of mock integrations. Chalice answers CORS preflight requests with mock integrations. An overwrite replaces
the resources, authorizers, models and gateway responses, and keeps stages and deployments.
https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .emulator import Emulator, Response, first, replace

SEEN_WITH = "1.5.33"


def apply(emulator: Emulator) -> None:
    """Apply the patch."""
    replace(emulator.rest_apis, "handle_request", lambda handle: _route(emulator, handle))


def _route(
    emulator: Emulator, handle: Callable[..., Awaitable[Response]]
) -> Callable[..., Awaitable[Response]]:
    async def route(
        method: str, path: str, headers: Any, body: bytes, query: Mapping[str, Any]
    ) -> Response:
        parts = path.strip("/").split("/")
        if method == "POST" and parts == ["restapis"] and first(query, "mode") == "import":
            return _import(emulator, json.loads(body), query)
        if method == "PUT" and parts[0] == "restapis" and len(parts) == 2:
            if first(query, "mode") != "overwrite":
                unsupported: Response = emulator.rest_apis._v1_error(
                    "BadRequestException", "Only mode=overwrite is supported here.", 400
                )
                return unsupported
            return _overwrite(emulator, parts[1], json.loads(body))
        return await handle(method, path, headers, body, query)

    return route


def _properties(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that an OpenAPI document states for the whole API."""
    extension = "x-amazon-apigateway-"
    properties: dict[str, Any] = {
        "binaryMediaTypes": document.get(f"{extension}binary-media-types", []),
        "minimumCompressionSize": document.get(f"{extension}minimum-compression-size"),
    }
    if f"{extension}policy" in document:
        properties["policy"] = json.dumps(document[f"{extension}policy"])
    return properties


def _import(emulator: Emulator, document: dict[str, Any], query: Mapping[str, Any]) -> Response:
    properties = _properties(document)
    kind = first(query, "endpointConfigurationTypes")
    if kind:
        properties["endpointConfiguration"] = {"types": [kind]}
    rest_apis = emulator.rest_apis
    api_id = rest_apis._import_rest_api(document, properties)
    _put_integration_responses(emulator, api_id, document)
    _put_gateway_responses(emulator, api_id, document)
    created: Response = rest_apis._v1_response(
        rest_apis._rest_api_view(rest_apis._rest_apis[api_id]), 201
    )
    return created


def _overwrite(emulator: Emulator, api_id: str, document: dict[str, Any]) -> Response:
    rest_apis = emulator.rest_apis
    api = rest_apis._rest_apis.get(api_id)
    if not api:
        missing: Response = rest_apis._v1_error(
            "NotFoundException", "Invalid API identifier specified", 404
        )
        return missing
    api.update({name: value for name, value in _properties(document).items() if value is not None})
    api["name"] = str(document.get("info", {}).get("title") or api["name"])
    resources = rest_apis._resources[api_id]
    root = next(resource for resource in resources.values() if resource["path"] == "/")
    root["resourceMethods"] = {}
    rest_apis._resources[api_id] = {root["id"]: root}
    for store in (rest_apis._authorizers_v1, rest_apis._models, rest_apis._gateway_responses):
        store[api_id] = {}
    schemes = rest_apis._import_security_schemes(api_id, document)
    for path, item in document.get("paths", {}).items():
        rest_apis._import_path_item(api_id, path, item, schemes, document.get("security"))
    _put_integration_responses(emulator, api_id, document)
    _put_gateway_responses(emulator, api_id, document)
    updated: Response = rest_apis._v1_response(rest_apis._rest_api_view(api))
    return updated


def _put_integration_responses(
    emulator: Emulator, api_id: str, document: Mapping[str, Any]
) -> None:
    """Set the responses of each integration to the document's `x-amazon-apigateway-integration.responses`. The keys of
    `responses` are selection patterns.
    """
    for resource in emulator.rest_apis._resources[api_id].values():
        described = document.get("paths", {}).get(resource["path"], {})
        for name, method in resource["resourceMethods"].items():
            extension = described.get(name.lower(), {}).get("x-amazon-apigateway-integration", {})
            responses = extension.get("responses", {})
            if responses:
                method["methodIntegration"]["integrationResponses"] = {
                    str(response["statusCode"]): {
                        **response,
                        "selectionPattern": "" if pattern == "default" else pattern,
                    }
                    for pattern, response in responses.items()
                }


def _put_gateway_responses(emulator: Emulator, api_id: str, document: Mapping[str, Any]) -> None:
    for kind, settings in document.get("x-amazon-apigateway-gateway-responses", {}).items():
        emulator.rest_apis._put_gateway_response(api_id, kind, settings)
