"""Tests of HTTP/2 at the front proxy: requests of browsers, and requests that the proxy must refuse."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from ops.local.authority import Certificate
from ops.local.front_proxy import Upstream, servers
from ops.local.http2 import as_http1
from tests.unit.ops.test_front_proxy import running

BIG = b"0123456789abcdef" * 20_000


class Api(BaseHTTPRequestHandler):
    """An app that echoes the request. The response of `/big` is larger than a browser's window, and `/slow` waits for
    `/quick`."""

    protocol_version = "HTTP/1.1"
    quick = threading.Event()

    def do_GET(self) -> None:
        if self.path.endswith("/slow"):
            assert self.quick.wait(10)
        if self.path.endswith("/quick"):
            self.quick.set()
        length = int(self.headers.get("Content-Length", "0"))
        sent = self.rfile.read(length)
        seen = [f"{name}: {value}" for name, value in self.headers.items()]
        text = "\n".join([f"{self.command} {self.path}", *seen, sent.decode()]).encode()
        body = BIG if self.path.endswith("/big") else text
        self.send_response_only(200)
        self.send_header("Strict-Transport-Security", "max-age=1")
        self.send_header("Set-Cookie", "a=1; Secure")
        self.send_header("Set-Cookie", "b=2; Secure")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Write no log."""


class Client:
    """A client that acts as a browser on one connection."""

    def __init__(self, port: int, trusting: ssl.SSLContext) -> None:
        trusting.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket = trusting.wrap_socket(plain, server_hostname="localhost")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.answers: dict[int, tuple[list[tuple[str, str]], bytes]] = {}
        self.order: list[int] = []

    def ask(self, path: str, method: str = "GET", body: bytes = b"", *more: tuple[str, str]) -> int:
        """Begin a request. Return the request's stream."""
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":path", path), (":scheme", "https")]
        headers = [*pseudo, (":authority", "localhost"), *more]
        self.h2.send_headers(stream, headers, end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        return stream

    def wait(self, *streams: int) -> None:
        """Wait until these streams are complete."""
        while not set(streams) <= set(self.order):
            self.socket.sendall(self.h2.data_to_send())
            data = self.socket.recv(65_536)
            assert data, "the proxy closed the connection"
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    headers = [(str(n), str(v)) for n, v in event.headers]
                    self.answers[event.stream_id] = (headers, b"")
                elif isinstance(event, h2.events.DataReceived):
                    headers, before = self.answers[event.stream_id]
                    self.answers[event.stream_id] = (headers, before + event.data)
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                    self.order.append(event.stream_id)


@pytest.fixture
def client(certificate: Certificate) -> Iterator[Client]:
    Api.quick.clear()
    trusting = ssl.create_default_context(cafile=str(certificate.ca_file))
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Api)) as api:
        first, *others = servers(0, Upstream(api, "abc", "api"), certificate.file)
        for other in others:
            other.server_close()
        with running(first) as port:
            made = Client(port, trusting)
            with made.socket:
                yield made


def test_a_request_is_passed_on_as_over_http1(client: Client) -> None:
    """The request has all cookies in one header, and the true peer address. The proxy removes the client's Host and
    X-Forwarded-For. The response has no HSTS."""
    stream = client.ask(
        "/x?y=1",
        "POST",
        b"{}",
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-forwarded-for", "9.9.9.9"),
    )
    client.wait(stream)
    headers, body = client.answers[stream]
    assert headers[0] == (":status", "200")
    assert [value for name, value in headers if name == "set-cookie"] == [
        "a=1; Secure",
        "b=2; Secure",
    ]
    assert "strict-transport-security" not in dict(headers)
    lines = body.decode().splitlines()
    assert lines[0] == "POST /api/x?y=1"
    assert "Cookie: a=1; b=2" in lines
    assert "X-Forwarded-For: 127.0.0.1" in lines
    assert "Content-Length: 2" in lines
    assert not [line for line in lines if "9.9.9.9" in line]
    assert [line for line in lines if line.startswith("Host: abc.execute-api.")]
    assert lines[-1] == "{}"


def test_many_requests_share_a_connection_and_a_slow_one_holds_up_nobody(client: Client) -> None:
    slow = client.ask("/slow")
    client.socket.sendall(client.h2.data_to_send())
    others = [client.ask("/quick"), *(client.ask(f"/{number}") for number in range(20))]
    client.wait(slow, *others)
    assert all(headers[0] == (":status", "200") for headers, _ in client.answers.values())


def test_an_answer_larger_than_the_window_comes_whole(client: Client) -> None:
    """The proxy sends the rest of the response when the browser accepts more data. Meanwhile, the proxy may send
    another response."""
    streams = [client.ask("/big"), client.ask("/big")]
    client.wait(*streams)
    assert [client.answers[stream][1] for stream in streams] == [BIG, BIG]


def test_head_has_no_content(client: Client) -> None:
    """The response to HEAD has a Content-Length, but no content."""
    stream = client.ask("/x", "HEAD")
    client.wait(stream)
    headers, body = client.answers[stream]
    assert int(dict(headers)["content-length"]) > 0
    assert body == b""


def test_what_a_client_gives_up_ends_nothing_else(client: Client) -> None:
    """A person may leave the page in the middle of a response. The other requests continue."""
    given_up = client.ask("/big")
    client.socket.sendall(client.h2.data_to_send())
    client.h2.reset_stream(given_up)
    stream = client.ask("/x")
    client.wait(stream)
    assert client.answers[stream][0][0] == (":status", "200")


@pytest.mark.parametrize("size", [10_241, 20_000])
def test_too_large_headers_are_refused_as_over_http1(client: Client, size: int) -> None:
    """The proxy has the same limit for headers as API Gateway."""
    stream = client.ask("/x", "GET", b"", ("x-large", "x" * size))
    client.wait(stream)
    assert client.answers[stream][0][0] == (":status", "431")


def test_what_is_no_http2_ends_the_connection(client: Client) -> None:
    """The connection ends with an error code, and no thread waits for ever."""
    client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
    while client.socket.recv(65_536):
        continue


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((":path", path) for path in ("", "x", "/x y", "/x\r\nX: 1", "/\u00e9", "*")),
        *((":method", method) for method in ("", "get", "GET /admin HTTP/1.1\r\nX:", "G T")),
        *(("x-one", value) for value in ("a\r\nX: 1", "a\nX: 1", "a\0")),
        (":authority", "localhost\r\nX-Forwarded-For: 9.9.9.9"),
    ],
)
def test_no_second_request_fits_into_a_first(name: str, value: str) -> None:
    """A line break in a name or a value could start a second request. The library may accept line breaks, so the proxy
    itself refuses them."""
    headers = {":method": "GET", ":path": "/", ":authority": "localhost", name: value}
    assert as_http1(list(headers.items()), b"") is None
