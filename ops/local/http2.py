"""This module adds HTTP/2 to the front proxy, because API Gateway offers HTTP/2 to browsers (RFC 9113). With HTTP/2, a
page loads all its files over one connection.

Each request is converted to HTTP/1.1 in memory and passed to the proxy's own handler. So HTTP/1.1 and HTTP/2 follow the
same rules. The package h2 (MIT) implements the protocol. The proxy imports h2 at the first HTTP/2 connection, so that
the import does not delay the proxy's start.
"""

from __future__ import annotations

import io
import queue
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

_RECEIVE_BYTES = 65_536
#: The maximum number of parallel requests. Over HTTP/1.1, browsers send the same number to one host. The local AWS
#: starts a container for each parallel request.
_AT_ONCE = 6
#: The maximum size of a request body in API Gateway.
_BODY_BYTES = 10 * 1024 * 1024
#: Headers that describe the connection. HTTP/2 does not use such headers (RFC 9113, 8.2.2).
_CONNECTION = frozenset(
    ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")
)
_TOKEN = re.compile(r"[A-Z]+")
_PATH = re.compile(r"/[\x21-\x7e]*")

#: (request as bytes of HTTP/1.1, the peer's address) → response as bytes of HTTP/1.1
Exchange = Callable[[bytes, Any], bytes]


def serve(secured: ssl.SSLSocket, client_address: Any, exchange: Exchange) -> None:
    """Serve one connection until its end."""
    _Connection(secured, client_address, exchange).run()


class _Request:
    """One HTTP/2 stream: the received part of the request, and the unsent part of the response."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers
        self.body = bytearray()
        self.left: bytes | None = None


class _Connection:
    """One HTTP/2 connection. A single thread uses the socket and the protocol's state. A separate thread for each
    request computes the response, and does nothing else.
    """

    def __init__(self, secured: ssl.SSLSocket, client_address: Any, exchange: Exchange) -> None:
        self._socket = secured
        self._address = client_address
        self._exchange = exchange
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        self._h2 = h2.connection.H2Connection(config)
        self._streams: dict[int, _Request] = {}
        self._answers: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._woken, self._wake = socket.socketpair()
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def run(self) -> None:
        """Run until the browser disconnects, or breaks the protocol."""
        try:
            self._h2.initiate_connection()
            while self._step():
                self._send()
            self._send()
        finally:
            self._woken.close()
            self._wake.close()

    def _step(self) -> bool:
        """Wait for an event and handle it. Return False if the connection has ended."""
        self._send()
        readable: list[Any] = [self._socket]
        if not self._socket.pending():
            readable = select.select([self._socket, self._woken], [], [])[0]
        if self._woken in readable:
            self._woken.recv(1024)
            while not self._answers.empty():
                self._answer(*self._answers.get())
        goes_on = self._socket not in readable or self._read()
        if goes_on:
            self._flush()
        return goes_on

    def _read(self) -> bool:
        """Handle data from the browser; return False if the browser has closed the connection."""
        data = self._receive()
        if not data:
            return data is None
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            return False  # `run` still sends the error frames that h2 has prepared
        for event in events:
            self._hear(event)
        return not any(isinstance(event, h2.events.ConnectionTerminated) for event in events)

    def _receive(self) -> bytes | None:
        """Return the received data, or None if no data is ready. For example, only a part of a TLS record may have
        arrived, or TLS may have sent a message of its own, without data.
        """
        self._socket.settimeout(0)
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        finally:
            self._socket.settimeout(None)

    def _send(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self._socket.sendall(data)

    def _hear(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = [(str(name), str(value)) for name, value in event.headers]
            self._streams[event.stream_id] = _Request(headers)
        elif isinstance(event, h2.events.DataReceived):
            request = self._streams.get(event.stream_id)
            # If a body is too long, its rest is not stored, because the handler will refuse the request.
            if request is not None and len(request.body) <= _BODY_BYTES:
                request.body += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            request = self._streams[event.stream_id]
            work = (event.stream_id, request)
            threading.Thread(target=self._work, args=work, daemon=True).start()
        elif isinstance(event, h2.events.StreamReset):
            self._streams.pop(event.stream_id, None)

    def _work(self, stream_id: int, request: _Request) -> None:
        """Compute a response. This method runs in the request's own thread."""
        asked = as_http1(request.headers, bytes(request.body))
        answer = b""
        try:
            with self._room:
                answer = self._exchange(asked, self._address) if asked else b""
        finally:
            self._answers.put((stream_id, answer))
            with suppress(OSError):  # the connection may be closed already
                self._wake.send(b".")

    def _answer(self, stream_id: int, answer: bytes) -> None:
        request = self._streams.get(stream_id)
        if request is None:
            return
        method = dict(request.headers).get(":method", "")
        try:
            status, headers, body = _parse(answer, method)
        except (HTTPException, OSError):
            self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
            del self._streams[stream_id]
            return
        self._h2.send_headers(stream_id, [(":status", str(status)), *headers], end_stream=not body)
        request.left = body

    def _flush(self) -> None:
        """Send as many bytes of the responses as the browser accepts now."""
        for stream_id, request in list(self._streams.items()):
            while request.left:
                size = min(
                    self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size
                )
                if size <= 0:
                    break
                part, request.left = request.left[:size], request.left[size:]
                self._h2.send_data(stream_id, part, end_stream=not request.left)
                self._send()
            if request.left == b"":
                del self._streams[stream_id]


def as_http1(headers: list[tuple[str, str]], body: bytes) -> bytes | None:
    """Return a request in HTTP/1.1 format, or None if HTTP/1.1 cannot express the request."""
    pseudo = {name: value for name, value in headers if name.startswith(":")}
    method, path = pseudo.get(":method", ""), pseudo.get(":path", "")
    if not _TOKEN.fullmatch(method) or not _PATH.fullmatch(path):
        return None
    lines = [f"{method} {path} HTTP/1.1", f"Host: {pseudo.get(':authority', '')}"]
    # Browsers split the Cookie field into several fields for better compression (RFC 9113, 8.2.3).
    cookies = [value for name, value in headers if name == "cookie"]
    lines += [f"Cookie: {'; '.join(cookies)}"] if cookies else []
    kept = [
        (name, value)
        for name, value in headers
        if not name.startswith(":") and name not in _CONNECTION | {"cookie", "host"}
    ]
    lines += [f"{name}: {value}" for name, value in kept if name != "content-length"]
    lines += [f"Content-Length: {len(body)}"] if body else []
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        return None
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class _InMemory:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _parse(answer: bytes, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
    parsed = HTTPResponse(_InMemory(answer), method=method)  # type: ignore[arg-type]  # it only asks for a file
    parsed.begin()
    headers = [(name.lower(), value) for name, value in parsed.getheaders()]
    return (
        parsed.status,
        [(name, value) for name, value in headers if name not in _CONNECTION],
        parsed.read(),
    )
