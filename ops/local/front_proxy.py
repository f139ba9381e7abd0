"""A reverse proxy from https://localhost:PORT/ to the local REST API's stage.

The proxy does the work of API Gateway's front end. It sends a Host header that contains the API's id. It also replaces
the client's X-Forwarded-* headers by one header with the client's true address. The proxy refuses requests that are too
large for API Gateway.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html

Over TLS, the proxy also supports HTTP/2, as API Gateway does (http2.py).

In one point, the proxy differs from API Gateway on purpose: it removes the header Strict-Transport-Security. Browsers
apply that header to all ports of a host (RFC 6797, 8.3), so the header would break every other http://localhost of this
machine.
"""

from __future__ import annotations

import argparse
import http.client
import importlib
import importlib.util
import io
import socket
import ssl
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAYLOAD_BYTES = 10 * 1024 * 1024
HEADER_BYTES = 10_240
_UPSTREAM_SECONDS = 35
_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
_NOT_ON_LOCALHOST = frozenset(("strict-transport-security",))
# The first byte of every TLS connection (RFC 8446, 5.1). HTTP requests begin with another byte.
_TLS_HANDSHAKE = b"\x16"
_OURS = frozenset(("host", "forwarded", "content-length", "expect"))


@dataclass(frozen=True)
class Upstream:
    """The REST API's stage behind the proxy."""

    port: int
    api_id: str
    stage: str

    @property
    def host(self) -> str:
        """The Host header with the API's id, as in execute-api's host names on AWS."""
        return f"{self.api_id}.execute-api.127.0.0.1:{self.port}"


class _RefusedError(Exception):
    """The error for a request that API Gateway would refuse."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """A handler that forwards one request and its response."""

    protocol_version = "HTTP/1.1"
    upstream: Upstream
    # Nagle's algorithm would hold a small response back until the peer's delayed acknowledgement arrives.
    disable_nagle_algorithm = True

    def _pass(self) -> None:
        try:
            body = self._read_body()
        except _RefusedError as refused:
            self._refuse(refused.status, str(refused))
            return
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.upstream.port, timeout=_UPSTREAM_SECONDS
        )
        try:
            self._send_on(connection, body)
            self._send_back(connection.getresponse())
        except (OSError, http.client.HTTPException) as failure:
            self._refuse(502, f"The local AWS did not answer: {type(failure).__name__}")
        finally:
            connection.close()

    # The base class calls the handlers of HTTP methods by these names.
    do_GET = do_HEAD = do_POST = _pass  # noqa: N815
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _pass  # noqa: N815

    def _read_body(self) -> bytes:
        if sum(len(name) + len(value) + 4 for name, value in self.headers.items()) > HEADER_BYTES:
            raise _RefusedError(431, "Request Header Fields Too Large")
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            raise _RefusedError(400, "Bad Request")
        if int(length) > PAYLOAD_BYTES:
            raise _RefusedError(413, "Request Too Long")
        return self.rfile.read(int(length))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(64).split(b";")[0], 16)
            except ValueError as garbled:
                raise _RefusedError(400, "Bad Request") from garbled
            if size < 0 or len(body) + size > PAYLOAD_BYTES:
                raise _RefusedError(413, "Request Too Long")
            if size == 0:
                while self.rfile.readline(HEADER_BYTES).strip():
                    continue
                return bytes(body)
            body += self.rfile.read(size)
            self.rfile.readline(8)

    def _send_on(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        path = self.path if self.path.startswith("/") else "/"
        connection.putrequest(
            self.command,
            f"/{self.upstream.stage}{path}",
            skip_host=True,
            skip_accept_encoding=True,
        )
        connection.putheader("Host", self.upstream.host)
        connection.putheader("X-Forwarded-For", str(self.client_address[0]))
        for name, value in self.headers.items():
            lower = name.lower()
            if lower not in _HOP_BY_HOP | _OURS and not lower.startswith("x-forwarded-"):
                connection.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)

    def _send_back(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        length = answer.getheader("Content-Length")
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP | _NOT_ON_LOCALHOST:
                self.send_header(name, value)
        bodyless = self.command == "HEAD" or answer.status in (204, 304)
        chunked = length is None and not bodyless
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bodyless and (part := answer.read1(65536)):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, status: int, message: str) -> None:
        """Send the error response that API Gateway would send."""
        body = b'{"message":"%b"}' % message.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Write no log, because request lines contain authorization codes."""


class PlainHandler(BaseHTTPRequestHandler):
    """A handler for plain HTTP requests to the HTTPS port. The response contains the app's HTTPS address."""

    protocol_version = "HTTP/1.1"

    def _point(self) -> None:
        path = self.path if self.path.startswith("/") else "/"
        url = f"https://localhost:{self.connection.getsockname()[1]}{path}"
        followed = self.command in ("GET", "HEAD")
        body = f"This port speaks HTTPS: {url}\n".encode()
        self.send_response_only(307 if followed else 400)
        if followed:
            self.send_header("Location", url)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    # The base class calls the handlers of HTTP methods by these names.
    do_GET = do_HEAD = do_POST = _point  # noqa: N815
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _point  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Write no log, because request lines contain authorization codes."""


class _Server(ThreadingHTTPServer):
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve each connection in a separate thread, so that a slow handshake does not delay other connections."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        try:
            first = request.recv(1, socket.MSG_PEEK)
            if first == _TLS_HANDSHAKE:
                with self.tls.wrap_socket(request, server_side=True) as secured:
                    if secured.selected_alpn_protocol() == "h2":
                        _http2().serve(secured, client_address, self._in_memory)
                    else:
                        super().finish_request(secured, client_address)
            elif first:
                PlainHandler(request, client_address, self)
        except (ssl.SSLError, ConnectionError) as failure:
            # The usual cause is a browser that does not trust the local certificate authority yet.
            print(f"Connection of {client_address[0]}: {failure}", file=sys.stderr, flush=True)

    def _in_memory(self, request: bytes, client_address: Any) -> bytes:
        """Pass one HTTP/2 request to the handler for HTTP/1.1, and return the handler's response."""
        handler: Any = self.RequestHandlerClass
        in_memory = type("InMemory", (_InMemory, handler), {})
        return bytes(in_memory(request, client_address, self).wfile.getvalue())


class _InMemory:
    """A mixin with which a request handler reads and writes bytes in memory, instead of using a network connection."""

    request: bytes

    def setup(self) -> None:
        self.rfile = io.BytesIO(self.request)
        self.wfile = io.BytesIO()

    def finish(self) -> None:
        """Do nothing, because there is no network connection to close."""


def _http2() -> Any:
    """Return the module http2.py. The first HTTP/2 connection imports the module. If this file runs as a program,
    http2.py is loaded from its path.
    """
    if __package__:
        return importlib.import_module(".http2", __package__)
    name = "gatehouse_http2"
    if name not in sys.modules:
        file = Path(__file__).with_name("http2.py")
        spec: Any = importlib.util.spec_from_file_location(name, file)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


class _Server6(_Server):
    address_family = socket.AF_INET6


def servers(
    port: int, upstream: Upstream, certificate: Path | None
) -> Iterable[ThreadingHTTPServer]:
    """Listen on localhost's IPv4 address, and on its IPv6 address if the machine has IPv6.

    `certificate` is a PEM file that also contains the key. Without a certificate, the servers use plain HTTP.
    """
    handler = type("BoundHandler", (Handler,), {"upstream": upstream})
    four = _Server(("127.0.0.1", port), handler)
    four.tls = _tls(certificate)
    yield four
    if socket.has_ipv6:
        try:
            six = _Server6(("::1", four.server_address[1]), handler)
        except OSError as failure:
            print(f"Not on ::1: {failure}", file=sys.stderr)
            return
        six.tls = four.tls
        yield six


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def main() -> None:
    """Run the proxy until a signal stops it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream-port", type=int, required=True)
    parser.add_argument("--api-id", required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args()
    upstream = Upstream(options.upstream_port, options.api_id, options.stage)
    *others, last = servers(options.port, upstream, options.certificate)
    for server in others:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    last.serve_forever()


if __name__ == "__main__":
    main()
