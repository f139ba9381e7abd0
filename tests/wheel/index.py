"""A package index on loopback, according to PEP 503."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from packaging.utils import canonicalize_name


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the wheels of a folder. Yield the index's URL, and the list of requested paths."""
    asked: list[str] = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            kind, _, name = self.path.strip("/").partition("/")
            wheels = list(folder.glob("*.whl"))
            if kind == "files" and name in {wheel.name for wheel in wheels}:
                self.answer((folder / name).read_bytes(), "application/octet-stream")
                return
            links = "".join(
                f'<a href="/files/{wheel.name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">{wheel.name}</a>\n'
                for wheel in wheels
                if canonicalize_name(wheel.name.split("-")[0]) == name
            )
            if kind == "simple" and links:
                self.answer(f"<!DOCTYPE html>{links}".encode(), "text/html")
            else:
                self.send_error(404)

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
