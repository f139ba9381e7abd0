"""Serves this folder at https://localhost:3000/ with the certificate of the running local stack.

For a browser, http://localhost and https://localhost are two sites. A front end that shares the app's session must
therefore use the app's scheme. For plain HTTP, start the stack with `make up ARGS='--http …'`. The program needs only
Python's standard library.
"""

import argparse
import json
import ssl
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SESSION = FOLDER.parents[1] / "frontend" / "session.js"
INFO = FOLDER.parents[1] / ".local" / "info.json"


class Handler(SimpleHTTPRequestHandler):
    """A handler that serves the folder's files and Gatehouse's session.js. The handler writes the address of the
    running app into the page."""

    app_url = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            page = (FOLDER / "index.html").read_text("utf-8")
            body = page.replace("https://localhost:8000/", self.app_url).encode()
            kind = "text/html"
        elif path == "/session.js":
            body, kind = SESSION.read_bytes(), "text/javascript"
        else:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--info", type=Path, default=INFO, help="info.json of the running stack")
    options = parser.parse_args()
    try:
        info = json.loads(options.info.read_text("utf-8"))
    except FileNotFoundError:
        parser.exit(1, "The local stack is not running: make up\n")
    handler = type("Bound", (Handler,), {"app_url": info["app_url"]})
    server = ThreadingHTTPServer(
        ("127.0.0.1", options.port), partial(handler, directory=str(FOLDER))
    )
    if info["certificate_file"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(info["certificate_file"])
        # The TLS handshake happens at the first read, in the connection's own thread.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "https" if info["certificate_file"] else "http"
    print(f"Open {scheme}://localhost:{options.port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
