"""Tests of Cognito's OAuth endpoints: requests, responses, and the HTTP client for the endpoints."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.gatehouse.cognito.http_client import HttpAnswer, HttpClient
from chalicelib.gatehouse.cognito.oauth import OAuthClient, TokenSet, parse_token_answer
from chalicelib.gatehouse.deadline import Budget, Limits
from chalicelib.gatehouse.errors import (
    AccessDenied,
    AccountDisabled,
    InvalidGrant,
    SignInError,
    SignUpRefused,
    TemporarilyUnavailable,
)
from chalicelib.gatehouse.flows.hosted_sign_in import map_callback_error
from tests.doubles.clock import Clock
from tests.doubles.cognito import CognitoDouble, Person, answers, times_out
from tests.doubles.cognito_http import served

CALLBACK = "https://app.example.org/auth/callback"


@pytest.fixture
def cognito(clock: Clock) -> CognitoDouble:
    return CognitoDouble(
        clock,
        "client",
        "s3cret:with colon",
        "https://x.example",
        "https://iss",
        frozenset({CALLBACK}),
        frozenset({"https://app.example.org/?signed_out=1"}),
    )


def client(cognito: CognitoDouble, transport: Any) -> OAuthClient:
    return OAuthClient(
        cognito_url=cognito.url,
        client_id="client",
        load_client_secret=lambda renew: cognito.client_secret,
        transport=transport,
    )


def test_an_answer_with_tokens_is_read() -> None:
    """If the response has no valid refresh token, the app keeps the old refresh token."""
    body = {"access_token": "a", "id_token": "i"}
    assert parse_token_answer(HttpAnswer(200, {**body, "refresh_token": "r"})) == TokenSet(
        "a", "i", "r"
    )
    for odd in (None, "", 7, ["r"]):
        assert (
            parse_token_answer(HttpAnswer(200, {**body, "refresh_token": odd})).refresh_token
            is None
        )


@pytest.mark.security("S-35")
@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(200, None),
        HttpAnswer(200, {}),
        HttpAnswer(200, {"id_token": "i"}),
        HttpAnswer(200, {"access_token": "a", "id_token": 7}),
        HttpAnswer(200, {"error": "invalid_grant"}),
        HttpAnswer(500, {"error": "invalid_grant"}),
        HttpAnswer(429, {"error": "invalid_grant"}),
        HttpAnswer(401, {"error": "invalid_grant"}),
        HttpAnswer(400, {"error": "invalid_request"}),
        HttpAnswer(400, {"error": "INVALID_GRANT"}),
        HttpAnswer(400, {"error": ["invalid_grant"]}),
        HttpAnswer(400, {"error": {"a": 1}}),
        HttpAnswer(400, None),
        HttpAnswer(302, None),
    ],
)
def test_only_a_clear_invalid_grant_ends_a_session(answer: HttpAnswer) -> None:
    """Every other error counts as an outage."""
    with pytest.raises(TemporarilyUnavailable):
        parse_token_answer(answer)
    with pytest.raises(InvalidGrant):
        parse_token_answer(HttpAnswer(400, {"error": "invalid_grant"}))


@pytest.mark.security("S-61")
def test_foreign_text_in_an_error_does_not_reach_the_log() -> None:
    """The log contains only error codes of RFC 6749."""
    with pytest.raises(TemporarilyUnavailable) as caught:
        parse_token_answer(HttpAnswer(400, {"error": "canary", "error_description": "canary"}))
    assert "canary" not in caught.value.detail


def test_an_answer_without_an_id_token_is_one() -> None:
    """The response is valid without an ID token, because Cognito may not grant the scope openid. A sign-in then fails
    (S-16), but a refresh needs no ID token."""
    assert parse_token_answer(HttpAnswer(200, {"access_token": "a"})).id_token is None


@pytest.mark.parametrize(
    ("error", "description", "expected"),
    [
        ("access_denied", "", AccessDenied),
        ("invalid_request", "User+is+not+enabled", AccountDisabled),
        ("access_denied", "User is disabled.", AccountDisabled),
        ("server_error", "", TemporarilyUnavailable),
        ("temporarily_unavailable", "", TemporarilyUnavailable),
        ("invalid_request", "x GATEHOUSE_REFUSED y", SignUpRefused),
        ("invalid_request", "gatehouse_refused", SignInError),
        ("unknown", "", SignInError),
        ("", "", SignInError),
    ],
)
@pytest.mark.security("S-13")
def test_callback_errors_are_mapped(
    error: str, description: str, expected: type[Exception]
) -> None:
    """If the description contains our marker, the marker decides. Otherwise, the codes in the table decide. All other
    codes become one error."""
    assert type(map_callback_error(error, description)) is expected


@pytest.mark.security("S-14")
def test_the_whole_exchange_over_http(cognito: CognitoDouble) -> None:
    """The real HTTP client talks to a real socket. The test covers Basic authentication with a colon in the secret,
    rotation, revocation, and keys."""
    with served(cognito, Person()) as url:
        http = HttpClient()
        oauth = client(cognito, http)
        authorize = oauth.build_authorize_url(
            redirect_uri=CALLBACK,
            state="s",
            nonce="n",
            code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            provider="Okta",
        )
        back = http.get(authorize)
        assert back.status == 302
        code = next(iter(cognito._codes))
        tokens = oauth.exchange_code(
            code=code,
            code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            redirect_uri=CALLBACK,
        )
        assert tokens.refresh_token is not None
        renewed = oauth.refresh(tokens.refresh_token)
        assert renewed.refresh_token not in (None, tokens.refresh_token)
        oauth.revoke(tokens.refresh_token)
        with pytest.raises(InvalidGrant):
            oauth.refresh(tokens.refresh_token)
        keys = http.get(f"{url}/pool/.well-known/jwks.json")
        assert keys.body is not None
        assert len(keys.body["keys"]) == 2
        http.close()


@pytest.mark.security("S-14")
def test_redirects_are_not_followed(cognito: CognitoDouble) -> None:
    """A redirect of the token endpoint would send the secret to another server."""
    with served(cognito, Person()) as url:
        http = HttpClient()
        answer = http.get(f"{url}/logout?logout_uri=https://app.example.org/?signed_out=1")
        assert answer.status == 302
        assert [path for _, path, _ in cognito.requests] == []
        http.close()


@contextmanager
def raw_server(answer: bytes | None) -> Iterator[str]:
    """Serve one connection. Send the bytes of `answer`. With None, wait until the client gives up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                if answer is None:
                    done.wait(5)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            done.set()
            thread.join(5)


def http_answer(
    body: bytes, status: str = "200 OK", length: int | None = None, extra: str = ""
) -> bytes:
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{extra}\r\n".encode()
        + body
    )


@pytest.mark.security("S-14")
@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"nonsense\r\n\r\n",
        http_answer(b"{}", length=99),
        http_answer(b"x" * (256 * 1024 + 1)),
        http_answer(b"not gzip", extra="Content-Encoding: gzip\r\n"),
    ],
    ids=["silence", "closed", "no HTTP", "cut off", "too large", "bad gzip"],
)
def test_a_peer_that_misbehaves_is_an_outage(answer: bytes | None) -> None:
    """After silence, a truncated body or too much data, the client raises TemporarilyUnavailable in time. The error's
    message has no part of the URL."""
    with raw_server(answer) as url:
        http = HttpClient(Budget(Limits(post=0.2)))
        with pytest.raises(TemporarilyUnavailable) as caught:
            http.post_form(f"{url}canary", {"code": "canary"}, ("canary", "canary"))
        http.close()
    assert "canary" not in caught.value.detail


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[1]", None),
        (b"<html>", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b'{"a": 1}', {"a": 1}),
    ],
)
def test_only_json_objects_are_bodies(body: bytes, expected: Any) -> None:
    """For any other body, the result is None. The status of the response stays in the result."""
    with raw_server(http_answer(body, "403 Forbidden")) as url:
        http = HttpClient()
        answer = http.get(url)
        http.close()
    assert (answer.status, answer.body) == (403, expected)


@pytest.mark.security("S-14")
def test_a_peer_sets_no_cookie() -> None:
    """One container serves many people, so a cookie from one person's request must not be in another person's
    request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: of=somebody; Path=/\r\n\r\n{}"
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for _ in range(2):
                    asked.append(connection.recv(65_536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        http = HttpClient()
        for _ in range(2):
            assert http.get(f"http://127.0.0.1:{server.getsockname()[1]}/").status == 200
        http.close()
        thread.join(5)
    assert len(asked) == 2, "both requests use one connection"
    assert b"cookie" not in asked[1].lower()


def test_a_port_where_nobody_listens_is_an_outage() -> None:
    """A refused connection is an outage, like a timeout."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TemporarilyUnavailable):
        HttpClient(pause=lambda: None).get(f"http://127.0.0.1:{port}/")


@pytest.mark.security("S-14")
def test_proxies_and_netrc_of_the_environment_are_ignored(
    cognito: CognitoDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A .netrc file would replace our Authorization header, and a proxy could read the header."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    with served(cognito, Person()):
        http = HttpClient()
        with pytest.raises(InvalidGrant):
            client(cognito, http).refresh("unknown")
        http.close()


@pytest.mark.security("S-59")
def test_the_secret_is_read_past_the_cache_once_when_it_is_refused(cognito: CognitoDouble) -> None:
    """If Cognito refuses the secret, the client makes a second and last attempt. Other errors cause no second
    attempt."""
    asked: list[bool] = []

    def load(renew: bool) -> str:
        asked.append(renew)
        return cognito.client_secret if renew else "old"

    oauth = OAuthClient(
        cognito_url=cognito.url, client_id="client", load_client_secret=load, transport=cognito
    )
    oauth.revoke("unknown")
    assert asked == [False, True]
    asked.clear()
    cognito.fail("revoke", times_out)
    with pytest.raises(TemporarilyUnavailable):
        oauth.revoke("unknown")
    assert asked == [False]
    asked.clear()
    cognito.fail(
        "revoke",
        answers(401, {"error": "invalid_client"}),
        answers(401, {"error": "invalid_client"}),
    )
    with pytest.raises(TemporarilyUnavailable):
        oauth.revoke("unknown")
    assert asked == [False, True]


def test_parameters_are_encoded_and_not_pasted(cognito: CognitoDouble) -> None:
    """A value with `&` and `=` stays one value."""
    oauth = client(cognito, cognito)
    url = oauth.build_authorize_url(
        redirect_uri=CALLBACK, state="a&b=c", nonce="n", code_challenge="c" * 43, provider="COGNITO"
    )
    assert cognito.read_authorize_url(url)["state"] == "a&b=c"
    assert oauth.build_logout_url("https://x/?a=b&c").endswith(
        "logout_uri=https%3A%2F%2Fx%2F%3Fa%3Db%26c"
    )
