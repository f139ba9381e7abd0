"""Tests of Cognito's calls to an identity provider, with a provider that the test controls."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from ops.local.mends.emulator import Emulator
from ops.local.mends.identity_provider import SignInRefusedError, fetch_claims


@dataclass
class Provider:
    """An identity provider that has one response for each path. Its ID token has few claims, like the ID token of
    Okta's org authorization server."""

    url: str = ""
    id_claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Any:
        """Return the document at a path. If the document is None, the provider answers with an error 500."""
        self.requests.append(path)
        documents = {
            "/.well-known/openid-configuration": {
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
            },
            "/token": {"access_token": "at", "id_token": jwt(self.id_claims)},
            "/userinfo": self.userinfo,
        }
        return documents.get(path)

    def fetch(self) -> dict[str, Any]:
        """Exchange a code at the provider."""
        details = {"oidc_issuer": self.url, "client_id": "me", "client_secret": "s"}
        return fetch_claims(_EMULATOR, {}, {"ProviderDetails": details}, "code").claims


def jwt(claims: dict[str, Any]) -> str:
    """Return an unsigned token."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"e30.{payload}.sig"


_COGNITO = SimpleNamespace(
    _oidc_callback_url=lambda pool: "http://127.0.0.1:1/oauth2/idpresponse",
    _decode_id_token_unverified=lambda token: json.loads(
        base64.urlsafe_b64decode(token.split(".")[1])
    ),
)
_EMULATOR = Emulator(None, _COGNITO, None, None, None, None, None, None, None)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Yield a running provider."""
    described = Provider()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            document = described.answer(self.path)
            self.send_response(200 if document is not None else 500)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        do_GET = do_POST = answer  # noqa: N815 - the base class calls these names

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        described.url = f"http://127.0.0.1:{server.server_address[1]}"
        described.id_claims = {"iss": described.url, "aud": "me", "sub": "00uX"}
        described.userinfo = {"sub": "00uX", "email": "x@example.com"}
        yield described
        server.shutdown()


def test_a_thin_id_token_is_filled_from_userinfo(provider: Provider) -> None:
    """If the ID token and userinfo have the same claim, the pool stores the ID token's value."""
    provider.id_claims["given_name"] = "From the token"
    provider.userinfo["given_name"] = "From userinfo"
    claims = provider.fetch()
    assert claims["email"] == "x@example.com"
    assert claims["given_name"] == "From the token"


def test_userinfo_of_somebody_else_is_ignored(provider: Provider) -> None:
    """According to OpenID Connect Core 5.3.2, the `sub` of userinfo must equal the `sub` of the ID token."""
    provider.userinfo["sub"] = "00uOther"
    assert "email" not in provider.fetch()


@pytest.mark.parametrize("wrong", [{"iss": "https://evil.example"}, {"aud": "other"}])
def test_another_issuer_or_audience_is_refused(provider: Provider, wrong: dict[str, str]) -> None:
    """The ID token must be from this provider and for this client."""
    provider.id_claims.update(wrong)
    with pytest.raises(SignInRefusedError, match="issuer or audience"):
        provider.fetch()


def test_a_failing_provider_is_a_refusal(provider: Provider) -> None:
    """The sign-in ends with an error at the app's callback, and does not crash."""
    provider.url += "/nowhere"
    with pytest.raises(SignInRefusedError, match="identity provider failed"):
        provider.fetch()
