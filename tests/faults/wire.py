"""A real HTTP server that replaces AWS, Cognito's OAuth endpoints and a CAPTCHA vendor. A test can make any call fail.

The test doubles of the component tests produce the responses. The clients (requests, boto3) are real, with their
parsers and timeouts.
"""

import base64
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.component.world import World
from tests.doubles.aws_http import plain
from tests.doubles.outbound import http_name, place_of

#: The pause between the bytes of a slow service, in seconds. The pause is far shorter than every read timeout, so only
#: a time limit for the whole call can end the response.
DRIP_SECONDS = 0.01

Fault = Callable[["Peer"], None]
_INVOKED = re.compile(r"/2015-03-31/functions/([A-Za-z0-9_-]+)/invocations")


class Wire:
    """The state of the server: the call that fails, the kind of its fault, and the calls that the server has
    received."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.fault: tuple[str, Fault] | None = None
        self.calls: list[str] = []
        self.gate = threading.Event()
        self.came = threading.Condition()
        self.url = ""
        #: The delay of every response in seconds, whether the response is correct or faulty.
        self.delay = 0.0

    def begin(self, world: World) -> None:
        """Start a case without faults."""
        self.world, self.fault, self.calls, self.gate = world, None, [], threading.Event()
        self.delay = 0.0

    def note(self, name: str) -> None:
        """Record a call."""
        with self.came:
            self.calls.append(name)
            self.came.notify_all()

    def wait_for(self, name: str, times: int) -> None:
        """Wait until the server has received the call `name` `times` times. Tests need this wait, because a client may
        time out before the server receives the client's call."""
        with self.came:
            self.came.wait_for(lambda: self.calls.count(name) >= times, timeout=10)

    def end(self) -> None:
        """Close every connection that a fault keeps open."""
        self.gate.set()


class Peer(BaseHTTPRequestHandler):
    """One connection to the server."""

    protocol_version = "HTTP/1.1"
    wire: Wire

    def do_GET(self) -> None:
        self._handle("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._handle(self.rfile.read(length).decode())

    def answer(
        self, status: int, body: bytes, headers: str = "", length: int | None = None
    ) -> None:
        """Write a complete or incomplete response, and close the connection."""
        self.close_connection = True
        size = len(body) if length is None else length
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n"
        )
        self.wfile.write(head.encode() + body)

    def silence(self) -> None:
        """Keep the connection open without sending a response."""
        self.close_connection = True
        self.wire.gate.wait(60)

    def drip(self) -> None:
        """Send an endless response byte by byte, beginning with the headers."""
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
        while not self.wire.gate.wait(DRIP_SECONDS):
            self.wfile.write(b"x")

    def reset(self) -> None:
        """Reset the connection (RST)."""
        self.close_connection = True
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()
        self.connection.close()

    @property
    def is_aws(self) -> bool:
        """Return whether the client is boto3."""
        return "X-Amz-Target" in self.headers or self._function is not None

    @property
    def _function(self) -> str | None:
        """Return the name of the invoked function, or None."""
        found = _INVOKED.fullmatch(urlsplit(self.path).path)
        return found and found[1]

    def _handle(self, text: str) -> None:
        name = self._name(text)
        self.wire.note(name)
        fault = self.wire.fault
        if self.wire.delay:
            self.wire.gate.wait(self.wire.delay)
        with suppress(OSError):  # the client has closed the connection
            if fault is not None and fault[0] == name:
                fault[1](self)
            elif self._function is not None:
                assert self.wire.world is not None
                self.wire.world.functions.invoke(
                    FunctionName=self._function, InvocationType="Event", Payload=text.encode()
                )
                self.answer(202, b"")
            elif self.is_aws:
                self._aws(json.loads(text))
            else:
                self._http(text)

    def _name(self, text: str) -> str:
        """Return the call's name in the table of docs/faults.md."""
        if self._function is not None:
            return f"Invoke {place_of({'FunctionName': self._function})}"
        if self.is_aws:
            operation = str(self.headers["X-Amz-Target"]).rpartition(".")[2]
            return f"{operation} {place_of(json.loads(text))}".strip()
        return http_name(self.path, dict(parse_qsl(text)))

    def _aws(self, given: dict[str, Any]) -> None:
        world = self.wire.world
        assert world is not None
        service, _, operation = str(self.headers["X-Amz-Target"]).rpartition(".")
        double: Any = world.pool
        if service.startswith("DynamoDB"):
            double = world.dynamodb
        elif service == "secretsmanager":
            double = world.secrets
        elif service == "AmazonSQS":
            double = world.queue
        try:
            answer = getattr(double, xform_name(operation))(**given)
        except ClientError as error:
            described = error.response["Error"]
            body = {"__type": described["Code"], "message": described["Message"]}
            self.answer(400, json.dumps(body).encode())
        else:
            self.answer(200, json.dumps(answer, default=plain).encode())

    def _http(self, text: str) -> None:
        world = self.wire.world
        assert world is not None
        form = dict(parse_qsl(text))
        path = urlsplit(self.path).path
        if path == "/siteverify":
            body: Any = {"success": True, "hostname": "a1b2c3.execute-api.eu-west-1.amazonaws.com"}
            return self.answer(200, json.dumps(body).encode())
        if self.command == "GET":
            found = world.cognito.get(world.cognito.url + path)
        else:
            encoded = self.headers.get("Authorization", "").partition(" ")[2]
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            found = world.cognito.post_form(world.cognito.url + path, form, (name, secret))
        return self.answer(found.status, json.dumps(found.body).encode() if found.body else b"")

    def log_message(self, *_: object) -> None:
        """Discard the log line."""


@contextmanager
def served(wire: Wire, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve `wire` on a free port of the loopback interface. Yield the URL."""
    handler = type("WiredPeer", (Peer,), {"wire": wire})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients are expected to hang up
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        scheme = "http" if tls is None else "https"
        try:
            yield f"{scheme}://localhost:{server.server_port}"
        finally:
            wire.end()
            server.shutdown()
            thread.join()


@contextmanager
def nobody() -> Iterator[str]:
    """Yield the URL of a reserved port without a server."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
