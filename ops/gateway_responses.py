"""What API Gateway itself answers before any function runs: our envelope, our headers.

Pure data. `put_rest_api`, which `chalice deploy` uses, wipes these, so they are part of its document
(`ops.api_document`), and `ops.connect` puts them once more when the API's address is known.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.gatehouse import errors
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS

# The header names API Gateway's own errors get besides the security headers.
_CONTENT_TYPE = "application/json; charset=utf-8"


# Whoever reports one of these is helped by its id.
_OF_5XX = frozenset({"DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"})


@dataclass(frozen=True)
class GatewayResponse:
    """One customised answer. Without `status` API Gateway keeps the type's own."""

    kind: str
    code: str
    message: str
    status: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Build the keyword arguments of `put_gateway_response`, without the API's id.

        Header values are static text, which API Gateway wants in a pair of single quotes. The
        template's only variable is API Gateway's own id of the request, by which the access log names
        it: nothing that a caller sent is reflected.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
        """
        headers = {**SECURITY_HEADERS, "Content-Type": _CONTENT_TYPE, **self.headers}
        said = {"error": self.code, "message": self.message}
        if self.kind in _OF_5XX:
            said["request_id"] = "$context.requestId"
        body = json.dumps(said)
        return {
            "responseType": self.kind,
            **({"statusCode": self.status} if self.status else {}),
            "responseParameters": {
                f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
            },
            "responseTemplates": {"application/json": body},
        }


def _like(kind: str, error: type[errors.GatehouseError], status: str = "") -> GatewayResponse:
    return GatewayResponse(kind, error.code, error.message, status)


_TOO_MANY = "Too many requests. Please wait a moment and try again."

# API Gateway takes an unknown path, or a method it does not know on a path, for an unsigned
# call to an IAM-protected one, hence MISSING_AUTHENTICATION_TOKEN, INVALID_SIGNATURE (a header
# `Authorization` is there) and their 403. Nothing here is IAM-protected: all of them are 404.
GATEWAY_RESPONSES: tuple[GatewayResponse, ...] = (
    _like("DEFAULT_4XX", errors.InvalidRequest),
    _like("DEFAULT_5XX", errors.GatehouseError),
    _like("UNAUTHORIZED", errors.Unauthorized),
    _like("ACCESS_DENIED", errors.Forbidden),
    _like("EXPIRED_TOKEN", errors.Unauthorized, "401"),
    _like("WAF_FILTERED", errors.Forbidden),
    _like("MISSING_AUTHENTICATION_TOKEN", errors.NotFound, "404"),
    _like("INVALID_SIGNATURE", errors.NotFound, "404"),
    _like("RESOURCE_NOT_FOUND", errors.NotFound),
    _like("REQUEST_TOO_LARGE", errors.PayloadTooLarge),
    _like("UNSUPPORTED_MEDIA_TYPE", errors.UnsupportedMediaType),
    GatewayResponse("THROTTLED", "too_many_requests", _TOO_MANY, headers={"Retry-After": "1"}),
    GatewayResponse("QUOTA_EXCEEDED", "too_many_requests", _TOO_MANY),
    _like("INTEGRATION_FAILURE", errors.TemporarilyUnavailable, "503"),
    _like("INTEGRATION_TIMEOUT", errors.TemporarilyUnavailable, "503"),
)

# Only the authorizer gives these, so no route with a cookie ever answers them.
_OF_THE_AUTHORIZER = frozenset({"UNAUTHORIZED", "ACCESS_DENIED", "EXPIRED_TOKEN"})


# What somebody meets who mistypes a path: the stage has no such resource.
_NO_SUCH_PATH = frozenset({"MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"})


def gateway_responses(origins: Sequence[str], page: str | None) -> tuple[GatewayResponse, ...]:
    """Build the answers of a stage whose ALLOWED_ORIGINS are `origins`; `page` is where people who are lost are led.

    A gateway response cannot look at Accept, and nothing says that it picks its template by it. So an
    unknown path stays 404 with our envelope for everybody, and carries `Refresh`, which browsers that
    go there follow to the page and programs do not know.
    https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-refresh-header

    A header of a gateway response is static text or a header of the request, never a choice. One
    origin is named, as the app itself would. Of several none can be: reflecting Origin would name
    strangers, so the authorizer's own answers, constant text asked for without credentials, are
    readable by all, and the others by nobody (docs/adr/0007-other-origins.md).
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
    """
    leading = {"Refresh": f"0; url={page}?error=not_found"} if page else {}
    answers = tuple(
        _with(response, leading) if response.kind in _NO_SUCH_PATH else response
        for response in GATEWAY_RESPONSES
    )
    if not origins:
        return answers
    exposed = {"Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}
    if len(origins) == 1:
        cors = {
            "Access-Control-Allow-Origin": origins[0],
            "Access-Control-Allow-Credentials": "true",
            **exposed,
        }
        return tuple(_with(response, cors) for response in answers)
    return tuple(
        _with(response, {"Access-Control-Allow-Origin": "*", **exposed})
        if response.kind in _OF_THE_AUTHORIZER
        else response
        for response in answers
    )


def _with(response: GatewayResponse, headers: Mapping[str, str]) -> GatewayResponse:
    return replace(response, headers={**response.headers, **headers})


# One line per request: the path as it is declared, never as it was asked for, and no query string,
# which may hold a code, a state or an address (S-63).
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
ACCESS_LOG_FORMAT = json.dumps(
    {
        "request_id": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "source_ip": "$context.identity.sourceIp",
        "method": "$context.httpMethod",
        "resource": "$context.resourcePath",
        "status": "$context.status",
        "latency_ms": "$context.responseLatency",
        "error_type": "$context.error.responseType",
    }
)
