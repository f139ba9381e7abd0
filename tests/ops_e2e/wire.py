"""The proxy between the deployer and the local AWS. The proxy recognises each call's name, and can interrupt the
connection."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HOP = {"connection", "transfer-encoding", "keep-alive"}


class _Quiet(ThreadingHTTPServer):
    """A server that ignores the errors of clients that have closed the connection."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error, because a test cuts the connection on purpose."""


@dataclass
class Cut:
    """The call at which the connection breaks: the `nth` call of `operation`. The connection breaks before or after AWS
    has received the call."""

    operation: str
    nth: int = 1
    after: bool = False
    seen: int = 0
    happened: bool = False


class Wire:
    """A forwarding proxy in front of the local AWS."""

    def __init__(self, aws_port: int) -> None:
        self.operations: list[str] = []
        self.cut: Cut | None = None
        self._aws_port = aws_port
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                wire._pass(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Write no log."""

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Return the value of `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def broken(self, cut: Cut) -> Iterator[Cut]:
        """Break the connection at this call and at all later calls, until the block ends."""
        self.cut = cut
        try:
            yield cut
        finally:
            self.cut = None

    def _pass(self, request: Any) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        operation = name_of(request.command, request.path, request.headers, body)
        self.operations.append(operation)
        cut = self.cut
        lost = False
        if cut is not None:
            if operation == cut.operation:
                cut.seen += 1
            lost = cut.happened or (operation == cut.operation and cut.seen >= cut.nth)
        if lost and cut is not None and (cut.happened or not cut.after):
            cut.happened = True
            self._drop(request)
            return
        if lost and cut is not None:
            cut.happened = True
        upstream = http.client.HTTPConnection("127.0.0.1", self._aws_port, timeout=60)
        try:
            headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
            upstream.request(request.command, request.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        if lost:
            self._drop(request)
            return
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP, "content-length", "date", "server"}:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    @staticmethod
    def _drop(request: Any) -> None:
        request.close_connection = True
        request.connection.close()


def name_of(method: str, path: str, headers: Any, body: bytes) -> str:
    """Return the name of an AWS call. The name is the action, or the method and the path without ids."""
    target = headers.get("X-Amz-Target")
    if target:
        return str(target.rpartition(".")[2])
    if "x-www-form-urlencoded" in (headers.get("Content-Type") or ""):
        return parse_qs(body.decode()).get("Action", ["?"])[0]
    parts = urlsplit(path).path.strip("/").split("/")
    words = [part for part in parts if part.isalpha() or part.startswith("20")]
    return f"{method} {'/'.join(words)}"
