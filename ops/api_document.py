"""This module adds the gateway responses to the API document that Chalice sends to API Gateway. Without this addition,
`chalice deploy` would remove the responses.

Chalice updates an API with `put_rest_api` in mode overwrite. In this mode, `put_rest_api` removes each gateway response
that is not in the document, and Chalice's own documents contain no gateway responses. Like `ops.exact_package`, this
module patches Chalice in the process that loads the app.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.gatehouse.setting_values import parse_list

from .gateway_responses import gateway_responses
from .mount import Mount

EXTENSION = "x-amazon-apigateway-gateway-responses"
_INSTALLED = "_gatehouse_answers"


def install() -> None:
    """Patch Chalice in this process; a second call changes nothing."""
    from chalice.deploy import deployer

    if hasattr(deployer, _INSTALLED):
        return
    builder = deployer.SwaggerBuilder
    type.__setattr__(builder, "handle", _with_answers(builder.handle))
    setattr(deployer, _INSTALLED, True)


def extension(origins: list[str], page: str | None) -> dict[str, Mapping[str, Any]]:
    """Return the extension for a stage's API document. The extension maps each response type to the arguments of
    `put_gateway_response`.
    """
    requests = (response.request() for response in gateway_responses(origins, page))
    return {request.pop("responseType"): request for request in requests}


def _with_answers(handle: Callable[..., None]) -> Callable[..., None]:
    """Return a wrapper of `SwaggerBuilder.handle`. The wrapper also adds the gateway responses to the API document."""

    def with_answers(self: Any, config: Any, resource: Any) -> None:
        handle(self, config, resource)
        document = getattr(resource, "swagger_doc", None)
        if isinstance(document, dict) and "paths" in document:
            origins, page = _of_stage(config)
            document[EXTENSION] = extension(origins, page)

    return with_answers


def root_of(environment: Mapping[str, str], domain: Mapping[str, Any], rest_api_url: str) -> str:
    """Return the URL of an API's root, without a slash at the end. The URL is the first known URL of these three:
    `PUBLIC_URL`, the custom domain's URL, and AWS's URL.

    The result is empty if all three URLs are unknown.
    """
    if environment.get("PUBLIC_URL"):
        return environment["PUBLIC_URL"].rstrip("/")
    if domain.get("domain_name"):
        prefix = str(domain.get("url_prefix", "")).strip("/")
        return f"https://{domain['domain_name']}/{prefix}".rstrip("/")
    return rest_api_url.rstrip("/")


def _of_stage(config: Any) -> tuple[list[str], str | None]:
    """Return two values: `ALLOWED_ORIGINS`, and the address of the page for mistyped paths. The address may be `None`
    before the first deployment.
    """
    gate = getattr(config.chalice_app, "gatehouse", None)
    environment = config.environment_variables
    try:
        deployed = config.deployed_resources(config.chalice_stage)
        url = str(deployed.resource_values("rest_api").get("rest_api_url", ""))
    except ValueError:  # the stage has not been deployed yet
        url = ""
    root = root_of(environment, config.api_gateway_custom_domain or {}, url)
    page = Mount(gate.prefix).page_for_lost(f"{root}/") if gate is not None and root else None
    return parse_list(environment.get("ALLOWED_ORIGINS", "")), page
