"""An HTTP server on loopback for the Cognito double. Tests of the real HTTP client and of whole stacks use the
server."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chalicelib.gatehouse.errors import TemporarilyUnavailable
from tests.doubles.cognito import AuthorizeRefused, CognitoDouble, Person


@contextmanager
def served(cognito: CognitoDouble, person: Person) -> Iterator[str]:
    """Serve `cognito` on a free port, and sign everybody in as `person`. Yield the server's URL, and set `cognito` to
    use this URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/oauth2/authorize":
                try:
                    location = cognito.authorize(cognito.url + self.path, person)
                except AuthorizeRefused as refused:
                    return self._answer(400, {"error": str(refused)})
                return self._answer(302, None, location)
            if path == "/logout":
                query = dict(parse_qsl(urlsplit(self.path).query))
                known = query.get("logout_uri") in cognito.logout_uris
                return self._answer(
                    302 if known else 400, None, query["logout_uri"] if known else None
                )
            if path.endswith("/.well-known/jwks.json"):
                answer = cognito.get(cognito.url + self.path)
                return self._answer(answer.status, answer.body)
            return self._answer(404, None)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
            if scheme != "Basic":
                return self._answer(400, {"error": "invalid_client"})
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            try:
                answer = cognito.post_form(
                    cognito.url + self.path, dict(parse_qsl(text)), (name, secret)
                )
            except TemporarilyUnavailable:
                self.close_connection = True
                return None
            return self._answer(answer.status, answer.body)

        def _answer(self, status: int, body: object, location: str | None = None) -> None:
            text = b"" if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            data = body if isinstance(body, bytes) else text  # raw bytes are a fault, not JSON
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            with suppress(ConnectionError):  # the client has closed the connection
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Discard the log line."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        before, cognito.url = cognito.url, f"http://127.0.0.1:{server.server_port}"
        try:
            yield cognito.url
        finally:
            cognito.url = before
            server.shutdown()
            thread.join()
