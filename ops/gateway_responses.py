"""This module describes the error responses that API Gateway itself sends before any function runs.

The responses have Gatehouse's format and headers. The module only builds data, and calls no service. `chalice deploy`
calls `put_rest_api`, which removes responses that are not in the API document. So `ops.api_document` adds the responses
to the document. `ops.connect` sets the responses after the API's address exists.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.gatehouse import errors
from chalicelib.gatehouse.edge.security_headers import SECURITY_HEADERS

# API Gateway's own errors have this Content-Type in addition to the security headers.
_CONTENT_TYPE = "application/json; charset=utf-8"


# The responses in `_OF_5XX` include the request's id, so that a person who reports the error can quote the id.
_OF_5XX = frozenset({"DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"})


@dataclass(frozen=True)
class GatewayResponse:
    """One customised response. If `status` is empty, API Gateway keeps the usual status of the response type."""

    kind: str
    code: str
    message: str
    status: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Build the keyword arguments of `put_gateway_response`, without the API's id.

        Header values are static text, which API Gateway expects in single quotes. The template's only variable is API
        Gateway's own id of the request, which is also in the access log. So the response contains no data from the
        caller.
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

# API Gateway treats an unknown path, or an unknown method of a path, like an unsigned call to a path with IAM
# authorization. So the response is MISSING_AUTHENTICATION_TOKEN with status 403. If the request has a header
# `Authorization`, the response is INVALID_SIGNATURE. Gatehouse's paths have no IAM authorization, so these two
# responses become 404.
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

# The responses that the authorizer causes. Routes that use a cookie have no authorizer.
_OF_THE_AUTHORIZER = frozenset({"UNAUTHORIZED", "ACCESS_DENIED", "EXPIRED_TOKEN"})


# The responses to a path that the API does not have, such as a mistyped path.
_NO_SUCH_PATH = frozenset({"MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"})


def gateway_responses(origins: Sequence[str], page: str | None) -> tuple[GatewayResponse, ...]:
    """Build the responses of a stage. `origins` are the stage's `ALLOWED_ORIGINS`. A browser that requests a mistyped
    address is redirected to `page`.

    According to AWS's documentation, a gateway response cannot depend on the Accept header. So every response to an
    unknown path is a 404 in Gatehouse's error format. The `Refresh` header redirects browsers to the page; programs
    ignore this header.
    https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-refresh-header

    The value of a gateway response's header is fixed text or a copy of a request header. API Gateway cannot choose the
    value from a list. If `origins` has a single origin, the CORS header names this origin, as the app's own header
    does. With several origins, the header cannot contain all these origins, and a copy of the request's `Origin` header
    would allow every origin. So with several origins, a response can allow every origin or no other origin. The
    authorizer's own responses allow every origin. This is safe, because these responses are constant text without
    credentials. The remaining responses have no CORS header, so only the app's own origin can read them
    (docs/adr/0007-other-origins.md).
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


# API Gateway writes one line per request. The line contains the path as the API declares it, instead of the requested
# path. The line contains no query string, because a query string may contain a code, a state or an address (S-63).
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
