"""Tests of the front proxy over TLS: the protocols, the removed header, and the response to plain HTTP."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.local.authority import Certificate
from ops.local.front_proxy import Upstream, servers

HSTS = "max-age=63072000; includeSubDomains"


class Api(BaseHTTPRequestHandler):
    """An app that sends HSTS, as our app does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response_only(404 if self.path.endswith("missing") else 200)
        self.send_header("strict-transport-security", HSTS)
        self.send_header("X-Own", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread. Yield the port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy(certificate: Path | None) -> Iterator[int]:
    """Run the proxy in front of the app. Yield the proxy's port."""
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Api)) as api:
        first, *others = servers(0, Upstream(api, "abc", "api"), certificate)
        for other in others:
            other.server_close()
        with running(first) as port:
            yield port


@pytest.fixture(scope="module")
def secure(certificate: Certificate) -> Iterator[int]:
    with proxy(certificate.file) as port:
        yield port


@pytest.fixture(scope="module")
def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.ca_file))


def ask(
    connection: http.client.HTTPConnection, method: str = "GET", path: str = "/x"
) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize("path", ["/x", "/missing"])
def test_hsts_does_not_pass_over_https(secure: int, trusting: ssl.SSLContext, path: str) -> None:
    """A browser would apply HSTS to every port of localhost, and could then open no http://localhost page."""
    with closing(http.client.HTTPSConnection("localhost", secure, context=trusting)) as there:
        answer, body = ask(there, path=path)
    assert body == b"/api" + path.encode()
    assert answer.getheader("X-Own") == "yes"
    assert answer.getheader("Strict-Transport-Security") is None


def test_hsts_does_not_pass_over_plain_http() -> None:
    """Over plain HTTP, browsers ignore the header anyway."""
    with proxy(None) as port, closing(http.client.HTTPConnection("localhost", port)) as there:
        answer, body = ask(there)
    assert body == b"/api/x"
    assert answer.getheader("Strict-Transport-Security") is None


def test_one_connection_serves_several_requests(secure: int, trusting: ssl.SSLContext) -> None:
    """A TLS handshake for each request would take longer than the requests."""
    with closing(http.client.HTTPSConnection("localhost", secure, context=trusting)) as there:
        ask(there)
        first = there.sock
        ask(there)
        assert there.sock is first


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/auth/login?provider=Okta", "//evil.example/"])
def test_plain_http_is_led_to_https(secure: int, method: str, path: str) -> None:
    """A person may type the address without a scheme. The redirect has the same path, and leads only to this host."""
    with closing(http.client.HTTPConnection("localhost", secure)) as there:
        answer, body = ask(there, method, path)
    assert answer.status == 307
    led = f"https://localhost:{secure}/{path.lstrip('/')}"
    assert answer.getheader("Location") == led
    assert answer.getheader("Cache-Control") == "no-store"
    assert body.decode() == (f"This port speaks HTTPS: {led}\n" if method == "GET" else "")


def test_a_plain_post_is_refused_with_the_address(secure: int) -> None:
    """A program that posts without TLS has the wrong address. The proxy sends no redirect, because the program would
    then send the data again."""
    with closing(http.client.HTTPConnection("localhost", secure)) as there:
        answer, body = ask(there, "POST", "/auth/refresh")
    assert answer.status == 400
    assert body == f"This port speaks HTTPS: https://localhost:{secure}/auth/refresh\n".encode()
    assert answer.getheader("Location") is None


def test_a_silent_or_distrustful_client_holds_nobody_up(
    secure: int, trusting: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some browsers open a connection before they have a request. Other browsers do not trust the authority yet. Each
    such refusal causes one line in the log."""
    with socket.create_connection(("127.0.0.1", secure)):
        strangers = ssl.create_default_context()
        with (
            pytest.raises(ssl.SSLError),
            closing(http.client.HTTPSConnection("localhost", secure, context=strangers)) as there,
        ):
            ask(there)
        with closing(http.client.HTTPSConnection("localhost", secure, context=trusting)) as there:
            assert ask(there)[0].status == 200
    assert "Traceback" not in capsys.readouterr().err


def test_old_versions_of_tls_are_refused(secure: int, certificate: Certificate) -> None:
    """API Gateway also refuses old versions of TLS."""
    old = ssl.create_default_context(cafile=str(certificate.ca_file))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with closing(http.client.HTTPSConnection("localhost", secure, context=old)) as there:
        assert ask(there)[0].status == 200
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        pytest.raises(OSError, match=r"(?i)ssl|reset"),
        closing(http.client.HTTPSConnection("localhost", secure, context=old)) as there,
    ):
        ask(there)
