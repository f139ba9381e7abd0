"""Tests of API Gateway's authorizer in front of the routes, with real and forged tokens. The tests do not use `chalice
local`, because its authorizer differs from API Gateway's authorizer."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.gatehouse.routes.table import PUBLIC_ROUTES
from tests.e2e.stack import Stack, Visitor

DEADLINE_SECONDS = 20


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, Any]:
    return Visitor(stack).sign_in()


@pytest.fixture(scope="module")
def other_client(stack: Stack) -> Iterator[str]:
    """A second app client of the pool, which allows sign-ins by password. Its tokens expire after five minutes."""
    cognito = stack.aws("cognito-idp")
    pool = stack.info["user_pool_id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="other",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=5,
        IdTokenValidity=5,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes"},
    )["UserPoolClient"]["ClientId"]
    yield client
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)


@pytest.fixture(scope="module")
def password_tokens(stack: Stack, other_client: str) -> dict[str, str]:
    demo = stack.info["demo_users"][0]
    answer = stack.aws("cognito-idp").initiate_auth(
        ClientId=other_client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": demo["email"], "PASSWORD": demo["password"]},
    )
    return dict(answer["AuthenticationResult"])


def call(stack: Stack, token: str | None, path: str = "/whoami") -> requests.Response:
    return Visitor(stack).get(path, token)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_a_good_token_gets_data(stack: Stack, tokens: dict[str, Any]) -> None:
    """The response is 200. The response contains the caller's identity from the claims, and the record from the
    table."""
    who = call(stack, tokens["access_token"])
    assert who.status_code == 200
    assert who.json()["sub"] == tokens["user"]["sub"]
    assert "api/read" in who.json()["scopes"]
    me = call(stack, tokens["access_token"], "/me")
    assert me.status_code == 200
    assert me.json()["Email"] == "alice@example.com"


def test_no_token_is_401(stack: Stack) -> None:
    """API Gateway sends the response without a call to the app. The response still has our error format."""
    answer = call(stack, None)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


@pytest.mark.security("S-24")
def test_an_id_token_is_refused(stack: Stack, password_tokens: dict[str, str]) -> None:
    """The authorizer refuses an ID token that the same pool signed."""
    assert call(stack, password_tokens["IdToken"]).status_code in (401, 403)


def test_a_token_without_the_scope_is_refused(
    stack: Stack, password_tokens: dict[str, str]
) -> None:
    """If the person signs in by password with another client, the token has only the scope
    aws.cognito.signin.user.admin."""
    assert "api/read" not in claims_of(password_tokens["AccessToken"])["scope"]
    assert call(stack, password_tokens["AccessToken"]).status_code in (401, 403)


@pytest.mark.security("S-18")
def test_forged_tokens_are_refused(stack: Stack, tokens: dict[str, Any]) -> None:
    """One token is signed with another key under the same `kid`, one has no algorithm, and one has a changed payload.
    The other tokens have invalid content."""
    token = tokens["access_token"]
    header, payload, signature = token.split(".")
    kid = jwt.get_unverified_header(token)["kid"]
    claims = claims_of(token)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    none_header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    richer = {**claims, "cognito:groups": ["admins"]}
    changed = base64.urlsafe_b64encode(json.dumps(richer).encode()).rstrip(b"=").decode()
    forgeries = [
        jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": kid}),
        f"{none_header}.{payload}.",
        f"{header}.{changed}.{signature}",
        "garbage",
        "",
    ]
    assert [call(stack, forged or " ").status_code for forged in forgeries] == [401] * 5


@pytest.mark.security("S-49")
def test_a_token_of_another_client_is_refused_by_the_app(stack: Stack) -> None:
    """API Gateway does not check the audience. A request with a token of another client therefore reaches the app if
    the token has the scope. The app responds with 401."""
    cognito = stack.aws("cognito-idp")
    pool = stack.info["user_pool_id"]
    callback = f"{stack.url}auth/callback"
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="neighbour",
        GenerateSecret=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", "email", "profile", "api/read", "api/write"],
        CallbackURLs=[callback],
        SupportedIdentityProviders=["Okta"],
    )["UserPoolClient"]
    verifier = "v" * 64
    import hashlib

    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    start = requests.get(
        f"{stack.info['cognito_url']}/oauth2/authorize",
        params={
            "response_type": "code",
            "client_id": client["ClientId"],
            "redirect_uri": callback,
            "scope": "openid email profile api/read api/write",
            "state": "s",
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "identity_provider": "Okta",
        },
        allow_redirects=False,
        timeout=30,
    )
    sub = stack.sub("alice@example.com")
    chosen = requests.post(
        start.headers["Location"], data={"sub": sub}, allow_redirects=False, timeout=30
    )
    back = requests.get(chosen.headers["Location"], allow_redirects=False, timeout=60)
    code = requests.utils.urlparse(back.headers["Location"]).query.split("code=")[1].split("&")[0]
    answer = requests.post(
        f"{stack.info['cognito_url']}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "client_id": client["ClientId"],
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": callback,
        },
        auth=(client["ClientId"], client["ClientSecret"]),
        timeout=30,
    )
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])
    token = answer.json()["access_token"]
    assert "api/read" in claims_of(token)["scope"]
    refused = call(stack, token)
    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized")


def test_an_expired_token_is_refused(stack: Stack) -> None:
    """Before its expiry, the same token worked."""
    cognito = stack.aws("cognito-idp")
    pool = stack.info["user_pool_id"]
    described = cognito.describe_user_pool_client(
        UserPoolId=pool, ClientId=stack.info["client_id"]
    )["UserPoolClient"]
    keep = {
        name: value
        for name, value in described.items()
        if value and name not in ("ClientSecret", "CreationDate", "LastModifiedDate")
    }
    # AWS requires a validity of at least five minutes. The local AWS allows less, so this test uses two seconds.
    units = {**keep["TokenValidityUnits"], "AccessToken": "seconds"}
    cognito.update_user_pool_client(
        **{**keep, "AccessTokenValidity": 2, "TokenValidityUnits": units}
    )
    try:
        token = Visitor(stack).sign_in()["access_token"]
        assert call(stack, token).status_code == 200
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (status := call(stack, token).status_code) == 200:
            assert time.monotonic() < deadline, "the token never expired"
        assert status == 401
    finally:
        cognito.update_user_pool_client(**keep)


@pytest.mark.security("S-48")
def test_every_deployed_route_is_public_by_name_or_has_authorizer_and_scope(stack: Stack) -> None:
    """The test reads the routes from API Gateway instead of from the code."""
    gateway = stack.aws("apigateway")
    api = stack.info["rest_api_id"]
    resources = gateway.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
    seen = set()
    for resource in resources:
        for method in resource.get("resourceMethods", {}):
            detail = gateway.get_method(restApiId=api, resourceId=resource["id"], httpMethod=method)
            seen.add((method, resource["path"]))
            if (method, resource["path"]) in PUBLIC_ROUTES or method == "OPTIONS":
                assert detail["authorizationType"] == "NONE"
            else:
                assert detail["authorizationType"] == "COGNITO_USER_POOLS", resource["path"]
                assert detail["authorizationScopes"], resource["path"]
    assert seen >= PUBLIC_ROUTES
    assert ("GET", "/me") in seen
