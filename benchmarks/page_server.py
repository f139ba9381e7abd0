"""Serves our page and the browser peers' pages on one loopback port. The server compresses with gzip, as API Gateway
and CDNs do.

Our page comes from the real app, and the app runs with the tests' test doubles of AWS. Every byte and every request is
therefore the same as with the app on Lambda.
"""

import contextlib
import gzip
import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.component.world import build_world
from tests.doubles.browser import LambdaContext, build_event
from tests.doubles.clock import Clock

#: API Gateway does not document its level of compression; 6 is zlib's default.
GZIP_LEVEL = 6

_PEER_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in</title><meta name="viewport" content="width=device-width">
<script type="module" src="bundle.js"></script></head>
<body data-view="loading"><main></main></body>
</html>
"""


@dataclass(frozen=True)
class File:
    """One requested file: its path, its kind, and its bytes before and after gzip."""

    path: str
    kind: str
    size: int
    packed: int


@dataclass
class Site:
    """The server's address and, in `asked`, the files that were requested. Callers clear `asked` before a new
    measurement."""

    url: str
    asked: list[File] = field(default_factory=list)


def pack(data: bytes) -> bytes:
    """Return `data` compressed with gzip, as the server sends it."""
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


@contextmanager
def served(bundles: Mapping[str, bytes]) -> Iterator[Site]:
    """Serve our page at `/`, and each bundle's page at `/peers/<name>/`."""
    from app import app

    peers: dict[str, tuple[str, bytes]] = {}
    for name, script in bundles.items():
        peers[f"/peers/{name}/"] = ("text/html; charset=utf-8", _PEER_PAGE.encode())
        peers[f"/peers/{name}/bundle.js"] = ("text/javascript; charset=utf-8", script)
    turn = threading.Lock()  # like a Lambda container, the app handles one call at a time

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            found = peers.get(self.path)
            if found is not None:
                self._send(200, {"content-type": found[0], "cache-control": "no-store"}, found[1])
            elif self.path.startswith("/favicon.ico"):
                self._send(404, {"content-type": "text/plain"}, b"")
            else:
                self._call("GET", None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._call("POST", self.rfile.read(length).decode() or None)

        def _call(self, method: str, body: str | None) -> None:
            event = build_event(
                app.routes,
                method,
                self.path,
                domain=f"localhost:{server.server_port}",
                stage="",
                headers=self.headers.items(),
                body=body,
            )
            with turn, contextlib.redirect_stdout(io.StringIO()):
                answer = app(event, LambdaContext())
            headers = {name.lower(): value for name, value in answer["headers"].items()}
            self._send(answer["statusCode"], headers, answer["body"].encode())

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            packed = pack(body)
            kind = headers.get("content-type", "").partition(";")[0]
            site.asked.append(File(self.path, kind, len(body), len(packed)))
            self.send_response(status)
            for name, value in headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        site = Site(f"http://localhost:{server.server_port}")
        world = build_world(Clock())
        world.restart(public_url=f"{site.url}/")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
