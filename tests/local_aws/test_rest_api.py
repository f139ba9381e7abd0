"""Tests of ImportRestApi and PutRestApi as `chalice deploy` calls them, and of the front proxy."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import jwt
import pytest
import requests

from ops.local.front_proxy import HEADER_BYTES, PAYLOAD_BYTES
from ops.local.processes import Processes
from ops.local.programs import front_proxy
from tests.local_aws.cloud import REGION, Cloud
from tests.local_aws.okta_browser import OktaBrowser
from tests.local_aws.pool import Pool
from tests.ports import free_ports

AUTHORIZER = "people"


def document(pool: Pool, function_arn: str, *paths: str) -> dict[str, Any]:
    """Return a swagger document in Chalice's format. `/me…` needs the scope, and all other paths are open."""
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    described: dict[str, Any] = {}
    for path in paths:
        method: dict[str, Any] = {"x-amazon-apigateway-integration": integration}
        if path.startswith("/me"):
            method["security"] = [{AUTHORIZER: [] if path == "/me/anyhow" else ["api/read"]}]
        described[path] = {"get": method, "post": method}
    return {
        "swagger": "2.0",
        "info": {"title": "test", "version": "1.0"},
        "paths": described,
        "securityDefinitions": {
            AUTHORIZER: {
                "in": "header",
                "type": "apiKey",
                "name": "Authorization",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {
                    "type": "cognito_user_pools",
                    "providerARNs": [pool.arn],
                },
            }
        },
        "x-amazon-apigateway-binary-media-types": ["application/octet-stream"],
    }


@pytest.fixture(scope="module")
def function_arn(cloud: Cloud) -> str:
    """Return the ARN of an API handler that returns its event."""
    return cloud.create_function("echo", "echo")


@pytest.fixture
def api(cloud: Cloud, pool: Pool, function_arn: str) -> Iterator[str]:
    """Yield the id of an imported, deployed API."""
    gateway = cloud.client("apigateway")
    body = document(pool, function_arn, "/", "/me", "/me/anyhow", "/items/{name}")
    parameters = {"endpointConfigurationTypes": "REGIONAL"}
    api_id = gateway.import_rest_api(body=json.dumps(body), parameters=parameters)["id"]
    gateway.create_deployment(restApiId=api_id, stageName="api")
    yield str(api_id)
    gateway.delete_rest_api(restApiId=api_id)


def url(cloud: Cloud, api_id: str, path: str) -> str:
    """Return MiniStack's URL of a stage. The URL needs no special DNS."""
    return f"{cloud.url}/_aws/execute-api/{api_id}/api{path}"


def get(address: str, **headers: str) -> requests.Response:
    """Send a GET."""
    return requests.get(address, headers=headers, timeout=30)


def test_an_imported_preflight_answers_with_its_headers(
    cloud: Cloud, pool: Pool, function_arn: str, api: str
) -> None:
    """For `cors=True`, Chalice describes the preflight as a mock integration. The test covers an import and an
    overwrite of the API."""
    gateway = cloud.client("apigateway")
    body = document(pool, function_arn, "/items")
    body["paths"]["/items"]["options"] = {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseParameters": {
                        "method.response.header.Access-Control-Allow-Origin": "'*'"
                    },
                }
            },
        },
    }
    made = gateway.import_rest_api(body=json.dumps(body))["id"]
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(body))
    for each in (made, api):
        gateway.create_deployment(restApiId=each, stageName="api")
        answer = requests.options(url(cloud, each, "/items"), timeout=30)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    gateway.delete_rest_api(restApiId=made)


def test_an_import_keeps_what_the_document_says(cloud: Cloud, api: str) -> None:
    """The API keeps the document's name, endpoint type, binary media types, and path parameters."""
    described = cloud.client("apigateway").get_rest_api(restApiId=api)
    assert described["name"] == "test"
    assert described["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert described["binaryMediaTypes"] == ["application/octet-stream"]
    answer = get(url(cloud, api, "/items/blue")).json()
    assert answer["resource"] == "/items/{name}"
    assert answer["pathParameters"] == {"name": "blue"}


def test_an_imported_authorizer_wants_token_and_scope(
    cloud: Cloud, api: str, browser: OktaBrowser
) -> None:
    """The authorizer refuses a call without a token, with an ID token, or with an access token without the scope. With
    the scope, the gateway passes the claims on."""
    address = url(cloud, api, "/me")
    tokens, narrow = browser.tokens(), browser.tokens(scope="openid email")
    assert get(address).status_code == 401
    assert get(address, Authorization=tokens["id_token"]).status_code in (401, 403)
    assert get(address, Authorization=narrow["access_token"]).status_code in (401, 403)
    answer = get(address, Authorization=f"Bearer {tokens['access_token']}")
    assert answer.json()["claims"]["client_id"] == browser.pool.client_id


def test_path_parameters_stay_encoded(cloud: Cloud, api: str) -> None:
    """The function gets each path parameter exactly as it is in the path: encoded characters stay encoded, and other
    characters stay unencoded."""
    for name in ("ada%40x.example", "a%2Fb", "a%25b", "a%20b+c", "%C3%A4", "%FF", "a@b"):
        answer = get(url(cloud, api, f"/items/{name}"))
        assert (answer.status_code, answer.json()["pathParameters"]) == (200, {"name": name}), name
        assert answer.json()["resource"] == "/items/{name}"


def test_a_repeated_query_parameter_counts_as_its_last(cloud: Cloud, api: str) -> None:
    """The multi-value lists have every value."""
    answer = get(url(cloud, api, "/items/blue?state=first&state=last&one=1")).json()
    assert answer["query"] == {"state": "last", "one": "1"}
    assert answer["queryLists"] == {"state": ["first", "last"], "one": ["1"]}


def test_a_method_without_scopes_wants_an_id_token(
    cloud: Cloud, api: str, browser: OktaBrowser
) -> None:
    """The authorizer accepts an access token only for methods with scopes."""
    address, tokens = url(cloud, api, "/me/anyhow"), browser.tokens()
    assert get(address, Authorization=tokens["id_token"]).status_code == 200
    assert get(address, Authorization=tokens["access_token"]).status_code == 401


def test_the_authorizers_claims_have_dates(cloud: Cloud, api: str, browser: OktaBrowser) -> None:
    """`exp` and `iat` are in Java's date format; `auth_time` is a number as text."""
    token = browser.tokens()["access_token"]
    told = jwt.decode(token, options={"verify_signature": False})
    claims = get(url(cloud, api, "/me"), Authorization=token).json()["claims"]
    for name in ("exp", "iat"):
        text = claims[name].replace(" UTC ", " +0000 ")
        moment = datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")
        assert moment.timestamp() == told[name]
    assert all(isinstance(value, str) for value in claims.values())


def test_an_overwrite_replaces_routes_and_authorizers(
    cloud: Cloud, pool: Pool, api: str, function_arn: str
) -> None:
    """The API keeps its id and its stage."""
    gateway = cloud.client("apigateway")
    body = json.dumps(document(pool, function_arn, "/", "/me/more"))
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=body)
    gateway.create_deployment(restApiId=api, stageName="api")
    assert get(url(cloud, api, "/items/blue")).status_code == 403
    assert get(url(cloud, api, "/me/more")).status_code == 401
    assert get(url(cloud, api, "/")).status_code == 200
    assert len(gateway.get_authorizers(restApiId=api)["items"]) == 1


def test_an_overwrite_wipes_gateway_responses(
    cloud: Cloud, pool: Pool, api: str, function_arn: str
) -> None:
    """As on AWS, a plain `chalice deploy` therefore removes the gateway responses."""
    gateway = cloud.client("apigateway")
    gateway.put_gateway_response(
        restApiId=api, responseType="MISSING_AUTHENTICATION_TOKEN", statusCode="404"
    )
    gateway.create_deployment(restApiId=api, stageName="api")
    assert get(url(cloud, api, "/nowhere")).status_code == 404
    body = json.dumps(document(pool, function_arn, "/"))
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=body)
    gateway.create_deployment(restApiId=api, stageName="api")
    assert get(url(cloud, api, "/nowhere")).status_code == 403


def test_a_function_that_fails_is_502_by_the_gateways_own_answer(cloud: Cloud, pool: Pool) -> None:
    """The response is the customised `DEFAULT_5XX` with our headers and without details of the error."""
    gateway = cloud.client("apigateway")
    arn = cloud.create_function("broken", "broken")
    body = json.dumps(document(pool, arn, "/", "/items/{name}"))
    api = gateway.import_rest_api(body=body)["id"]
    gateway.put_gateway_response(
        restApiId=api,
        responseType="DEFAULT_5XX",
        responseParameters={"gatewayresponse.header.X-Own": "'yes'"},
        responseTemplates={"application/json": '{"error": "own"}'},
    )
    gateway.create_deployment(restApiId=api, stageName="api")
    try:
        answer = get(url(cloud, api, "/items/x"))
        assert (answer.status_code, answer.json()) == (502, {"error": "own"})
        assert answer.headers["X-Own"] == "yes"
        assert "canary" not in answer.text
    finally:
        gateway.delete_rest_api(restApiId=api)


@pytest.fixture
def proxy(cloud: Cloud, api: str) -> Iterator[int]:
    """Run the front proxy in front of the API. Yield the proxy's port."""
    (port,) = free_ports(1)
    aws_port = int(cloud.url.rpartition(":")[2])
    processes = Processes(cloud.state / "proxied")
    try:
        processes.start(front_proxy(cloud.state, port, aws_port, api, "api"))
        yield port
    finally:
        processes.stop()


def test_the_proxy_serves_the_stage_at_the_root(proxy: int) -> None:
    """The proxy passes the query and the body on."""
    answer = requests.post(f"http://localhost:{proxy}/items/blue?x=1", data="hello", timeout=30)
    assert answer.json()["path"] == "/items/blue"
    assert answer.json()["body"] == "hello"


def test_the_proxy_tells_the_true_peer(proxy: int) -> None:
    """If a client sends forwarding headers itself, the proxy removes these headers."""
    forged = {"X-Forwarded-For": "6.6.6.6", "x-forwarded-host": "evil", "Forwarded": "for=6"}
    answer = get(f"http://127.0.0.1:{proxy}/", **forged).json()
    assert answer["sourceIp"] == "127.0.0.1"
    lower = {name.lower(): value for name, value in answer["headers"].items()}
    assert lower["x-forwarded-for"] == "127.0.0.1"
    assert "x-forwarded-host" not in lower
    assert "forwarded" not in lower


def test_the_proxy_passes_every_cookie(proxy: int) -> None:
    """Two Set-Cookie lines stay two lines."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy, timeout=30)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.headers.get_all("Set-Cookie") == ["first=1; Path=/", "second=2; Path=/"]
        answer.read()


def test_the_proxy_keeps_connections_and_reads_chunks(proxy: int) -> None:
    """One connection carries two requests. The body of the first request is chunked."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy, timeout=30)) as connection:
        connection.request("POST", "/", body=iter([b"one ", b"two"]), encode_chunked=True)
        assert json.load(connection.getresponse())["body"] == "one two"
        first = connection.sock
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        assert connection.sock is first


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"X-Big: {'x' * HEADER_BYTES}", 431),
        (f"Content-Length: {PAYLOAD_BYTES + 1}", 413),
        ("Content-Length: many", 400),
    ],
)
def test_the_proxy_refuses_what_api_gateway_refuses(proxy: int, header: str, status: int) -> None:
    """The proxy refuses headers or bodies above the limit, and requests that are not HTTP."""
    with closing(socket.create_connection(("127.0.0.1", proxy), timeout=10)) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        assert connection.recv(64).split()[1] == str(status).encode()
